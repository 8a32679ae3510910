"""A module and its input, from the words of a command line."""

import ast
import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from normlab._check import Checked, check
from normlab.errors import CheckError, DataError, SettingError

_CHANNELS = ("num_features", "num_channels", "channels", "features", "dim", "d", "c", "C")


def checked(
    place: str, sizes, data: Path | None, given: list[str], row, seed, mean, std
) -> Checked:
    """Import, make, feed and check; weight and bias are drawn, so that their effect is seen."""
    x = _drawn(sizes, seed, mean[0], std[0]) if data is None else _read(data)
    module = made(found(place), x, dict(_setting(text) for text in given))
    for number, parameter in enumerate(module.parameters()):
        nn.init.uniform_(parameter, 0.5, 1.5, torch.Generator().manual_seed(seed + number))
    return check(module.to(x.dtype), x, row=row)


def _drawn(sizes, seed: int, mean: float, std: float) -> Tensor:
    if sizes is None or any(size < 1 or size != int(size) for size in sizes):
        raise SettingError(
            f"--shape {'is missing' if sizes is None else f'{sizes} given'}; give whole sizes, batch "
            f"and channels first (--shape 16,8,32,32), or --data FILE."
        )
    generator = torch.Generator().manual_seed(seed)
    return torch.randn([int(size) for size in sizes], generator=generator) * std + mean


def _read(path: Path) -> Tensor:
    try:
        if path.suffix == ".npy":
            x = torch.from_numpy(np.load(path, allow_pickle=False))
        else:
            x = torch.load(path, weights_only=True)
    except (OSError, ValueError, RuntimeError, TypeError) as error:
        raise DataError(f"{path} cannot be read as npy or pt ({error}).") from error
    except Exception as error:  # what torch.load makes of a file that is none
        raise DataError(f"{path} is neither an npy nor a pt file of a tensor.") from error
    if not isinstance(x, Tensor):
        raise DataError(f"{path} holds a {type(x).__name__}; save one tensor.")
    return x


def found(place: str) -> type[nn.Module]:
    """The class of "package.module:Class" or "file.py:Class"."""
    home, _, name = place.partition(":")
    if not name:
        raise SettingError(
            f"{place!r} given; it must be package.module:Class, for example torch.nn:BatchNorm2d."
        )
    kind = getattr(_imported(home), name, None)
    if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
        given = "has no" if kind is None else "holds, but not as a torch.nn.Module,"
        raise CheckError(f"{home} {given} {name}; name a class derived from torch.nn.Module.")
    return kind


def _imported(home: str) -> Any:
    try:
        if not home.endswith(".py"):
            sys.path.insert(0, "")  # the user's own package, as python -m finds it
            return importlib.import_module(home)
        spec = importlib.util.spec_from_file_location(Path(home).stem, home)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    except SyntaxError as error:
        raise CheckError(f"{home}, line {error.lineno}: {error.msg}; mend the syntax.") from error
    except Exception as error:
        raise CheckError(
            f"{home} cannot be imported ({type(error).__name__}: {error}); give an installed module, "
            f"or a file that imports by itself."
        ) from error


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
    raise SettingError(
        f"{kind.__name__} needs {name}, which x does not tell; give --set {name}=VALUE."
    )
