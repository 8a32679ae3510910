"""That a layer gives the right numbers, before it is timed: y and every gradient against float64."""

from collections.abc import Callable
from copy import deepcopy

import torch
from torch import Tensor, nn

from normlab.bench.kinds import Kind
from normlab.errors import CheckError

# the largest difference, in units of the largest value and of the dtype's eps: half types are computed in
# float32 and rounded once each way, the others in their own precision
ROUNDINGS = {torch.float32: 64, torch.float64: 64, torch.bfloat16: 2, torch.float16: 2}


def slopes(
    run: Callable[[Tensor], Tensor], x: Tensor, own: list[nn.Parameter], g: Tensor
) -> list[Tensor]:
    """y and the gradients of x and of the parameters that it depends on."""
    leaf = x.detach().requires_grad_()
    y = run(leaf)
    found = torch.autograd.grad(y, [leaf, *own], g, allow_unused=True)
    zeros = (torch.zeros_like(a) for a in (leaf, *own))
    return [y.detach(), *(z if a is None else a for a, z in zip(found, zeros, strict=True))]


def expected(kind: Kind, layer: nn.Module, channels: int, x: Tensor, g: Tensor) -> list[Tensor]:
    """The same by the equation in float64, on the CPU."""
    wide = deepcopy(layer).cpu().double()
    run = kind.composed(wide, channels)
    return slopes(run, x.cpu().double(), list(wide.parameters()), g.cpu().double())


def farthest(found: list[Tensor], right: list[Tensor]) -> float:
    """The largest of the shares."""
    return max(shares(found, right))


def shares(found: list[Tensor], right: list[Tensor]) -> list[float]:
    """Each one's largest difference, in units of what rounding may make of it: above 1, wrong."""
    return [_share(a, b) for a, b in zip(found, right, strict=True)]


def _share(a: Tensor, b: Tensor) -> float:
    limit = ROUNDINGS[a.dtype] * torch.finfo(a.dtype).eps * max(b.abs().max().item(), 1e-3)
    difference = (a.cpu().double() - b).abs().max().item()
    return difference / limit if difference == difference else float("inf")


def check(name: str, found: list[Tensor], right: list[Tensor], slack: list[float]) -> None:
    """CheckError where a result is wrong. slack: how many times as far as rounding each may be."""
    share, most = max(
        zip(shares(found, right), slack, strict=True), key=lambda pair: pair[0] / pair[1]
    )
    if share > most:
        raise CheckError(
            f"{name}: y or a gradient differs from float64 by {share:.3g} times what rounding may make "
            "of it; nothing was timed. This is a fault of normlab or of torch: please report it."
        )
