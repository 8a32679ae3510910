"""A layer from settings and arrays by our names, as another framework's convention has given them."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from normlab.conventions.convention import STEERING, WEIGHTS, Convention
from normlab.equation.table import TABLE
from normlab.errors import SettingError, ShapeError
from normlab.nn.registry import RowLayer


def built(entry: RowLayer, convention: Convention, values: dict[str, Any]) -> nn.Module:
    """The row's layer, with these settings and arrays by our names."""
    arrays = {name: values[name] for name in WEIGHTS if values.get(name) is not None}
    said = {name: values.pop(name, None) for name in STEERING}
    values = {name: v for name, v in values.items() if v is not None and name not in WEIGHTS}
    _check(convention, values)
    values |= _size(convention, values, arrays, said["axes"])
    present = {name: _present(convention, arrays, name, said) for name in ("weight", "bias")}
    dtype = {"dtype": next(iter(arrays.values())).dtype} if arrays else {}
    made = entry.layer(**values, **_affine(convention, present), **dtype)
    with torch.no_grad():
        for name, value in arrays.items():
            getattr(made, name).copy_(value.reshape(getattr(made, name).shape))
    if present["bias"] and not present["weight"]:
        made.weight.requires_grad_(False)  # a weight of 1 stands for none
    return made if said["training"] is None else made.train(said["training"])


def _check(convention: Convention, values: Mapping[str, Any]) -> None:
    """What no layer checks when it is made."""
    row = TABLE[convention.row]
    row.resolve({name: value for name, value in values.items() if name in row.defaults})
    momentum, word = values.get("momentum", 0.0), convention.word("momentum")
    if word is not None and not 0.0 <= momentum <= 1.0:
        raise SettingError(
            f"{convention.layer}: {word.name} given means a momentum of {momentum:g} here, which must be "
            f">= 0 and <= 1."
        )


def _present(
    convention: Convention, arrays: Mapping[str, Tensor], name: str, said: Mapping[str, Any]
) -> bool:
    """Whether there is a weight or bias: as a setting says, else where an array is given."""
    flag, word = convention.word(f"has_{name}"), convention.word(name)
    if flag is None or word is None:
        return name in arrays
    wanted = said[f"has_{name}"] is not False
    if not wanted and name in arrays:
        raise SettingError(
            f"{convention.layer}: {word.name} given, and {flag.name}=False, which leaves it out; choose one."
        )
    return wanted


def _affine(convention: Convention, present: Mapping[str, bool]) -> dict[str, bool]:
    if convention.row == "local_response":
        return {}
    if convention.row == "rms":
        return {"elementwise_affine": present["weight"]}
    name = "elementwise_affine" if convention.row == "layer" else "affine"
    return {name: any(present.values()), "bias": present["bias"]}


def _size(
    convention: Convention, values: Mapping[str, Any], arrays: Mapping[str, Tensor], axes: Any
) -> dict[str, Any]:
    """The argument that says how large the layer is, as given or as the arrays have it."""
    name = convention.size
    if name is None:
        return {}
    shapes = {convention.word(ours): tuple(value.shape) for ours, value in arrays.items()}
    told = ", ".join(f"{word.name} {shape}" for word, shape in shapes.items() if word)
    if name not in values and not shapes:
        words = ", ".join(word.name for word in convention.words if word.array)
        raise SettingError(
            f"{convention.layer}: the number of channels is not known; give {words} (a layer has them "
            f"once it is built), or {name}."
        )
    given = values.get(name, next(iter(shapes.values()), ()))
    shape = tuple(given) if isinstance(given, list | tuple | torch.Size) else (given,)
    flat = (math.prod(shape),)  # as Paddle keeps those of layer normalisation
    if any(other not in (shape, flat) for other in shapes.values()):
        raise ShapeError(
            f"{convention.layer}: {told} do not fit {name}={given}; give arrays that do."
        )
    if name != "normalized_shape" and len(shape) != 1:
        raise ShapeError(f"{convention.layer}: {told} given; each must have one value per channel.")
    if axes is not None and axes != len(shape):
        raise ShapeError(
            f"{convention.layer}: {told or given} given, which is not the shape of the last {axes} axes."
        )
    return {name: shape if name == "normalized_shape" else shape[0]}
