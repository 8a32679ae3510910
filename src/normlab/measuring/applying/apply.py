"""One file, normalised by statistics into another."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from normlab.data.columns import listed, quoted, reason
from normlab.data.reading import OF_TEXT, Reading, refuse_unused
from normlab.data.table import TEXTS, check_there
from normlab.errors import DataError, NormlabError, SettingError
from normlab.measuring.applying.arrays import npy
from normlab.measuring.applying.arrow import Tell, arrow, parquet
from normlab.measuring.applying.columns import Plan
from normlab.measuring.applying.scaling import Scaling
from normlab.measuring.applying.texts import text
from normlab.system.files import replacing

if TYPE_CHECKING:
    from normlab.measuring.measured import Measured

_TABLES: dict[str, Callable[..., int]] = {
    **dict.fromkeys(TEXTS, text),
    **dict.fromkeys((".parquet", ".pq"), parquet),
    **dict.fromkeys((".feather", ".arrow", ".ipc"), arrow),
}
ENDINGS = (".csv", ".tsv", ".txt", ".parquet", ".feather", ".arrow", ".npy")


@dataclass(frozen=True)
class Applied:
    """What was written: where, how many of what (rows or numbers), features that were changed, and notes."""

    path: Path
    size: int
    unit: str
    features: int
    inverse: bool
    notes: tuple[str, ...]

    def lines(self) -> list[str]:
        done = "brought back: y · std + mean" if self.inverse else "normalised: (x − mean) / std"
        counts = f"{self.size:,} {self.unit}, {self.features:,} feature{'s' * (self.features != 1)}"
        return [f"Wrote {self.path}: {counts} {done}.", *self.notes]

    def json(self) -> dict[str, Any]:
        return {**vars(self), "path": str(self.path), "notes": list(self.notes)}


def apply(
    measured: "Measured",
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    inverse: bool = False,
    correction: int = 0,
    exclude: Sequence[str] = (),
    features: Sequence[int] | None = None,
    reading: Reading | None = None,
    tell: Tell = lambda done, total: None,
) -> Applied:
    """Write a copy of a table or an array, its measured columns normalised: y = (x − mean) / std.

    inverse: x = y · std + mean instead. correction: 0 for the biased std, as StandardScaler has it, 1 for
    the unbiased one. exclude: columns to leave as they are. features: the axes of an .npy that the
    statistics have, where its shape leaves a choice. tell is called with how much is done, of how much.

    The columns are found by the names in the statistics; all others go through as they are. A constant is
    divided by 1. Missing values stay missing. The file is read in pieces and never held; `out` is whole or
    not there, and what was there before is replaced. Both files have the same kind of ending.
    Dtype and limits: `Scaling`.
    Errors: DataError where the statistics do not fit the file, or the file cannot be read or written;
        SettingError where `out` is the source.
    """
    source, out = Path(os.fsdecode(source)), Path(os.fsdecode(out))
    ending = _ending(source)
    _check_out(source, out, ending)
    reading = reading or Reading()
    refuse_unused(reading, OF_TEXT if _TABLES.get(ending) is text else (), f"a {ending} file")
    if measured.kind == "images":
        raise DataError(
            "these statistics are of images, which are normalised as they are loaded (Normalize), and not "
            "in files; give statistics of a table or an array"
        )
    scaling = Scaling.of(measured, correction, inverse, exclude)
    write = _writer(measured, scaling, ending, exclude, features, reading)
    with replacing(out) as target:
        size = _told(source, ending, lambda: write(source, target, tell=tell))
    unit = "numbers" if ending == ".npy" else "rows"
    count = scaling.mean.size - len(set(exclude) & set(scaling.names))
    return Applied(out, size, unit, count, inverse, _notes(scaling, measured, exclude))


def _writer(
    measured: "Measured",
    scaling: Scaling,
    ending: str,
    exclude: Sequence[str],
    features: Sequence[int] | None,
    reading: Reading,
) -> Callable[..., int]:
    if ending == ".npy":
        if exclude:
            raise SettingError(
                "--exclude given, which says nothing about an .npy file; leave it out."
            )
        return partial(
            npy, scaling=scaling, sizes=_sizes(measured), axes=features, measured=measured.axes
        )
    if features is not None:
        raise SettingError(
            f"--features given, which says nothing about a {ending} file; leave it out."
        )
    write = _TABLES[ending]
    plan_of = partial(Plan.of, scaling, exclude=exclude)
    return partial(write, plan_of=plan_of, **({"reading": reading} if write is text else {}))


def _sizes(measured: "Measured") -> tuple[int, ...]:
    """Of the axes that the features are on: names of places on several axes are like "2,31"."""
    if measured.kind != "array":
        return (len(measured.names),)
    if measured.names == ("values",):
        return ()
    return tuple(int(place) + 1 for place in measured.names[-1].split(","))


def _ending(file: Path) -> str:
    try:
        check_there(file)
    except DataError as error:
        raise DataError(f"{file}: {error}.") from error
    name = file.name.lower()
    found = next((ending for ending in (*_TABLES, ".npy") if name.endswith(ending)), None)
    if found is None:
        raise DataError(
            f"{file}: the ending must be one of {', '.join(ENDINGS)}; convert the file."
        )
    return found


def _check_out(source: Path, out: Path, ending: str) -> None:
    if out.is_dir():
        raise SettingError(f"--out {str(out)!r} is a folder; give a file.")
    if out.exists() and out.samefile(source):
        raise SettingError(f"--out {str(out)!r} is the file that is read; give another.")
    kind = _TABLES.get(ending)
    fits = [one for one in (*_TABLES, ".npy") if _TABLES.get(one) is kind]
    if not any(out.name.lower().endswith(one) for one in fits):
        raise SettingError(
            f"--out {str(out)!r} given, and {source.name} is read; the ending must be {listed(fits[:4])}, "
            "as its is: what is not normalised is copied as it is."
        )


def _told(source: Path, ending: str, work: Callable[[], int]) -> int:
    """Errors of reading, with the file's name; those of a disk that is full are told by `replacing`."""
    try:
        return work()
    except DataError as error:
        raise DataError(f"{source}: {error}.") from error
    except NormlabError:
        raise
    except OSError as error:
        if error.errno is not None:
            raise
        raise _unreadable(source, ending, error) from error
    except Exception as error:  # pyarrow raises kinds of its own
        raise _unreadable(source, ending, error) from error


def _unreadable(source: Path, ending: str, error: Exception) -> DataError:
    return DataError(
        f"{source}: cannot be read as {ending}: {reason(error)}; check it, or save it again."
    )


def _notes(scaling: Scaling, measured: "Measured", exclude: Sequence[str]) -> tuple[str, ...]:
    constant = np.asarray(measured.var(0) == 0).tolist()
    pairs = zip(scaling.names, constant, strict=True)
    names = [name for name, same in pairs if same and name not in exclude]
    if not names:
        return ()
    only = "added" if scaling.inverse else "subtracted"
    return (f"Constant when measured, so only the mean was {only}: {quoted(names)}.",)
