"""Batches of a model's input out of files: pt, npy, npz, or a folder of them."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from normlab.errors import DataError, one_line

BATCH_FILES = (".pt", ".pth", ".npy", ".npz")


class FileBatches(Iterable[Any]):
    """Files, each read when its turn comes, and as often as it is asked for.

    A tensor or array is cut into batches of `size` along its first axis. A list is one of batches. A
    mapping, or several arrays of an npz, are keywords of the model, cut alike; an array named x alone, or
    the only one, is the input. In a folder, files go by name, each as it would alone.

    Errors: DataError, when it is made, for what is not there; later for what cannot be read.
    """

    def __init__(self, path: Path, size: int = 64):
        self.files, self.size = _files(path), size

    def __iter__(self) -> Iterator[Any]:
        for file in self.files:
            yield from _cut(_read(file), self.size, file)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(p for p in path.iterdir() if p.suffix in BATCH_FILES)
        if not found:
            raise DataError(
                f"{path} holds no {', '.join(BATCH_FILES)} file; save batches as tensors or arrays."
            )
        return found
    if not path.exists():
        raise DataError(f"{path} is not there; give a file or folder of batches.")
    if path.suffix not in BATCH_FILES:
        raise DataError(
            f"{path} is not one of {', '.join(BATCH_FILES)}; save batches as one of them."
        )
    return [path]


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
