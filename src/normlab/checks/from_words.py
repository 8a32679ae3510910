"""A module and its input, from the words of a command line."""

import ast
import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from normlab.checks.checking import Checked, check
from normlab.data.tensors import drawn, read_tensor
from normlab.errors import CheckError, SettingError
from normlab.system.importing import named

_CHANNELS = ("num_features", "num_channels", "channels", "features", "dim", "d", "c", "C")


def checked(
    place: str,
    sizes: Sequence[float] | None,
    data: Path | None,
    given: list[str],
    row: str | None,
    seed: int,
    mean: float,
    std: float,
) -> Checked:
    """Import, make, feed and check; weight and bias are drawn, so that their effect is seen."""
    x = drawn(sizes, seed, mean, std) if data is None else read_tensor(data)
    module = made(found(place), x, dict(_setting(text) for text in given))
    for number, parameter in enumerate(module.parameters()):
        nn.init.uniform_(parameter, 0.5, 1.5, torch.Generator().manual_seed(seed + number))
    return check(module.to(x.dtype), x, row=row)


def found(place: str) -> type[nn.Module]:
    """The class of "package.module:Class" or "file.py:Class"."""
    kind = named(place, "torch.nn:BatchNorm2d")
    if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
        home, _, name = place.partition(":")
        given = "has no" if kind is None else "holds, but not as a torch.nn.Module,"
        raise CheckError(f"{home} {given} {name}; name a class derived from torch.nn.Module.")
    return kind


def _setting(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign:
        raise SettingError(f"--set {text!r} given; it must be NAME=VALUE, for example eps=1e-3.")
    try:
        return name, ast.literal_eval(value)
    except (SyntaxError, ValueError):
        return name, value


def made(kind: type[nn.Module], x: Tensor, settings: dict[str, Any]) -> nn.Module:
    """The module, with what it must be told about the size of x filled in."""
    parameters = inspect.signature(kind).parameters.values()
    for parameter in parameters:
        plain = parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        if parameter.default is parameter.empty and plain and parameter.name not in settings:
            settings[parameter.name] = _filled(kind, parameter.name, x)
    try:
        return kind(**settings)
    except Exception as error:
        raise CheckError(
            f"{kind.__name__}({', '.join(f'{k}={v!r}' for k, v in settings.items())}) cannot be made "
            f"({type(error).__name__}: {error}); set its arguments with --set NAME=VALUE."
        ) from error


def _filled(kind: type, name: str, x: Tensor) -> Any:
    if name in _CHANNELS and x.dim() > 1:
        return x.shape[1]
    if name == "normalized_shape":
        return tuple(x.shape[-1:])
    if name == "num_dims":  # as the textbook D2L calls the number of axes
        return x.dim()
    raise SettingError(
        f"{kind.__name__} needs {name}, which the shape of x does not determine; give --set {name}=VALUE."
    )
