"""Parquet, Feather, and the arrays of numpy and torch."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from normlab.data.columns import Read, as_numbers, from_arrow, numbered, quoted
from normlab.errors import DataError


def read_parquet(file: Path) -> Read:
    from pyarrow import parquet

    with parquet.ParquetFile(file) as source:  # unlike parquet.read_table it takes repeated names
        table = source.read()
    return list(table.column_names), [from_arrow(column) for column in table.columns], []


def read_feather(file: Path) -> Read:
    from pyarrow import feather

    table = feather.read_table(str(file), memory_map=False)
    return list(table.column_names), [from_arrow(column) for column in table.columns], []


def read_numpy(file: Path) -> Read:
    with file.open("rb") as stream:  # numpy itself leaves a damaged .npz open
        loaded = np.load(stream, allow_pickle=False)
        arrays = {"column 1": loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
    return _from_arrays(arrays)


def read_torch(file: Path) -> Read:
    with file.open("rb") as stream:
        loaded = torch.load(stream, weights_only=True, map_location="cpu")
    if isinstance(loaded, torch.Tensor):
        return _from_arrays({"column 1": _to_array(loaded)})
    if isinstance(loaded, dict) and all(isinstance(v, torch.Tensor) for v in loaded.values()):
        return _from_arrays({str(name): _to_array(value) for name, value in loaded.items()})
    raise DataError(f"holds a {type(loaded).__name__}; save a tensor or a dict of tensors instead")


def _to_array(tensor: torch.Tensor) -> np.ndarray:
    tensor = tensor.detach().to_dense()
    small = tensor.is_floating_point() and tensor.dtype != torch.float64
    return (tensor.float() if small else tensor.resolve_conj()).numpy()  # numpy has no bfloat16


def _from_arrays(arrays: dict[str, Any]) -> Read:
    shapes = [array.shape for array in arrays.values()]
    if shapes and len(shapes[0]) == 1 and len(set(shapes)) == 1:
        return list(arrays), [as_numbers(array) for array in arrays.values()], []
    if len(shapes) == 1 and len(shapes[0]) == 2:
        (array,) = arrays.values()
        return numbered(len(array.T)), [as_numbers(column) for column in array.T], []
    if len(shapes) == 1:
        raise DataError(
            f"holds an array of shape {shapes[0]}; a table needs rows × columns, so reshape it"
        )
    raise DataError(
        f"holds {len(shapes)} arrays ({quoted(arrays, shapes)}); it must hold one, or columns of "
        "one length, so save the one you mean on its own"
    )
