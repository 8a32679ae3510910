"""Examples and their classes: from a table, from arrays in pairs, or from folders of images."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from normlab.data.binary import channels_last, load_npz
from normlab.data.choosing import LABELS, find
from normlab.data.columns import Column, Read, Words, quoted, stacked
from normlab.data.images import read_folder
from normlab.data.reading import Reading, refuse_unused
from normlab.data.table import read
from normlab.errors import DataError

_X = ("x", "data", "images", "image", "features", "inputs")
_Y = ("y", "target", "targets", "labels", "label", "classes")
_MOST_CLASSES = 100


@dataclass(frozen=True, eq=False)
class Examples:
    """x: (N, …), examples first; y: (N,), a class for each, whole numbers or words; test: which are for
    testing, or None; said: how they were read, and what was left out or assumed.
    """

    x: np.ndarray
    y: np.ndarray
    test: np.ndarray | None = None
    said: tuple[str, ...] = ()


def read_examples(
    path: Path, side: int, label: str = "", reading: Reading | None = None
) -> Examples:
    """Examples with classes from a file or a folder. Errors: DataError.

    A folder holds one folder of images for each class, which are fitted to side × side. An .npz holds
    x and y (also X, images, data, features and labels, target; and x_test, y_test, or x_train …). Any
    other file is a table: `label` names the column of classes; else it is the one that is called so
    (target, class, label, species …), or the only one of words.
    """
    reading = reading or Reading()
    arrays = path.suffix.lower() == ".npz"
    if path.is_dir() or arrays:
        refuse_unused(reading, (), "an npz file" if arrays else "a folder of images")
    if path.is_dir():
        found = read_folder(path, side)
        return Examples(found.x, found.classes, None, (found.words, *found.notes))
    try:
        if arrays:
            return _from_arrays(load_npz(path))
        return _from_table(read(path, reading), label, reading.exclude)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _from_arrays(arrays: Mapping[str, np.ndarray]) -> Examples:
    names = {name.casefold(): name for name in arrays}
    x, y = _pair(names, _keys("train")) or _pair(names, [("", "")]) or ("", "")
    if not x:
        held = quoted(arrays, [array.shape for array in arrays.values()])
        raise DataError(
            f"holds {held or 'nothing'}; it must hold x, examples first, and y, their classes (or images "
            "and labels, data and target; and may hold x_test and y_test)"
        )
    test = _pair(names, _keys("test"))
    said = [f"read as: npz, examples {x!r}, classes {y!r}"]
    if test is not None:
        said[0] += f", for testing {test[0]!r} and {test[1]!r}"
    values = _channels_first(arrays[x], said)
    train = Examples(values, _flat(arrays[y]), None, tuple(said))
    if test is None:
        return train
    return _joined(train, Examples(_channels_first(arrays[test[0]], []), _flat(arrays[test[1]])))


def _keys(part: str) -> list[tuple[str, str]]:
    """What is before and after a name: x_train, train_x."""
    return [("", f"_{part}"), (f"{part}_", "")]


def _pair(names: Mapping[str, str], around: list[tuple[str, str]]) -> tuple[str, str] | None:
    for (before, after), x, y in product(around, _X, _Y):
        keys = f"{before}{x}{after}", f"{before}{y}{after}"
        if all(key in names for key in keys):
            return names[keys[0]], names[keys[1]]
    return None


def _joined(train: Examples, test: Examples) -> Examples:
    shapes = [part.x.shape[1:] for part in (train, test)]
    if shapes[0] != shapes[1]:
        raise DataError(
            f"x_test has examples of shape {shapes[1]} and x of {shapes[0]}; they must be alike"
        )
    which = np.repeat([False, True], [len(train.x), len(test.x)])
    x, y = (np.concatenate([getattr(part, name) for part in (train, test)]) for name in "xy")
    return Examples(x, y, which, train.said)


def _channels_first(x: np.ndarray, said: list[str]) -> np.ndarray:
    if not channels_last(x.shape):
        return x
    said.append(
        f"The last axis of {x.shape[-1]} was read as channels and put first: {x.shape} is "
        "(N, height, width, channels)."
    )
    return np.moveaxis(x, -1, 1)


def _flat(y: np.ndarray) -> np.ndarray:
    """Classes in one column are classes; whole numbers in floating point are whole."""
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    whole = y.dtype.kind == "f" and np.isfinite(y).all() and (y == np.rint(y)).all()
    return y.astype(np.int64) if whole else y


def _from_table(found: Read, label: str, exclude: tuple[str, ...]) -> Examples:
    named: dict[str, Column] = dict(zip(found.names, found.columns, strict=True))
    chosen = find(label, named) if label else _label(named)
    index = {found.names[i] for i in found.index}
    gone = {chosen, *index, *(find(name, named) for name in exclude)}
    words = {name: c.kind for name, c in named.items() if isinstance(c, Words) and name not in gone}
    features = {name: c for name, c in named.items() if name not in gone | set(words)}
    if not features:
        raise DataError(f"has no column of numbers besides {chosen!r}; it needs one")
    y = _classes(chosen, named[chosen])
    x = stacked(list(features.values()))
    said = [
        f"read as: {found.words}; {len(features)} features, {len(x):,} examples",
        f"The classes are in column {chosen!r} (--label chooses another).",
        *found.notes,
    ]
    if words:
        said.append(f"Left out, because not numeric: {quoted(words, words.values())}.")
    if index - {chosen}:
        said.append(
            f"Left out, because an index numbers the rows: {quoted(sorted(index - {chosen}))}."
        )
    return Examples(x, y, None, tuple(said))


def _label(named: Mapping[str, Column]) -> str:
    """The column of classes. Errors: DataError where none is called so, and not just one holds words."""
    called = [name for name in named if name.strip().casefold() in LABELS]
    texts = [name for name, column in named.items() if isinstance(column, Words) and column.cells]
    texts = [name for name in texts if named[name].kind == "text"]
    for found in (called, texts):
        if len(found) == 1:
            return found[0]
    if called:
        raise DataError(f"columns {quoted(called)} may all be the classes; name one with --label")
    raise DataError(
        f"no column is called target, class or label; name that of the classes with --label: {quoted(named)}"
    )


def _classes(name: str, column: Any) -> np.ndarray:
    if isinstance(column, Words):
        if column.cells is None:
            raise DataError(f"column {name!r} holds {column.kind}, which are not classes")
        y = np.array(column.cells())
        missing = int((y == "").sum())
    else:
        values = np.asarray(column, np.float64)
        missing = int(np.isnan(values).sum())
        y = _flat(values)
        if not missing and y.dtype.kind == "f":
            raise DataError(
                f"column {name!r} holds fractions, which are not classes; choose with --label"
            )
    if missing:
        raise DataError(
            f"column {name!r} has no class in {missing} of {len(y)} rows; leave those out"
        )
    if len(np.unique(y)) > _MOST_CLASSES:
        raise DataError(
            f"column {name!r} holds {len(np.unique(y)):,} different values, and classes are "
            f"{_MOST_CLASSES} at most; choose with --label"
        )
    return y
