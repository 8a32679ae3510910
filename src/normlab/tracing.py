"""In what way torch is running this call: plainly, traced, under a transform, or again for backward."""

import torch
from torch import Tensor

_functorch = torch._C._functorch  # pyright: ignore[reportAttributeAccessIssue]


def values_known(x: Tensor) -> bool:
    """Whether code may branch on the values of x: not when compiled, exported, transformed or on meta."""
    return not (torch.compiler.is_compiling() or x.is_meta or in_transform())


def in_transform() -> bool:
    """Whether a transform of torch.func (vmap, grad, jacrev …) is active."""
    return _functorch.maybe_current_level() is not None


def in_backward() -> bool:
    """Whether autograd is running a backward pass, as when a checkpoint computes its forward again."""
    return not torch.compiler.is_compiling() and torch._C._current_graph_task_id() != -1
