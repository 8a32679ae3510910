"""Sources that are objects of Python: arrays, tensors, datasets, loaders, frames, generators."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from normlab.data.columns import quoted
from normlab.errors import DataError, SettingError
from normlab.measuring import arrays, coming, containers, held, hugging_face
from normlab.measuring.options import Options
from normlab.measuring.source import Source


def of_object(given: Any, options: Options) -> Source:
    """Errors: DataError for what is none of them; SettingError."""
    array = _as_array(given)
    if array is not None:
        return of_array(held.InMemory(array), f"an array of shape {array.shape}", options)
    for is_such, make in _OBJECTS:
        if is_such(given):
            return make(given, options)
    raise DataError(
        f"a {type(given).__name__} given; it must be a path, an array, a tensor, a Dataset, a DataLoader, "
        f"or an iterable of arrays."
    )


def of_array(array: held.Held, text: str, options: Options) -> Source:
    """An array whose features are the axes that are kept."""
    options.only("an array", "features", "mask", "array")
    held.check_numbers(array.dtype, text)
    try:
        features, note = arrays.kept_axes(array.shape, options.features)
    except DataError as error:
        raise DataError(f"{text}: {error}.") from error
    mask = None if options.mask is None else mask_of(options.mask, array.shape)
    units = arrays.Pieces(array, features, "", mask)
    names = arrays.feature_names(array.shape, features)
    notes = (note,) if note else ()
    return Source(names, "array", text, units, notes, axes=features, rows=array.shape[0])


def mask_of(mask: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Errors: SettingError for one that is not boolean, or does not broadcast to the shape."""
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


def _of_dask_array(given: Any, options: Options) -> Source:
    """One chunk after the other along the first axis, each computed where Dask's scheduler says."""
    rows = [slice(*ends) for ends in zip(*(_ends(given.chunks[0])), strict=True)]
    pieces = (np.asarray(given[part].compute()) for part in rows)
    return _of_pieces(pieces, "a Dask array", options)


def _of_several(given: Mapping[Any, Any], options: Options) -> Source:
    raise DataError(
        f"a {type(given).__name__} given, which holds {quoted(map(str, given))}; give one of them."
    )


def _ends(sizes: Sequence[int]) -> tuple[list[int], list[int]]:
    stops = np.cumsum(sizes).tolist()
    return [0, *stops[:-1]], stops


_OBJECTS: tuple[tuple[Callable[[Any], bool], Callable[[Any, Options], Source]], ...] = (
    (_from("datasets", "Dataset"), hugging_face.source),
    (_from("datasets", "IterableDataset"), hugging_face.source),
    (lambda given: isinstance(given, Mapping), _of_several),
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
