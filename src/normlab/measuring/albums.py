"""Where images are: in folders, tars (webdataset) and zips."""

import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from io import FileIO
from pathlib import Path
from typing import Any, Protocol

from normlab.data.columns import reason
from normlab.data.images import IMAGES
from normlab.errors import DataError
from normlab.measuring import pictures
from normlab.measuring.options import Options
from normlab.measuring.recipe import Recipe
from normlab.measuring.source import Source
from normlab.measuring.tree import Parts

Image = tuple[str, Callable[[], bytes]]
FEWEST, MOST = 32, 128  # images of a unit
_UNITS = 8  # of a small album at least, so that threads share it evenly
TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2")
ZIPS = (".zip",)


class Album(Protocol):
    """Images in an order of their own."""

    @property
    def name(self) -> str: ...

    def __len__(self) -> int: ...

    def images(self, start: int, stop: int) -> Iterator[Image]:
        """Names, and what reads their contents, which raises DataError."""
        ...

    def of(self, start: int, stop: int) -> "Album":
        """Some of the images by themselves: what another process needs to read them."""
        ...


@dataclass(frozen=True, eq=False)
class Group:
    """A unit: some images of an album, by themselves."""

    name: str
    album: Album
    look: pictures.Look

    def parts(self, recipe: Recipe) -> Parts:
        part = self.look.part(self.album.images(0, len(self.album)))
        return {"": part.named(self.name)}


@dataclass(frozen=True, eq=False)
class Files:
    """Images that are files, of one folder."""

    name: str
    paths: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.paths)

    def images(self, start: int, stop: int) -> Iterator[Image]:
        for path in self.paths[start:stop]:
            yield path, partial(_told, path, partial(_content, path))

    def of(self, start: int, stop: int) -> "Files":
        return replace(self, paths=self.paths[start:stop])


@dataclass(frozen=True, eq=False)
class Tar:
    """Images in an uncompressed tar, each read where it lies; of a compressed one, one after the other.

    found: name, place and size of each.
    """

    name: str
    path: Path
    found: tuple[tuple[str, int, int], ...]

    @classmethod
    def at(cls, path: Path, alone: bool) -> "Tar":
        try:
            with tarfile.open(path) as tar:
                found = tuple(
                    (member.name, member.offset_data, member.size)
                    for member in tar
                    if member.isfile() and is_image(member.name)
                )
        except (tarfile.TarError, OSError, EOFError) as error:
            raise DataError(f"{path}: cannot be read as a tar ({reason(error)}).") from error
        return cls("" if alone else path.name, path, found)

    @property
    def packed(self) -> bool:
        return self.path.suffix.lower() != ".tar"

    def __len__(self) -> int:
        return len(self.found)

    def of(self, start: int, stop: int) -> "Tar":
        return replace(self, found=self.found[start:stop])

    def images(self, start: int, stop: int) -> Iterator[Image]:
        if self.packed:
            yield from self._unpacked({name for name, *_ in self.found[start:stop]})
            return
        with self.path.open("rb") as stream:
            for name, offset, size in self.found[start:stop]:
                stream.seek(offset)
                content = stream.read(size)
                yield f"{self.path}: {name}", partial(bytes, content)

    def _unpacked(self, wanted: set[str]) -> Iterator[Image]:
        with tarfile.open(self.path) as tar:
            for member in tar:
                if member.name in wanted and (stream := tar.extractfile(member)) is not None:
                    name = f"{self.path}: {member.name}"
                    yield name, partial(_told, name, stream.read)


@dataclass(frozen=True, eq=False)
class Zip:
    name: str
    path: Path
    found: tuple[str, ...]

    @classmethod
    def at(cls, path: Path, alone: bool) -> "Zip":
        try:
            with zipfile.ZipFile(path) as opened:
                names = opened.namelist()
        except (zipfile.BadZipFile, OSError) as error:
            raise DataError(f"{path}: cannot be read as a zip ({reason(error)}).") from error
        return cls("" if alone else path.name, path, tuple(filter(is_image, names)))

    def __len__(self) -> int:
        return len(self.found)

    def of(self, start: int, stop: int) -> "Zip":
        return replace(self, found=self.found[start:stop])

    def images(self, start: int, stop: int) -> Iterator[Image]:
        opened = _zip(self.path, self.path.stat().st_mtime_ns)
        for name in self.found[start:stop]:
            told = f"{self.path}: {name}"
            yield told, partial(_told, told, partial(opened.read, name))


