"""From what a caller gives to a source: by its kind, or by the ending of its name."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from normlab.data import streaming
from normlab.data.columns import quoted, reason
from normlab.data.images import IMAGES
from normlab.data.table import TEXTS
from normlab.errors import DataError, MissingExtraError, NormlabError
from normlab.measuring import albums, arrays, containers, held, tables
from normlab.measuring.objects import mask_of, of_array, of_object
from normlab.measuring.options import Options
from normlab.measuring.source import Source

_TABLES = (*streaming.ENDINGS, *TEXTS)


def opened(given: Any, options: Options) -> Source:
    """Errors: DataError, SettingError, MissingExtraError."""
    if isinstance(given, str) and "://" in given:
        return _of_url(given, options)
    if isinstance(given, str | os.PathLike):
        return _of_path(Path(os.fsdecode(given)), options)
    return of_object(given, options)


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
        name = url.split("://", 1)[1].split("?")[0].rstrip("/").split("/")[-1] or "data"
        system.get(place, str(Path(home.name, name)), recursive=True)
        version = system.ukey(place) if system.isfile(place) else None
        made = _of_path(Path(home.name, name), options)
    except NormlabError:
        home.cleanup()
        raise
    except ImportError as error:
        home.cleanup()
        raise _lacking(url, error) from error
    except FileNotFoundError as error:
        home.cleanup()
        raise DataError(f"{url}: there is no such file or folder; check the address.") from error
    except Exception as error:  # each file system has kinds of its own
        home.cleanup()
        raise DataError(f"{url}: cannot be read ({reason(error)}); check the address.") from error
    identity = made.identity | {"url": url, "version": version}
    return replace(made, text=url, files=(), identity=identity, keeps=home)


def _lacking(url: str, error: ImportError) -> NormlabError:
    if url.startswith(("http://", "https://")):
        return MissingExtraError.of(f"{url}", "aiohttp", "http")
    return DataError(f"{url}: needs a package that is not installed ({reason(error)}).")


def _of_folder(folder: Path, options: Options) -> Source:
    files = list(_files(folder))
    kinds = {
        kind: [file for file in files if file.lower().endswith(endings)]
        for kind, (endings, _) in _FOLDERS.items()
    }
    there = {kind: found for kind, found in kinds.items() if found}
    if not there:
        raise DataError(
            f"{folder}: holds no table and no image ({len(files):,} other files); give a folder "
            f"of tables or of images."
        )
    kind, *others = sorted(there, key=lambda kind: -len(there[kind]))
    rest = sum(len(there[other]) for other in others)
    if rest * _MANY > len(there[kind]):
        counts = " and ".join(f"{len(found):,} {kind}" for kind, found in there.items())
        raise DataError(f"{folder}: holds {counts}; give a folder of one kind.")
    made = _FOLDERS[kind][1](folder, there[kind], options)
    names = (os.path.basename(file) for other in others for file in there[other])
    left = f"Left out, beside {kind}: {quoted(names)}."
    return replace(made, notes=(*made.notes, left)) if others else made


def _files(folder: Path) -> Iterator[str]:
    """All files in a folder and its folders, in the order of their names, but for hidden ones.

    As text: there may be millions, and a Path takes ten times as long to make.
    """
    for home, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        at = str(Path(home, "_"))[:-1]
        yield from (at + name for name in sorted(names) if not name.startswith((".", "_")))


def _of_tables(files: Sequence[Path], text: str, options: Options) -> Source:
    options.only("a table", "columns", "by", "where")
    return tables.source(
        files, text=text, columns=options.columns, by=options.by, where=options.where,
        reading=options.reading, skip_bad=options.skip_bad,
    )  # fmt: skip


def _of_archives(files: Sequence[Path], text: str, options: Options) -> Source:
    found: list[albums.Album] = []
    for file in files:
        make = albums.Zip if file.name.lower().endswith(albums.ZIPS) else albums.Tar
        found.append(make.at(file, len(files) == 1))
    return albums.of_images(found, text, files, options)


def _of_npy(path: Path, options: Options) -> Source:
    found = held.Npy(path)
    if not found.turned:
        return _of_file(found, path, options)
    shape = found.shape[::-1]
    kept, note = arrays.kept_axes(shape, options.features)
    if len(kept) > 1:
        raise DataError(
            f"{path}: is written column by column; keep one axis, or save it row by row."
        )
    mask = None if options.mask is None else mask_of(options.mask, shape).T
    turned = tuple(len(shape) - 1 - axis for axis in kept)
    made = _of_file(found, path, replace(options, features=turned, mask=mask))
    return replace(made, rows=shape[0], axes=kept, notes=(note,) if note else ())


def _of_file(array: held.Held, path: Path, options: Options) -> Source:
    made = of_array(array, str(path), options)
    identity = {"kind": "array", "features": list(options.features or ()), "array": options.array}
    return replace(made, files=(str(path),), identity=identity)


_FILES: dict[tuple[str, ...], Callable[[Path, Options], Source]] = {
    _TABLES: lambda path, options: _of_tables([path], str(path), options),
    (*albums.TARS, *albums.ZIPS): lambda path, options: _of_archives([path], str(path), options),
    tuple(sorted(IMAGES)): lambda path, options: albums.of_images(
        albums.of_folder(path.parent, [str(path)]), str(path), [path], options
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
_FOLDERS: dict[str, tuple[tuple[str, ...], Callable[[Path, Sequence[str], Options], Source]]] = {
    "images": (
        tuple(IMAGES),
        lambda folder, files, options: albums.of_images(
            albums.of_folder(folder, files), str(folder), files, options
        ),
    ),
    "tables": (
        _TABLES,
        lambda folder, files, options: _of_tables([*map(Path, files)], str(folder), options),
    ),
    "archives": (
        (*albums.TARS, *albums.ZIPS),
        lambda folder, files, options: _of_archives([*map(Path, files)], str(folder), options),
    ),
}
