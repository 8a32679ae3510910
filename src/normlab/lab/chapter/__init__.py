"""The chapter: normalisation from the brain to batch norm, on its own points or the reader's data."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from normlab.lab.chapter.settings import Settings

if TYPE_CHECKING:
    from normlab.lab.experiment import Result

TITLE = "Normalisation"
QUESTION = (
    "What does normalising do to data, why do brains and networks do it, and is a layer made by hand "
    "really the layer?"
)


def run(
    *,
    say: Callable[[str], None] = lambda line: None,
    progress: Callable[[int, int, str], None] = lambda done, total, name: None,
    **settings: Any,
) -> "Result":
    """Run the whole chapter.

    say is called with each line as the chapter prints it, progress before each section with its number,
    their count and its name. The settings are those of `Settings`.
    """
    chosen = Settings.of(**settings)
    from normlab.lab.chapter import backward, brain, further, normalise, relatives, response, what
    from normlab.lab.chapter.setup import prepare, warnings
    from normlab.lab.experiment import Record, Result
    from normlab.report.page import Note, Section
    from normlab.safe import markup

    record = Record(say=say)
    setup = prepare(chosen, record)
    found = warnings(setup)
    read = setup.table.reading
    for line in filter(None, (read, *found)):
        say(line)
    parts = (what, brain, response, normalise, backward, further, relatives)
    for done, part in enumerate(parts):
        progress(done, len(parts) + 1, part.__name__.rpartition(".")[2])
        part.section(setup)
    about = (
        *((Note(markup(read)),) if read else ()),
        *(Note(markup(text), "warning") for text in found),
    )
    if about:
        record.sections.insert(0, Section("About these data", about))
    return Result("chapter", TITLE, QUESTION, chosen.json(), record)
