"""What a command line asks of a measurement, and what it prints."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from normlab.data.reading import Reading
from normlab.errors import SettingError, need
from normlab.measuring import text
from normlab.measuring.measure import Place, measured
from normlab.measuring.measured import Measured
from normlab.measuring.options import Options
from normlab.measuring.recipe import Recipe
from normlab.system.files import check_writable


def measured_as_said(
    source: str,
    said: Mapping[str, Any],
    written: Mapping[str, Any],
    recipe: Recipe,
    place: Place,
    html: Path | None,
) -> dict[str, Measured]:
    """Errors: DataError, SettingError, MissingExtraError."""
    if html is not None and said["by"] is not None:
        raise SettingError(
            "--html and --by given; a report is of one data set: leave out one of them."
        )
    for path in (place.out, html):
        if path is not None and path.absolute() == Path(source).absolute():
            raise SettingError(f"{path} is the data itself; give another file to write to.")
    if html is not None:
        need("--html", "report")
        check_writable(html.absolute().parent, "--html")
    how = dict(written)
    array = how.pop("array", None)
    options = Options(**said, array=array, reading=Reading.of(**how), skip_bad=recipe.skip_bad)
    found = measured(source, options, recipe, place)
    if html is not None:
        from normlab.measuring import report

        report.write(found[""], html)
    return found


def text_of(found: Mapping[str, Measured], out: Path | None, html: Path | None) -> str:
    lines = [line for name, group in found.items() for line in _lines(name, group)]
    lines += [f"{path} was written." for path in (out, html) if path is not None]
    return "\n".join(lines)


def _lines(name: str, found: Measured) -> list[str]:
    return [f"{name}:" if name else "", *text.lines(found), ""][not name :]
