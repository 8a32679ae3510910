"""What a command line asks of a measurement, and what it prints."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from normlab.data.reading import Reading
from normlab.errors import SettingError
from normlab.measuring.measure import Place, measured
from normlab.measuring.measured import Measured
from normlab.measuring.opening import Options
from normlab.measuring.recipe import Recipe

_MOST_LINES = 40


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
        raise SettingError("--html and --by given; a report is of one data set: leave out one of them.")
    for path in (place.out, html):
        if path is not None and path.absolute() == Path(source).absolute():
            raise SettingError(f"{path} is the data itself; give another file to write to.")
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
    title = f"{found.source}, {name}" if name else found.source
    lines = [f"{title}: {_extent(found)}"]
    lines += _table(found)
    if found.kind == "images":
        lines += ["", normalize_line(found)]
    return [*lines, *(f"{note}" for note in found.notes), ""]


def _extent(found: Measured) -> str:
    what = "images" if found.kind == "images" else "rows"
    scale = f", in {found.scale}" if found.scale else ""
    return f"{found.rows:,} {what}, {len(found.names):,} features{scale}"


def normalize_line(found: Measured) -> str:
    """To be pasted into torchvision's transforms."""
    mean, std = (
        ", ".join(f"{value:.4f}" for value in values.tolist())
        for values in (found.mean, found.std(correction=0))
    )
    return f"Normalize(mean=[{mean}], std=[{std}])"


def _table(found: Measured) -> list[str]:
    columns = {
        "count": found.count,
        "missing": found.missing,
        "mean": found.mean,
        "std": found.std(correction=0),
        "min": found.minimum,
        "max": found.maximum,
    }
    width = max(7, *(len(name) for name in found.names[:_MOST_LINES]))
    lines = [" " * width + "".join(f"{title:>14}" for title in columns)]
    for i, name in enumerate(found.names[:_MOST_LINES]):
        cells = ("" if values is None else f"{values[i].item():>14,.6g}" for values in columns.values())
        lines.append(f"{name:{width}}" + "".join(f"{cell:>14}" for cell in cells))
    if len(found.names) > _MOST_LINES:
        lines.append(f"… {len(found.names):,} in all (--json or --out has them)")
    return lines
