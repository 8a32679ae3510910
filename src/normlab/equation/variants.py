"""Named forms that stand beside the table: built from rows, but not rows themselves."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from normlab.equation.masks import hide
from normlab.equation.pools import Axes, Learned, Surround
from normlab.equation.reference import Normalized, normalize
from normlab.equation.row import Norm, Sigma
from normlab.equation.table import TABLE

STD_PLUS_EPS = replace(
    TABLE["batch"],
    name="std_plus_eps",
    title="Batch normalisation with eps outside the root",
    sigma=Sigma("eps", "outside"),
    torch=(),
    conventions=("a common slip: std + eps is not the layer's √(var + eps).",),
)

_CLAMPED = replace(TABLE["local_contrast"], sigma=Sigma("sigma", "clamp"))

_WINDOW = tuple(s for s in TABLE["local_contrast"].settings if s.name != "sigma")
_SIZE_FREE = tuple(
    replace(s, default=None, domain=s.domain.or_none("from the width")) if s.name == "size" else s
    for s in _WINDOW
)
_WEIGHTS = tuple(s for s in TABLE["gdn"].settings if s.name == "pool_weight")


def divisive(*, spatial: bool = False, learned: bool = False, channels: bool = True) -> Norm:
    """The divisive row with another pool: a spatial surround, or learned weights between channels.

    >>> divisive(spatial=True).pool.text
    'sum[c,window]'
    """
    row = TABLE["divisive"]
    if learned:
        return replace(row, pool=Learned(), settings=row.settings + _WEIGHTS)
    if spatial:
        pool = Surround(channels=channels, reduce="sum")
        return replace(row, pool=pool, settings=row.settings + _SIZE_FREE)
    return row if channels else replace(row, pool=Axes("s", "sum"))


def jarrett(x: Tensor, *, mask: Tensor | None = None, **settings: Any) -> Normalized:
    """Local contrast normalisation as published: divided by max(c, σ_jk), c the mean σ of a sample.

        v = x − mean_window(x),   σ_jk = (mean_window v²)^½,   y = v / max(mean_jk σ_jk, σ_jk)

    Shapes and settings: as the row `local_contrast`, without sigma.
    Limits: a constant sample → 0: the divisor is never less than 1000 ε·max|x|, which only rounding
        could otherwise fill.
    Source: Jarrett, Kavukcuoglu, Ranzato & LeCun 2009, section 2.

    >>> import torch
    >>> jarrett(torch.full((1, 1, 5), 3.0), size=3).y.abs().max().item() < 1e-2
    True
    """
    first = normalize(x, _CLAMPED, mask=mask, sigma=0.0, **settings)
    if x.numel() == 0:
        return first
    work, valid = hide(x.to(first.scale.dtype), mask)
    spread, _ = hide(first.scale.expand(x.shape), mask)
    dims = tuple(range(1, x.dim()))
    count = x[0].numel() if valid is None else valid.sum(dims, keepdim=True).clamp_min(1)
    floor = spread.sum(dims, keepdim=True) / count
    scale = torch.maximum(first.scale, torch.maximum(floor, _rounding(work)))
    y = (work - first.center) / scale
    y = y if valid is None else torch.where(valid, y, 0.0)
    return replace(first, y=y.to(x.dtype), scale=scale)


def _rounding(x: Tensor) -> Tensor:
    """What rounding alone can leave of a constant sample: divided by less, it would be noise."""
    size = x.detach().nan_to_num().abs().amax(tuple(range(1, x.dim())), keepdim=True)
    kind = torch.finfo(x.dtype)
    return 1e3 * kind.eps * size + kind.tiny
