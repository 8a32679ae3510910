"""From what a caller gives to a source: by its kind, or by the ending of its name."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from normlab.data import streaming
from normlab.data.columns import quoted, reason
from normlab.data.images import IMAGES
from normlab.data.reading import Reading
from normlab.data.table import TEXTS
from normlab.errors import DataError, NormlabError, SettingError
from normlab.measuring import albums, arrays, coming, containers, tables
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
    reading: Reading = field(default_factory=Reading)
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
    if isinstance(given, str) and "://" in given:
        return _of_url(given, options)
    if isinstance(given, str | os.PathLike):
        return _of_path(Path(os.fsdecode(given)), options)
    array = _as_array(given)
    if array is not None:
        return of_array(arrays.InMemory(array), f"an array of shape {array.shape}", options)
    for is_such, make in _OBJECTS:
        if is_such(given):
            return make(given, options)
    raise DataError(
        f"a {type(given).__name__} given; it must be a path, an array, a tensor, a Dataset, a DataLoader, "
        f"or an iterable of arrays."
    )


def _from(package: str, name: str) -> Callable[[Any], bool]:
    """Whether something is of a class of a package, which need not be installed."""

    def is_such(given: Any) -> bool:
        return any(
            kind.__module__.split(".")[0] == package and kind.__name__ == name
            for kind in type(given).__mro__
        )

    return is_such


def _of_pieces(pieces: Iterable[Any], text: str, options: Options) -> Source:
    options.only("arrays that come one by one", "features")
    axes = options.features
    return coming.of_arrays(pieces, text, None if axes is None else tuple(axes))


def _of_rows(pieces: Iterable[Any], text: str, options: Options) -> Source:
    options.only("a table", "columns", "by", "where")
    return coming.of_tables(pieces, text, options.columns, options.by, options.where)


def _of_hugging_face(given: Any, options: Options) -> Source:
    """Rows of numbers as a table."""
    pieces = given.with_format("arrow").iter(batch_size=1 << 14)
    return _of_rows(pieces, "a Hugging Face dataset", options)


def _of_dask_array(given: Any, options: Options) -> Source:
    """One chunk after the other along the first axis, each computed where Dask's scheduler says."""
    rows = [slice(*ends) for ends in zip(*(_ends(given.chunks[0])), strict=True)]
    pieces = (np.asarray(given[part].compute()) for part in rows)
    return _of_pieces(pieces, "a Dask array", options)


def _ends(sizes: Sequence[int]) -> tuple[list[int], list[int]]:
    stops = np.cumsum(sizes).tolist()
    return [0, *stops[:-1]], stops


_OBJECTS: tuple[tuple[Callable[[Any], bool], Callable[[Any, Options], Source]], ...] = (
    (_from("datasets", "Dataset"), _of_hugging_face),
    (_from("datasets", "IterableDataset"), _of_hugging_face),
    (_from("dask", "Array"), _of_dask_array),
    (
        _from("dask", "DataFrame"),
        lambda given, options: _of_rows(
            (part.compute() for part in given.partitions), "a Dask data frame", options
        ),
    ),
    (
        _from("pandas", "DataFrame"),
        lambda given, options: _of_rows([given], "a data frame", options),
    ),
    (
        _from("pyarrow", "Table"),
        lambda given, options: _of_rows([given], "an Arrow table", options),
    ),
    (
        _from("torch", "DataLoader"),
        lambda given, options: _of_pieces(given, "a DataLoader", options),
    ),
    (
        _from("torch", "Dataset"),
        lambda given, options: _of_pieces(coming.samples(given), "a Dataset", options),
    ),
    (
        lambda given: isinstance(given, Iterable),
        lambda given, options: _of_pieces(given, "arrays", options),
    ),
)


def _of_path(path: Path, options: Options) -> Source:
    if path.is_dir() and path.suffix.lower() != ".zarr":
        return _of_folder(path, options)
    if not path.exists():
        raise DataError(f"{path}: there is no such file or folder; check the path.")
    name = path.name.lower()
    for endings, make in _FILES.items():
        if name.endswith(endings):
            return make(path, options)
    known = ", ".join(e for endings in _FILES for e in endings if e.count(".") == 1)
    raise DataError(f"{path}: its ending says nothing; it must be one of {known}, or a folder.")


def _of_url(url: str, options: Options) -> Source:
    """A copy in a temporary folder, which lives as long as the source."""
    import fsspec

    home = TemporaryDirectory(prefix="normlab-")
    try:
        system, place = fsspec.core.url_to_fs(url)
        name = url.split("://", 1)[1].rstrip("/").split("/")[-1] or "data"
        system.get(place, str(Path(home.name, name)), recursive=True)
        version = system.ukey(place) if system.isfile(place) else None
        made = _of_path(Path(home.name, name), options)
    except NormlabError:
        home.cleanup()
        raise
    except Exception as error:  # each file system has kinds of its own
        home.cleanup()
        raise DataError(
            f"{url}: cannot be read ({reason(error)}); check the address, and that the package for it is "
            f"installed."
        ) from error
    identity = made.identity | {"url": url, "version": version}
    return replace(made, text=url, files=(), identity=identity, keeps=home)


