"""What a command line asks of a measurement, and what it prints."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from normlab.data.options import names
from normlab.data.reading import Reading
from normlab.errors import SettingError, need
from normlab.measuring import text
from normlab.measuring.measure import Place, measured
from normlab.measuring.measured import Measured
from normlab.measuring.options import Options
from normlab.measuring.recipe import Recipe
from normlab.system.files import check_file
from normlab.system.options import parsed, whole


def options_of(written: Mapping[str, Any], skip_bad: bool, **given: str | None) -> Options:
    """The options of the command line as values. Errors: SettingError for what is none."""
    found = {
        name: text if text is None else _READ.get(name, str)(text) for name, text in given.items()
    }
    how = dict(written)
    array = how.pop("array", None)
    return Options(**found, array=array, reading=Reading.of(**how), skip_bad=skip_bad)


def recipe_of(quantiles: bool, covariance: bool, skip_bad: bool, html: Path | None) -> Recipe:
    """A report shows histograms, which come from quantiles."""
    return Recipe(quantiles or html is not None, covariance, skip_bad=skip_bad)


def _whole_numbers(name: str, text: str) -> tuple[int, ...]:
    return parsed(
        name,
        text,
        lambda given: tuple(int(part) for part in given.split(",")),
        "a whole number, or several with commas: 0,1",
    )


def _size(text: str) -> int | tuple[int, ...]:
    found = _whole_numbers("resize", text)
    return found[0] if len(found) == 1 else found


_READ: dict[str, Callable[[str], Any]] = {
    "columns": names,
    "features": partial(_whole_numbers, "features"),
    "resize": _size,
    "channels": partial(whole, "channels"),
}


def measured_as_said(
    source: str, options: Options, recipe: Recipe, place: Place, html: Path | None
) -> dict[str, Measured]:
    """Errors: DataError, SettingError, MissingExtraError."""
    if html is not None and options.by is not None:
        raise SettingError(
            "--html and --by given; a report is of one data set: leave out one of them."
        )
    for path in (place.out, html):
        if path is not None and path.absolute() == Path(source).absolute():
            raise SettingError(f"{path} is the data itself; give another file to write to.")
    if html is not None:
        need("--html", "report")
        check_file(html, "--html")
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