def _content(path: str) -> bytes:
    """By fewer calls of the system than Path.read_bytes: a picture may take less time than opening it."""
    with FileIO(path) as stream:
        return stream.readall()


def _told(name: str, read: Callable[[], bytes]) -> bytes:
    try:
        return read()
    except Exception as error:  # of zlib, too
        raise DataError(f"{name}: cannot be read ({reason(error)}).") from error


@lru_cache(maxsize=8)
def _zip(path: Path, changed: int) -> zipfile.ZipFile:
    """Opened once; its index may be long. Threads may share it."""
    return zipfile.ZipFile(path)


def is_image(name: str) -> bool:
    parts = Path(name).parts
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return Path(name).suffix.lower() in IMAGES and not hidden


class Groups(Sequence[Group]):
    """The units of some albums."""

    def __init__(self, albums: Sequence[Album], look: pictures.Look) -> None:
        self._albums, self.look = albums, look
        self._starts = [(a, at) for a, album in enumerate(albums) for at in _starts(album)]

    def __len__(self) -> int:
        return len(self._starts)

    @property
    def images(self) -> int:
        return sum(map(len, self._albums))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        which, start = self._starts[index]
        album = self._albums[which]
        stop = min(start + _step(album), len(album))
        name = album.name or numbered(start, stop)
        return Group(name, album.of(start, stop), self.look)


def numbered(start: int, stop: int) -> str:
    """The name of a unit of images that have none.

    >>> numbered(0, 1280)
    'images 1 to 1,280'
    """
    return f"images {start + 1:,} to {stop:,}"


def _starts(album: Album) -> range:
    return range(0, len(album), _step(album))


def _step(album: Album) -> int:
    if isinstance(album, Tar) and album.packed:
        return max(1, len(album))
    return min(MOST, max(FEWEST, len(album) // _UNITS))


def of_folder(folder: Path, files: Sequence[str]) -> list[Album]:
    """An album for each folder that holds images, in the order of their names."""
    homes: dict[str, list[str]] = {}
    for file in files:
        homes.setdefault(os.path.dirname(file), []).append(file)
    alone = len(homes) == 1
    return [
        Files("" if alone else Path(home).relative_to(folder).as_posix(), tuple(found))
        for home, found in homes.items()
    ]


def of_images(
    albums: Sequence[Album], text: str, files: Sequence[str | Path], options: Options
) -> Source:
    """Errors: DataError where there is no image, or the first cannot be read; SettingError."""
    options.only("images", "resize", "interpolation", "scale", "weighting", "channels")
    size = options.resize
    said = (options.interpolation, options.scale, options.weighting, options.channels)
    pictures.check(size, *said)
    if not sum(map(len, albums)):
        raise DataError(f"{text}: holds no image; give one that does.")
    every = (image for album in albums for image in album.images(0, len(album)))
    channels, first = pictures.channels_of(every, options.skip_bad)
    channels = options.channels or channels
    scale, weighting = options.scale or "0-1", options.weighting or "pixel"
    look = pictures.Look(
        channels, options.channels is not None, first, size, options.interpolation or "bilinear",
        255.0 if scale == "0-255" else 1.0, weighting == "image", options.skip_bad,
    )  # fmt: skip
    notes = [f"Resized to {size} ({look.interpolation}), which changes std."] if size else []
    if weighting == "image":
        notes.append("Each image has the weight of one, whatever its size; count is of images.")
    identity = {"kind": "images", "options": [str(size), *map(str, said)]}
    return Source(
        pictures.NAMES[channels], "images", text, Groups(albums, look), tuple(notes), scale, weighting,
        files=tuple(map(str, files)), identity=identity,
    )  # fmt: skip
