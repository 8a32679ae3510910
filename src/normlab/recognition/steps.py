"""Elementwise steps that modules take after a normalisation: an activation, a learned threshold."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from normlab.recognition.copies import copied
from normlab.recognition.found import Step

Function = Callable[[Tensor], Tensor]
STEPS: dict[str, Function] = {
    "ReLU": F.relu,
    "ReLU6": F.relu6,
    "SiLU": F.silu,
    "GELU": F.gelu,
    "GELU (tanh)": lambda y: F.gelu(y, approximate="tanh"),
    "leaky ReLU": F.leaky_relu,
    "ELU": F.elu,
    "hard swish": F.hardswish,
    "Mish": F.mish,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softplus": F.softplus,
}


@dataclass(frozen=True)
class After:
    """A step as a recipe: a child of the module, a threshold that it holds, or a known function."""

    words: str
    child: str = ""
    tau: str = ""

    def function(self, module: nn.Module) -> Function:
        if self.child:
            return _out_of_place(module.get_submodule(self.child))
        if self.tau:
            return threshold(_held(module, self.tau))
        return STEPS[self.words]

    def made(self, module: nn.Module) -> Step:
        """The step in float64, with the numbers of the module."""
        child = module.get_submodule(self.child) if self.child else None
        wide = None if child is None else _out_of_place(copied(child).double().eval())
        parameters = (self.tau,) if self.tau else ()
        if child is not None:
            parameters = tuple(f"{self.child}.{name}" for name, _ in child.named_parameters())
        return Step(self.words, wide or self.function(module), child, parameters)


def after(module: nn.Module, rest: list[str]) -> list[After]:
    """The steps that a module may take: its own elementwise children, thresholds, known functions."""
    children = [
        After(_called(part), child=name)
        for name, part in module.named_children()
        if not isinstance(part, nn.Identity) and _elementwise(part)
    ]
    return [
        *children,
        *map(After, STEPS),
        *(After(f"the larger of it and {n}", tau=n) for n in rest),
    ]


def threshold(tau: Tensor) -> Function:
    """max(y, tau), one tau for each channel."""

    def function(y: Tensor) -> Tensor:
        return torch.maximum(y, tau.to(y).reshape(1, -1, *[1] * (y.dim() - 2)))

    return function


def _out_of_place(part: nn.Module) -> Function:
    return lambda y: part(y.clone())


def _held(module: nn.Module, name: str) -> Tensor:
    home, _, last = name.rpartition(".")
    return getattr(module.get_submodule(home), last)


def _elementwise(part: nn.Module) -> bool:
    """Whether each input changes only its own output, and at most one parameter is needed."""
    x = torch.linspace(-2.0, 2.0, 12, dtype=torch.float64).view(3, 4)
    other = x.clone()
    other[1, 2] += 1.0
    try:
        with torch.no_grad():
            changed = copied(part).double()(x) != copied(part).double()(other)
    except Exception:
        return False
    return changed.shape == x.shape and int(changed.sum()) <= 1 and not changed[0].any()


def _called(part: nn.Module) -> str:
    """Its class, and its arguments where they are few."""
    shown = str(part).replace(", inplace=True", "").replace("inplace=True", "").removesuffix("()")
    return shown if len(shown) < 40 and "\n" not in shown else type(part).__name__
