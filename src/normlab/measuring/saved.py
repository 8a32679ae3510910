"""stats.json: what was measured, as plain data that is read back to the same bits."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from normlab._version import __version__
from normlab.data.columns import quoted, reason
from normlab.errors import DataError
from normlab.measuring.measured import Measured
from normlab.measuring.part import Cross, Part, Pictures, Shard
from normlab.measuring.sketch import Sketch
from normlab.safe import json_text
from normlab.system.files import write_all

FORMAT = 1
WHOLE = ("count", "missing", "infinite")
REAL = ("mean", "rest", "m2", "m3", "m4", "minimum", "maximum")
_SHARD = ("count", "missing", "mean", "m2", "minimum", "maximum")


def to_json(found: Measured) -> dict[str, Any]:
    part = found.part
    return {
        "format": FORMAT,
        "normlab": __version__,
        "kind": found.kind,
        "source": found.source,
        "scale": found.scale,
        "weighting": found.weighting,
        "axes": None if found.axes is None else list(found.axes),
        "names": list(found.names),
        "std": listed(found.std(correction=0).numpy()),
        "std_unbiased": listed(found.std().numpy()),
        **part_to_json(part),
        "notes": list(found.notes),
    }


def part_to_json(part: Part) -> dict[str, Any]:
    return {
        "rows": part.rows,
        **{name: listed(getattr(part, name)) for name in (*WHOLE, *REAL)},
        "sketch": part.sketch and part.sketch.texts(),
        "covariance": part.cross and _cross(part.cross),
        "levels": part.levels and {str(k): v.tolist() for k, v in part.levels.items()},
        "pictures": part.pictures and {k: listed(v) for k, v in vars(part.pictures).items()},
        "shards": [
            {"name": s.name, **{key: listed(getattr(s, key)) for key in _SHARD}}
            for s in part.shards
        ],
        "noted": part.noted,
        "bad": list(part.bad),
    }


def _cross(cross: Cross) -> dict[str, Any]:
    comoment = [listed(row) for row in cross.comoment]
    return {"count": cross.count, "mean": listed(cross.mean), "comoment": comoment}


def listed(values: Any) -> Any:
    """Numbers as JSON has them: NaN is None, an infinity the word for it."""
    if not isinstance(values, np.ndarray):
        return values
    if values.dtype.kind in "iu":
        return values.tolist()
    return [_plain(value) for value in values.tolist()]


def _plain(value: float) -> float | str | None:
    if value != value:
        return None
    return repr(value) if value in (float("inf"), float("-inf")) else value


def from_json(saved: Any) -> Measured:
    if isinstance(saved, Mapping) and "groups" in saved:
        raise DataError(f"was measured by {saved['by']!r}; take one of {quoted(saved['groups'])}")
    if not isinstance(saved, Mapping) or "format" not in saved or "mean" not in saved:
        raise DataError("is not what normlab measure writes; give its --out stats.json")
    if saved["format"] != FORMAT:
        raise DataError(
            f"has format {saved['format']}, and this normlab reads {FORMAT}; install normlab "
            f"{saved.get('normlab', 'of its version')}, or measure again"
        )
    try:
        about = {name: saved[name] for name in ("scale", "weighting", "notes")}
        about["axes"] = saved.get("axes")  # files from before had none
        part = part_from_json(saved)
        return Measured(part, saved["names"], saved["kind"], saved["source"], **about)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"is damaged ({reason(error)}); measure again") from error


def part_from_json(saved: Mapping[str, Any]) -> Part:
    width = len(saved["mean"])
    arrays = {name: np.array(saved[name], np.int64) for name in WHOLE}
    arrays |= {name: np.array(saved[name], np.float64) for name in REAL}
    if any(array.shape != (width,) for array in arrays.values()):
        raise DataError("is damaged (its lists differ in length); measure again")
    cross, levels, pictures = saved["covariance"], saved["levels"], saved["pictures"]
    return Part(
        rows=saved["rows"],
        **arrays,
        sketch=Sketch.of_texts(saved["sketch"]) if saved["sketch"] else None,
        cross=cross and Cross(cross["count"], _real(cross["mean"]), _real(cross["comoment"])),
        levels=levels and {int(k): np.array(v, np.int64) for k, v in levels.items()},
        pictures=pictures and _pictures(pictures),
        shards=tuple(map(_shard, saved["shards"])),
        noted=dict(saved["noted"]),
        bad=tuple(saved["bad"]),
    )


def _pictures(saved: Mapping[str, Any]) -> Pictures:
    arrays = {key: _real(value) for key, value in saved.items() if key != "images"}
    return Pictures(saved["images"], **arrays)


def _shard(saved: Mapping[str, Any]) -> Shard:
    kinds = {key: np.int64 if key in WHOLE else np.float64 for key in _SHARD}
    return Shard(saved["name"], **{key: np.array(saved[key], kinds[key]) for key in _SHARD})


def _real(values: Any) -> np.ndarray:
    return np.array(values, np.float64)


def groups_to_json(found: Mapping[str, Measured], by: str | None) -> dict[str, Any]:
    """What was measured by the values of a column, or of all rows."""
    if by is None:
        return found[""].to_json()
    groups = {name: group.to_json() for name, group in found.items()}
    return {"format": FORMAT, "by": by, "groups": groups}


def groups_from_json(saved: Any) -> dict[str, Measured]:
    """The groups of a file, of which there is one called "" where it was measured as a whole."""
    if isinstance(saved, Mapping) and "groups" in saved:
        return {name: from_json(group) for name, group in saved["groups"].items()}
    return {"": from_json(saved)}


def save(saved: Any, path: Path) -> Path:
    folder = path.absolute().parent
    text = json_text(saved, indent=None, allow_nan=False) + "\n"
    return write_all(folder, {path.name: text.encode()}) / path.name


def read(path: Path) -> Any:
    """A file of JSON. Errors: DataError."""
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be opened ({reason(error)}).") from error
    except ValueError as error:
        raise DataError(f"{path} is not JSON ({reason(error)}); give stats.json.") from error


def load(path: Path) -> Measured:
    saved = read(path)
    try:
        return from_json(saved)
    except DataError as error:
        raise DataError(f"{path} {error}.") from error
