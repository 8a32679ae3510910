"""Batches of a model's input out of files: pt, npy, npz, or a folder of them or of images."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from normlab.data.images import IMAGES, read_named, visible
from normlab.errors import DataError, one_line

BATCH_FILES = (".pt", ".pth", ".npy", ".npz")


class FileBatches(Iterable[Any]):
    """Files, each read when its turn comes, and as often as it is asked for.

    A tensor or array is cut into batches of `size` along its first axis. A list is one of batches. A
    mapping, or several arrays of an npz, are keywords of the model, cut alike; an array named x alone, or
    the only one, is the input. In a folder, files go by name, each as it would alone. A folder without such
    files may hold images, in folders too: `size` of them, by path, are a batch (N, C, H, W) of numbers
    from 0 to 1, all in colour if one of them is.

    Errors: DataError, when it is made, for what is not there; later for what cannot be read.
    """

    def __init__(self, path: Path, size: int = 64):
        self.files, self.size = _files(path), size
        self.images = self.files[0].suffix.lower() in IMAGES

    def __iter__(self) -> Iterator[Any]:
        if self.images:
            for start in range(0, len(self.files), self.size):
                yield _stacked(self.files[start : start + self.size])
            return
        for file in self.files:
            yield from _cut(_read(file), self.size, file)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        arrays = sorted(p for p in path.iterdir() if p.suffix in BATCH_FILES)
        if found := arrays or _images(path):
            return found
        raise DataError(
            f"{path} holds no {', '.join(BATCH_FILES)} file and no image; save batches as tensors or arrays."
        )
    if not path.exists():
        raise DataError(f"{path} is not there; give a file or folder of batches.")
    if path.suffix not in BATCH_FILES:
        raise DataError(
            f"{path} is not one of {', '.join(BATCH_FILES)}; save batches as one of them, or give a folder."
        )
    return [path]


def _images(folder: Path) -> list[Path]:
    return [p for p in visible(folder) if p.suffix.lower() in IMAGES]


def _stacked(files: list[Path]) -> Tensor:
    """One batch of images, which must be of one size."""
    images = [torch.from_numpy(read_named(file)) for file in files]
    for file, image in zip(files, images, strict=True):
        if image.shape[:2] != images[0].shape[:2]:
            first, other = (" × ".join(map(str, i.shape[:2])) for i in (images[0], image))
            raise DataError(
                f"{file} is {other} pixels high and wide, {files[0]} {first}; resize the images to one size."
            )
    if all(image.dim() == 2 for image in images):
        return torch.stack(images).unsqueeze(1)
    coloured = (i.unsqueeze(-1).expand(-1, -1, 3) if i.dim() == 2 else i for i in images)
    return torch.stack([i.permute(2, 0, 1) for i in coloured])


def _read(file: Path) -> Any:
    try:
        if file.suffix in (".pt", ".pth"):
            return torch.load(file, weights_only=True, map_location="cpu")
        held = np.load(file, allow_pickle=False)
        if isinstance(held, np.ndarray):
            return torch.from_numpy(held)
        arrays = {name: torch.from_numpy(held[name]) for name in held.files}
        alone = arrays.get("x", next(iter(arrays.values()))) if arrays else None
        return alone if "x" in arrays or len(arrays) == 1 else arrays
    except Exception as error:  # what numpy and torch make of a file that is none
        raise DataError(
            f"{file} cannot be read as batches ({one_line(error, 100)}); save only tensors or arrays."
        ) from error


def _cut(held: Any, size: int, file: Path) -> Iterator[Any]:
    if isinstance(held, Tensor):
        if held.dim() == 0:
            raise DataError(f"{file} holds a single number; save inputs along a first axis.")
        yield from held.split(size)
    elif isinstance(held, Mapping):
        lengths = {len(v) for v in held.values() if isinstance(v, Tensor) and v.dim()}
        if len(lengths) != 1:
            raise DataError(
                f"{file} holds arrays of the lengths {sorted(lengths)}; save equally many."
            )
        for start in range(0, lengths.pop(), size):
            yield {
                str(name): v[start : start + size] if isinstance(v, Tensor) and v.dim() else v
                for name, v in held.items()
            }
    elif isinstance(held, list | tuple):
        yield from held
    else:
        raise DataError(
            f"{file} holds a {type(held).__name__}; save tensors, or a list of batches."
        )
