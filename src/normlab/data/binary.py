"""Parquet, Arrow, and the arrays of numpy and torch."""

import json
import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch

from normlab.data.columns import Read, as_numbers, from_arrow, numbered, quoted, reason
from normlab.data.reading import Reading
from normlab.errors import DataError, did_you_mean

PICKLED = (
    "holds pickled objects, which can run code and are never loaded; save plain arrays or tensors of "
    "numbers"
)
_PICKLE = b"\x80"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_NUMPY = (b"\x93NUMPY", *_ZIP, _PICKLE)
_TORCH = (*_ZIP, _PICKLE)
_PANDAS = re.compile(r"__index_level_\d+__")


def read_parquet(file: Path, reading: Reading) -> Read:
    from pyarrow import parquet

    with parquet.ParquetFile(file) as source:  # unlike parquet.read_table it takes repeated names
        return _from_table(source.read(), "Parquet")


def read_arrow(file: Path, reading: Reading) -> Read:
    """Feather of both versions, Arrow's files, and its streams, which Hugging Face's datasets are."""
    from pyarrow import feather, ipc

    with file.open("rb") as stream:
        begins = stream.read(6)
    if begins == b"ARROW1" or begins.startswith(b"FEA1"):
        return _from_table(feather.read_table(str(file), memory_map=False), "an Arrow file")
    with file.open("rb") as stream, ipc.open_stream(stream) as source:
        return _from_table(source.read_all(), "an Arrow stream")


def _from_table(table: Any, words: str) -> Read:
    columns = [from_arrow(column) for column in table.columns]
    return Read(list(table.column_names), columns, words, index=pandas_index(table.schema))


def pandas_index(schema: Any) -> list[int]:
    """The columns of an arrow schema that are pandas' index."""
    stored = (schema.metadata or {}).get(b"pandas")
    known = json.loads(stored).get("index_columns", []) if stored else []
    names = schema.names
    return [i for i, name in enumerate(names) if name in known or _PANDAS.fullmatch(name)]


def read_numpy(file: Path, reading: Reading) -> Read:
    arrays = _load_numpy(file)
    return _from_arrays(arrays, reading.array, "npy" if "" in arrays else "npz")


def load_npz(file: Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz by name. Errors: DataError."""
    try:
        arrays = _load_numpy(file)
    except DataError:
        raise
    except Exception as error:  # numpy raises half a dozen kinds for a damaged archive
        raise DataError(f"cannot be read as npz: {reason(error)}; save it again") from error
    return {name or "array": array for name, array in arrays.items()}


def _load_numpy(file: Path) -> dict[str, np.ndarray]:
    with file.open("rb") as stream:  # numpy itself leaves a damaged .npz open
        _check_begins(stream, "NumPy's save", _NUMPY)
        try:
            loaded = np.load(stream, allow_pickle=False)
            return {"": loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
        except ValueError as error:
            if "allow_pickle" in str(error):
                raise DataError(PICKLED) from error
            raise


def read_torch(file: Path, reading: Reading) -> Read:
    with file.open("rb") as stream:
        _check_begins(stream, "torch.save", _TORCH)
        try:
            loaded = torch.load(stream, weights_only=True, map_location="cpu")
        except pickle.UnpicklingError as error:
            raise DataError(PICKLED) from error
    if isinstance(loaded, torch.Tensor):
        return _from_arrays({"": _to_array(loaded)}, reading.array, "a tensor")
    if isinstance(loaded, dict) and all(isinstance(v, torch.Tensor) for v in loaded.values()):
        arrays = {str(name): _to_array(value) for name, value in loaded.items()}
        return _from_arrays(arrays, reading.array, "a dict of tensors")
    raise DataError(f"holds a {type(loaded).__name__}; save a tensor or a dict of tensors instead")


def _check_begins(stream: BinaryIO, maker: str, known: tuple[bytes, ...]) -> None:
    """Both libraries take anything else for a pickle, and blame it."""
    begins = stream.read(8)
    stream.seek(0)
    if not begins.startswith(known):
        raise DataError(f"is not what {maker} writes; check its ending, or save it again")


def _to_array(tensor: torch.Tensor) -> np.ndarray:
    tensor = tensor.detach().to_dense()
    small = tensor.is_floating_point() and tensor.dtype != torch.float64
    return (tensor.float() if small else tensor.resolve_conj()).numpy()  # numpy has no bfloat16


def _from_arrays(arrays: dict[str, Any], chosen: str | None, words: str) -> Read:
    if chosen is not None:
        arrays = {chosen: _named(arrays, chosen)}
        words = f"array {chosen!r} of {words}"
    shapes = [array.shape for array in arrays.values()]
    if shapes and len(shapes[0]) == 1 and len(set(shapes)) == 1:
        return _side_by_side(arrays, words)
    if len(shapes) == 1 and len(shapes[0]) == 2:
        (array,) = arrays.values()
        if array.dtype.names:
            raise DataError(
                f"holds records in rows and columns {shapes[0]}; save one column of them"
            )
        return Read(numbered(len(array.T)), [as_numbers(column) for column in array.T], words)
    if len(shapes) == 1:
        raise DataError(
            f"holds an array of shape {shapes[0]}; a table needs rows × columns, so reshape it"
            f"{channels_last(shapes[0])}"
        )
    raise DataError(
        f"holds {len(shapes)} arrays ({quoted(arrays, shapes)}); choose one with --array NAME "
        "(in Python: array=), or save columns of one length"
        if shapes
        else "holds 0 arrays; save one"
    )


def _named(arrays: dict[str, Any], name: str) -> Any:
    if "" in arrays:
        raise DataError(f"holds one array, and array {name!r} was asked for; leave that out")
    if name not in arrays:
        raise DataError(
            f"has no array {name!r};{did_you_mean(name, arrays)} it has {quoted(arrays)}"
        )
    return arrays[name]


def _side_by_side(arrays: dict[str, Any], words: str) -> Read:
    """1-D arrays of one length; a structured one is as many columns as it has fields."""
    names, columns = [], []
    for name, array in arrays.items():
        parts = dict(_fields("", array)) if array.dtype.names else {name or "column 1": array}
        names += parts
        columns += [as_numbers(part) for part in parts.values()]
    return Read(names, columns, words)


def _fields(name: str, array: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """The fields of a structured array; `position` of three numbers is `position_1` to `position_3`."""
    if array.dtype.names:
        for field in array.dtype.names:
            yield from _fields(f"{name}.{field}" if name else field, array[field])
    elif array.ndim > 1:
        flat = array.reshape(len(array), int(np.prod(array.shape[1:])))
        yield from ((f"{name}_{i + 1}", column) for i, column in enumerate(flat.T))
    else:
        yield name, array


def channels_last(shape: tuple[int, ...]) -> str:
    """The end of a sentence on the shape of an array of images, if its last axis can be their channels."""
    if len(shape) != 4 or shape[-1] not in (1, 3) or shape[1] in (1, 3):
        return ""
    return f" (the last axis of {shape[-1]} looks like the channels of images, (N, height, width, channels))"
