"""Run families of the laboratory in full and keep their verdicts, which the chapter, README and docs quote.

python docs/verdicts.py                 # all of them: about 12 minutes on two cores
python docs/verdicts.py training --cache FOLDER     # what is finished is kept there, and taken from there
python docs/verdicts.py --quote         # only write README and docs anew from what was kept
"""

import argparse
import os
import re
import time
from pathlib import Path
from typing import Any

from normlab.lab.console import run_watched
from normlab.lab.published import Published, kept, published

SETTINGS: dict[str, dict[str, Any]] = {
    "training": {"processes": os.cpu_count()},
    "cortex": {},
    "canonical": {},
}
DOCS = Path(__file__).parent
README = DOCS.parent / "README.md"
FOLDER = DOCS.parent / "src" / "normlab" / "lab" / "verdicts"
_QUOTE = re.compile(r"(<!-- verdicts of (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def quoted(text: str) -> str:
    """A page with what it quotes of each family's full run, between two comments, as it was kept."""
    return _QUOTE.sub(lambda found: f"{found[1]}{_quote(found[2])}{found[3]}", text)


def families(text: str) -> list[str]:
    """Whose full runs a page quotes."""
    return [found[2] for found in _QUOTE.finditer(text)]


def _quote(family: str) -> str:
    run = published(family)
    seeds = run.settings.get("seeds")
    where = f"{seeds} seeds, {run.machine}" if seeds else run.machine
    return f"The full run of {family} on {run.day} ({where}): {run.outcomes}\n"


def write_quotes() -> None:
    from generate import EXPERIMENTS, family_page, why_page  # beside this file

    README.write_text(quoted(README.read_text(encoding="utf-8")), encoding="utf-8")
    (DOCS / "explanation" / "why.md").write_text(why_page(), encoding="utf-8")
    for family in kept():
        page = DOCS / "reference" / "experiments" / f"{family}.md"
        page.write_text(family_page(family, EXPERIMENTS[family]), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("family", nargs="*", help=f"{', '.join(SETTINGS)}; all unless given")
    parser.add_argument("--cache", type=Path, help="keeps the finished cells of training")
    parser.add_argument("--quote", action="store_true", help="run nothing")
    given = parser.parse_args()
    if unknown := set(given.family) - set(SETTINGS):
        parser.error(f"no family {', '.join(sorted(unknown))}; there is {', '.join(SETTINGS)}")
    for name in [] if given.quote else given.family or SETTINGS:
        begun = time.perf_counter()
        cache = {"cache": given.cache} if name == "training" and given.cache else {}
        result = run_watched(name, SETTINGS[name] | cache)
        run = Published.of(result, time.perf_counter() - begun)
        print(f"{name}: {run.save(FOLDER).name}, {run.seconds} s")
    write_quotes()


if __name__ == "__main__":
    main()
