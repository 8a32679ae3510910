"""What computes a call: the C++ kernels or torch's operators, and why."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from torch import nn

from normlab.errors import CheckError
from normlab.tracing import watched


@dataclass(frozen=True)
class Explained:
    """The functions of normlab that a call went through, each with what computed it."""

    calls: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return "\n".join(f"{name}: {path}" for name, path in self.calls)


def explain(module: nn.Module, x: Any) -> Explained:
    """What computes `module(x)`: each function of normlab in it, and its path.

    A copy of the module is called, so that no running statistics move.
    Errors: CheckError where the call goes through no function of normlab.

    >>> import torch, normlab
    >>> told = normlab.explain(normlab.nn.LayerNorm(4), torch.ones(2, 4))
    >>> print(told)
    layer_norm: torch's operators
    """
    with watched() as seen:
        deepcopy(module)(x)
    if not seen:
        raise CheckError(
            f"explain: a call of {type(module).__name__} goes through no function of normlab; give a "
            f"module with a layer of normlab.nn in it."
        )
    return Explained(tuple((name, ", ".join(path) or "torch's operators") for name, *path in seen))
