"""RMS normalisation that keeps x alone: torch's forward, a backward that computes its rate again.

torch composes this norm on the CPU, keeps two arrays of x's size and takes its backward step by step.
On other devices it has kernels of its own, which run there.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from normlab.dtypes import computed_in, widened
from normlab.kernels import norms, thresholds
from normlab.kernels.blocks import in_blocks
from normlab.kernels.slopes import learns
from normlab.tracing import values_known


def normalized(x: Tensor, shape: list[int], weight: Tensor | None, eps: float | None) -> Tensor:
    """y = weight · x / √(mean x² + eps) over the last dimensions, in the dtype of x."""
    kind = computed_in(x.dtype)
    found = norms.rms(x, shape, weight, torch.finfo(kind).eps if eps is None else eps)
    if found is not None:
        return found
    enough = x.is_cpu and values_known(x) and x.numel() >= thresholds.LEAST["rms in blocks"]
    if enough and learns(x, weight):
        return _RMSNorm.apply(x, weight, shape, torch.finfo(kind).eps if eps is None else eps)  # pyright: ignore
    return _forward(x, shape, weight, eps)


def _forward(x: Tensor, shape: list[int], weight: Tensor | None, eps: float | None) -> Tensor:
    if weight is None or weight.dtype == x.dtype:
        return F.rms_norm(x, shape, weight, eps)
    # torch would round the weight to a half input's dtype
    wide = torch.promote_types(x.dtype, weight.dtype)
    return F.rms_norm(x.to(wide), shape, weight.to(wide), eps).to(x.dtype)


class _RMSNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor | None, shape: list[int], eps: float) -> Tensor:
        ctx.shape, ctx.eps = shape, eps
        ctx.save_for_backward(x, weight)
        return _forward(x, shape, weight, eps)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor):
        x, weight = ctx.saved_tensors
        pooled = math.prod(ctx.shape)
        samples = math.prod(x.shape[: x.dim() - len(ctx.shape)])
        rows, slopes = (a.reshape(samples, pooled) for a in (x, grads[0]))
        own = None if weight is None else weight.flatten()
        part = _Slopes(own, ctx.eps, ctx.needs_input_grad[1]).part
        gx, gw = in_blocks(part, rows, (True, False), slopes, rows)
        assert gx is not None
        return (
            gx.view(x.shape),
            None if gw is None or weight is None else gw.view(weight.shape),
            None,
            None,
        )


class _Slopes:
    def __init__(self, weight: Tensor | None, eps: float, learns: bool):
        self.weight, self.eps, self.learns = weight, eps, learns

    def part(self, g: Tensor, x: Tensor, out: Any) -> tuple[Tensor, Tensor | None]:
        """For x and weight: with r = (mean x² + eps)^(−½) and h = weight·g, r·h − x·r³·mean(h·x)."""
        a, g = widened(x), widened(g)
        rate = (a.square().mean(1, keepdim=True) + self.eps).rsqrt()
        own = g if self.weight is None else g * self.weight
        tilt = (own * a).mean(1, keepdim=True) * rate**3
        gx = torch.addcmul(own * rate, a, tilt, value=-1)
        gw = (g * a * rate).sum(0) if self.weight is not None and self.learns else None
        return gx.to(x.dtype), gw if gw is None else gw.to(self.weight.dtype)  # pyright: ignore
