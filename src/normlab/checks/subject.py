"""What is being checked: a module, the row it claims to be, and that row's float64 reference."""

import copy
import warnings
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from normlab.equation.reference import Normalized, normalize
from normlab.equation.row import Norm
from normlab.errors import CheckError


@dataclass(frozen=True)
class Subject:
    """A module and what it is taken for; `how` says why."""

    module: nn.Module
    row: Norm
    settings: dict[str, Any]
    weight: Tensor | None
    bias: Tensor | None
    how: str

    @property
    def name(self) -> str:
        return type(self.module).__name__

    @property
    def tracks(self) -> bool:
        return getattr(self.module, "running_mean", None) is not None

    def fresh(self, training: bool, dtype: torch.dtype | None = None) -> nn.Module:
        """A copy to run: the user's module keeps its statistics, gradients and mode."""
        module = copied(self.module).train(training)
        return module if dtype is None else module.to(dtype)

    def reference(
        self, x: Tensor, training: bool, affine: tuple[Any, Any] | None = None
    ) -> Normalized:
        """The row in float64, with the module's weight and bias (or those given)."""
        weight, bias = (self.weight, self.bias) if affine is None else affine
        wide = {"weight": _wide(weight), "bias": _wide(bias)}
        if not training and self.tracks:
            running = (self.module.running_mean, self.module.running_var)
            wide["statistics"] = tuple(_wide(value) for value in running)
        settings = {name: _wide(value) for name, value in self.settings.items()}
        return normalize(x.double(), self.row, **wide, **settings)


def _wide(value: Any) -> Any:
    """Parameters in float64; those that carry a gradient keep their graph."""
    return value.double() if isinstance(value, Tensor) and value.is_floating_point() else value


def copied(module: nn.Module) -> nn.Module:
    try:
        return copy.deepcopy(module)
    except Exception as error:
        raise CheckError(
            f"{type(module).__name__} cannot be copied ({type(error).__name__}: {error}), so a check "
            f"would change it; give a module whose state is parameters, buffers and plain values."
        ) from error


def run(module: nn.Module, x: Tensor) -> Tensor:
    """y of the module, or an error in words."""
    try:
        with warnings.catch_warnings(action="ignore"):
            y = module(x)
    except Exception as error:
        raise CheckError(
            f"{type(module).__name__} has no output for x of shape {tuple(x.shape)}, "
            f"{str(x.dtype).removeprefix('torch.')} ({type(error).__name__}: {_line(error)}); give a "
            f"shape it takes."
        ) from error
    if not isinstance(y, Tensor) or y.shape != x.shape:
        given = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
        raise CheckError(
            f"{type(module).__name__} returns {given} for x of shape {tuple(x.shape)}; a normaliser "
            f"returns one tensor of the shape of x."
        )
    return y


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
