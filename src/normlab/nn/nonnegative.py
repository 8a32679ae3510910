"""Parameters that cannot become negative, and can leave their bound again.

A raw parameter holds the value itself; what is used is max(raw, least). Below the bound the gradient
passes only where descent would raise the parameter, so it never drifts away and never gets stuck
(the rule of Ballé, Laparra & Simoncelli 2016).
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from normlab.errors import SettingError
from normlab.nn.scripting import Unscripted
from normlab.tracing import in_forward_mode, in_transform, values_known, wants_operators

# σ enters as a power, whose slope is 0 at 0: a σ that reached 0 could not leave it. This share of its
# first value is the least it can become; for σ = 1 that is Ballé's β_min = 1e-6.
LEAST_SHARE = 1e-3
LEAST_POWER = 0.1  # the least that a learned exponent can become


def descends(grad: Tensor, above: Tensor) -> Tensor:
    """The gradient of a raw parameter: 0 where it is not above its bound, unless descent would raise it."""
    return torch.where(above | (grad < 0), grad, 0.0)


class _LowerBound(torch.autograd.Function):
    """max(x, bound), whose gradient survives below the bound when descent would raise x."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, bound: float) -> Tensor:
        ctx.save_for_backward(x >= bound)
        return x.clamp_min(bound)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (above,) = ctx.saved_tensors
        return descends(grads[0], above), None


class _LowerBoundTransformed(torch.autograd.Function):
    """The same for torch.func, which wants the context set up apart, at three times the cost."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, bound: float) -> Tensor:
        return x.clamp_min(bound)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        x, bound = inputs
        ctx.save_for_backward(x >= bound)

    backward = staticmethod(_LowerBound.backward)


class _LowerBoundForward(_LowerBoundTransformed):
    """The same in forward mode; apart, since torch.compile takes no function with a jvp."""

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        above = inputs[0] >= inputs[1]
        ctx.save_for_backward(above)
        ctx.save_for_forward(above)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        (above,) = ctx.saved_tensors
        return torch.where(above, tangents[0], 0.0)


class FirstValues(Unscripted):
    """A module that can set its parameters to what they were when it was made.

    `first` holds these values by name, on the CPU wherever the parameters are: after `to_empty` nothing
    else knows them. A single number is kept as one element, since FSDP2 refuses tensors of no dimension;
    files that hold it without one load.
    """

    first: dict[str, Tensor | float]

    def reset_parameters(self) -> None:
        """Every parameter as it was when the layer was made."""
        for name, value in self.first.items():
            put(getattr(self, name), value)

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        for name in self.first:
            key, held = prefix + name, getattr(self, name)
            value = state_dict.get(key)
            if value is not None and held is not None and held.shape == (1,) and value.dim() == 0:
                state_dict[key] = value.reshape(1)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def put(held: Tensor | None, value: Tensor | float) -> None:
    """Write a value into a parameter, if there is one; of one that is sharded, into the own shard."""
    if held is None:
        return
    with torch.no_grad():
        if not isinstance(value, Tensor):
            held.fill_(value)
        elif hasattr(held, "device_mesh"):  # a DTensor, whose package takes long to import
            held.copy_(_sharded(value, held))
        else:
            held.copy_(value)


def _sharded(value: Tensor, like: Any) -> Tensor:
    from torch.distributed.tensor import distribute_tensor

    local = value.to(like.device, like.dtype)
    return distribute_tensor(local, like.device_mesh, like.placements, src_data_rank=None)


def placed(value: Tensor, kind: Mapping[str, Any]) -> Tensor:
    """A copy of it where a new tensor of that device and dtype would be, under torch.device(…) too."""
    return torch.empty(value.shape, **kind).copy_(value.detach())


def raw(value: Tensor) -> nn.Parameter:
    """The parameter that holds a non-negative value.

    >>> lower(raw(torch.tensor([0.0, 0.25]))).detach()
    tensor([0.0000, 0.2500])
    """
    if values_known(value) and not bool((value >= 0).all()):
        raise SettingError(f"{value.min().item():g} given where values must be >= 0.")
    return nn.Parameter(value)


def lower(parameter: Tensor, least: float = 0.0) -> Tensor:
    """The value in use: the raw parameter, or its bound where it lies below."""
    plainly = not (torch.is_grad_enabled() or in_transform())  # nobody asks for a gradient
    if plainly or (wants_operators() and not in_forward_mode()):
        return parameter.clamp_min(least)
    if in_forward_mode():
        return _LowerBoundForward.apply(parameter, least)
    return (_LowerBoundTransformed if in_transform() else _LowerBound).apply(parameter, least)