def _of_folder(folder: Path, options: Options) -> Source:
    files = list(_files(folder))
    kinds = {
        kind: [file for file in files if file.name.lower().endswith(endings)]
        for kind, (endings, _) in _FOLDERS.items()
    }
    held = {kind: found for kind, found in kinds.items() if found}
    if not held:
        raise DataError(
            f"{folder}: holds no table and no image ({len(files):,} other files); give a folder of such."
        )
    kind, *others = sorted(held, key=lambda kind: -len(held[kind]))
    rest = sum(len(held[other]) for other in others)
    if rest * _MANY > len(held[kind]):
        counts = " and ".join(f"{len(found):,} {kind}" for kind, found in held.items())
        raise DataError(f"{folder}: holds {counts}; give a folder of one kind.")
    made = _FOLDERS[kind][1](folder, held[kind], options)
    left = f"Left out, beside {kind}: {quoted(file.name for o in others for file in held[o])}."
    return replace(made, notes=(*made.notes, left)) if others else made


def _files(folder: Path) -> Iterator[Path]:
    """All files in a folder and its folders, in the order of their names, but for hidden ones."""
    for home, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        yield from (Path(home, name) for name in sorted(names) if not name.startswith((".", "_")))


def _of_tables(files: Sequence[Path], text: str, options: Options) -> Source:
    options.only("a table", "columns", "by", "where")
    return tables.source(
        files, text=text, columns=options.columns, by=options.by, where=options.where,
        reading=options.reading, skip_bad=options.skip_bad,
    )  # fmt: skip


def _of_images(
    found: Sequence[albums.Album], text: str, files: Sequence[Path], options: Options
) -> Source:
    options.only("images", "resize", "interpolation", "scale", "weighting", "channels")
    return albums.source(found, text, files, options)


def _of_archives(files: Sequence[Path], text: str, options: Options) -> Source:
    found: list[albums.Album] = []
    for file in files:
        make = albums.Zip if file.name.lower().endswith(albums.ZIPS) else albums.Tar
        found.append(make(file, len(files) == 1))
    return _of_images(found, text, files, options)


def _of_npy(path: Path, options: Options) -> Source:
    found = arrays.Npy(path)
    if not found.turned:
        return _of_file(found, path, options)
    shape = found.shape[::-1]
    kept, note = arrays.kept_axes(shape, options.features)
    if len(kept) > 1:
        raise DataError(
            f"{path}: is written column by column; keep one axis, or save it row by row."
        )
    mask = None if options.mask is None else _mask(options.mask, shape).T
    turned = tuple(len(shape) - 1 - axis for axis in kept)
    made = _of_file(found, path, replace(options, features=turned, mask=mask))
    return replace(made, rows=shape[0], notes=(note,) if note else ())


def _of_file(array: arrays.Held, path: Path, options: Options) -> Source:
    made = of_array(array, str(path), options)
    identity = {"kind": "array", "features": list(options.features or ()), "array": options.array}
    return replace(made, files=(str(path),), identity=identity)


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
    notes = (note,) if note else ()
    return Source(names, "array", text, units, notes, rows=array.shape[0])


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

    if isinstance(given, torch.Tensor):
        return containers.as_numpy(given)
    return given if isinstance(given, np.ndarray) else None


_FILES: dict[tuple[str, ...], Callable[[Path, Options], Source]] = {
    _TABLES: lambda path, options: _of_tables([path], str(path), options),
    (*albums.TARS, *albums.ZIPS): lambda path, options: _of_archives([path], str(path), options),
    tuple(sorted(IMAGES)): lambda path, options: _of_images(
        albums.of_folder(path.parent, [path]), str(path), [path], options
    ),
    (".npy",): _of_npy,
    (".npz",): lambda path, options: _of_file(containers.npz(path, options.array), path, options),
    (".pt", ".pth"): lambda path, options: _of_file(
        containers.pt(path, options.array), path, options
    ),
    (".h5", ".hdf5", ".hdf"): lambda path, options: _of_file(
        containers.stored(path, "h5", options.array), path, options
    ),
    (".zarr", ".zarr.zip"): lambda path, options: _of_file(
        containers.stored(path, "zarr", options.array), path, options
    ),
}
_MANY = 10  # times as many files of one kind as of others make a folder one of that kind
_FOLDERS: dict[str, tuple[tuple[str, ...], Callable[[Path, Sequence[Path], Options], Source]]] = {
    "images": (
        tuple(IMAGES),
        lambda folder, files, options: _of_images(
            albums.of_folder(folder, files), str(folder), files, options
        ),
    ),
    "tables": (
        _TABLES,
        lambda folder, files, options: _of_tables(files, str(folder), options),
    ),
    "archives": (
        (*albums.TARS, *albums.ZIPS),
        lambda folder, files, options: _of_archives(files, str(folder), options),
    ),
}
