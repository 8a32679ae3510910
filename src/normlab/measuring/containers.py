"""Arrays inside other files: npz, pt, zarr and h5."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from normlab.data.binary import PICKLED
from normlab.data.columns import quoted
from normlab.errors import DataError, MissingExtraError, did_you_mean
from normlab.measuring.engine import named
from normlab.measuring.held import InMemory, check_numbers


def npz(path: Path, name: str | None) -> InMemory:
    """One array of an npz; it is read whole, since that is how numpy packs it."""
    with named(str(path)), np.load(path, allow_pickle=False) as archive:
        chosen = _chosen(archive.files, name, lambda key: "array")
        try:
            return InMemory(archive[chosen])
        except ValueError as error:
            raise DataError(PICKLED if "pickle" in str(error) else str(error)) from error


def pt(path: Path, name: str | None) -> InMemory:
    """A tensor of a pt file, read whole."""
    import torch

    with named(str(path)):
        held = torch.load(path, weights_only=True, map_location="cpu")
        if isinstance(held, dict):
            tensors = {str(k): v for k, v in held.items() if isinstance(v, torch.Tensor)}
            held = tensors[_chosen(list(tensors), name, lambda key: tuple(tensors[key].shape))]
        if not isinstance(held, torch.Tensor):
            raise DataError(f"holds a {type(held).__name__}; save a tensor or a dict of tensors")
        return InMemory(as_numpy(held))


def as_numpy(tensor: Any) -> np.ndarray:
    """numpy has no bfloat16."""
    import torch

    tensor = tensor.detach().cpu().to_dense()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


@dataclass(frozen=True, eq=False)
class Stored:
    """An array in an h5 file or a zarr store, read piece by piece."""

    path: Path
    name: str
    kind: str
    shape: tuple[int, ...]
    dtype: np.dtype

    def piece(self, prefix: tuple[int, ...], rows: slice) -> np.ndarray:
        with named(str(self.path)), _OPEN[self.kind](self.path) as held:
            found = held if not self.name else held[self.name]
            return np.asarray(found[(*prefix, rows)])


class _Zarr:
    """zarr's groups need no closing."""

    def __init__(self, path: Path) -> None:
        try:
            import zarr
        except ImportError:
            raise MissingExtraError.of(f"{path}: a zarr store", "zarr", "zarr") from None
        self._held = zarr.open(str(path), mode="r")

    def __enter__(self) -> Any:
        return self._held

    def __exit__(self, *raised: object) -> None:
        pass


def _h5(path: Path) -> Any:
    try:
        import h5py
    except ImportError:
        raise MissingExtraError.of(f"{path}: an h5 file", "h5py", "h5") from None
    return h5py.File(path, "r")


_OPEN: dict[str, Any] = {"h5": _h5, "zarr": _Zarr}


def stored(path: Path, kind: str, name: str | None) -> Stored:
    """The array of a store, or the one of that name. Errors: DataError, MissingExtraError."""
    with named(str(path)), _OPEN[kind](path) as held:
        shapes = dict(_arrays(held))
        chosen = "" if "" in shapes else _chosen(list(shapes), name, shapes.__getitem__)
        found = held if not chosen else held[chosen]
        dtype = np.dtype(found.dtype)
        check_numbers(dtype, chosen or "it")
        return Stored(path, chosen, kind, tuple(found.shape), dtype)


def _arrays(held: Any, before: str = "") -> list[tuple[str, tuple[int, ...]]]:
    """Names and shapes of all arrays, however deep."""
    if hasattr(held, "shape"):
        return [(before, tuple(held.shape))]
    found = []
    for key in sorted(held):
        found += _arrays(held[key], f"{before}/{key}".strip("/"))
    return found


def _chosen(names: list[str], name: str | None, shape: Any) -> str:
    if name is not None:
        if name not in names:
            raise DataError(
                f"has no array {name!r};{did_you_mean(name, names)} it has {quoted(names)}"
            )
        return name
    if len(names) != 1:
        held = f" ({quoted(names, map(shape, names))})" if names else ""
        raise DataError(f"holds {len(names)} arrays{held}; choose one with --array")
    return names[0]
