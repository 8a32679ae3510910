"""From what a caller gives to a source: by its kind, or by the ending of its name."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from normlab.data import streaming
from normlab.data.reading import Reading
from normlab.data.table import TEXTS
from normlab.errors import DataError, SettingError
from normlab.measuring import arrays, tables
from normlab.measuring.source import Source

_TABLES = (*streaming.ENDINGS, *TEXTS)


@dataclass(frozen=True)
class Options:
    """What a caller says about a source; None: nothing.

    columns, by, where: of tables; features, mask: of arrays; array: which of several; the rest of images.
    """

    columns: Sequence[str] | None = None
    by: str | None = None
    where: str | None = None
    features: Sequence[int] | None = None
    mask: Any = None
    array: str | None = None
    reading: Reading = Reading()
    resize: int | tuple[int, int] | None = None
    interpolation: str | None = None
    scale: str | None = None
    weighting: str | None = None
    channels: int | None = None
    skip_bad: bool = False

    def only(self, kind: str, *used: str) -> None:
        """Errors: SettingError for an option that says nothing about such a source."""
        given = [
            name
            for name, value in vars(self).items()
            if value is not None and name not in (*used, "skip_bad", "reading")
        ]
        if given:
            raise SettingError(
                f"{', '.join(given)} given, which says nothing about {kind}; leave it out."
            )


def opened(given: Any, options: Options) -> Source:
    """Errors: DataError, SettingError, MissingExtraError."""
    if isinstance(given, str | os.PathLike):
        return _of_path(Path(os.fsdecode(given)), options)
    array = _as_array(given)
    if array is not None:
        return of_array(arrays.InMemory(array), f"an array of shape {array.shape}", options)
    raise DataError(
        f"a {type(given).__name__} given; it must be a path, an array, a tensor, a Dataset, a DataLoader, "
        f"or an iterable of arrays."
    )


def _of_path(path: Path, options: Options) -> Source:
    if path.is_dir():
        return _of_folder(path, options)
    if not path.exists():
        raise DataError(f"{path}: there is no such file or folder; check the path.")
    name = path.name.lower()
    for endings, make in _FILES.items():
        if name.endswith(endings):
            return make(path, options)
    known = ", ".join(e for endings in _FILES for e in endings if e.count(".") == 1)
    raise DataError(f"{path}: its ending says nothing; it must be one of {known}, or a folder.")


def _of_folder(folder: Path, options: Options) -> Source:
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and not _hidden(p, folder)]
    found = [file for file in files if file.name.lower().endswith(_TABLES)]
    if not found:
        raise DataError(
            f"{folder}: holds no table and no image"
            + (f", of {len(files):,} files" if files else ", and nothing else")
            + "; give a folder of tables or of images."
        )
    return _of_tables(found, str(folder), options)


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)


def _of_tables(files: Sequence[Path], text: str, options: Options) -> Source:
    options.only("a table", "columns", "by", "where")
    return tables.source(
        files, text=text, columns=options.columns, by=options.by, where=options.where,
        reading=options.reading, skip_bad=options.skip_bad,
    )  # fmt: skip


def _of_npy(path: Path, options: Options) -> Source:
    found = arrays.Npy(path)
    made = of_array(found, str(path), options)
    identity = {"kind": "array", "features": list(options.features or ())}
    return Source(**vars(made) | {"files": (str(path),), "identity": identity})


def of_array(array: arrays.Held, text: str, options: Options) -> Source:
    """An array whose features are the axes that are kept."""
    options.only("an array", "features", "mask", "array")
    arrays.check_numbers(array.dtype, text)
    try:
        features, note = arrays.kept_axes(array.shape, options.features)
    except DataError as error:
        raise DataError(f"{text}: {error}.") from error
    mask = None if options.mask is None else _mask(options.mask, array.shape)
    units = arrays.Pieces(array, features, "", mask)
    names = arrays.feature_names(array.shape, features)
    return Source(names, "array", text, units, (note,) if note else ())


def _mask(mask: Any, shape: tuple[int, ...]) -> np.ndarray:
    found = np.asarray(mask)
    if found.dtype != bool:
        raise SettingError(f"mask is {found.dtype}; it must be boolean, True where values count.")
    try:
        np.broadcast_to(found, shape)
    except ValueError:
        raise SettingError(
            f"mask has shape {found.shape}, which does not broadcast to that of the data, {shape}."
        ) from None
    return found


def _as_array(given: Any) -> np.ndarray | None:
    import torch

    if isinstance(given, np.ndarray):
        return given
    if isinstance(given, torch.Tensor):
        tensor = given.detach().cpu()
        return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()
    return None


_FILES: dict[tuple[str, ...], Callable[[Path, Options], Source]] = {
    _TABLES: lambda path, options: _of_tables([path], str(path), options),
    (".npy",): _of_npy,
}
