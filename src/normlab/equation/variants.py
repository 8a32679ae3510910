"""Named forms that stand beside the table: built from rows, but not rows themselves."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from normlab.equation.domains import COUNT, POSITIVE
from normlab.equation.masks import hide
from normlab.equation.pools import (
    Axes,
    Both,
    ChannelDecay,
    ChannelWindow,
    Learned,
    Neighbours,
    Pool,
    Reduction,
    Surround,
)
from normlab.equation.reference import Normalized, normalize
from normlab.equation.row import Norm, Setting, Sigma
from normlab.equation.table import find

STD_PLUS_EPS = replace(
    find("batch"),
    name="std_plus_eps",
    title="Batch normalisation with eps outside the root",
    sigma=Sigma("eps", "outside"),
    torch=(),
    conventions=("a common slip: std + eps is not the layer's √(var + eps).",),
)

_CLAMPED = replace(find("local_contrast"), sigma=Sigma("sigma", "clamp"))

_WINDOW = tuple(s for s in find("local_contrast").settings if s.name != "sigma")
_SIZE_FREE = tuple(
    replace(s, default=None, domain=s.domain.or_none("from the width")) if s.name == "size" else s
    for s in _WINDOW
)
_WEIGHTS = tuple(s for s in find("gdn").settings if s.name == "pool_weight")
_CHANNEL_SIZE = Setting("channel_size", 5, COUNT, "channels in the window")
_CHANNEL_WIDTH = Setting("channel_width", 1.0, POSITIVE.single(), "reach across channels", "λ")
_DRIVE = Setting("drive_power", 2.0, POSITIVE.single(), "exponent of the drive alone", "m")
_OUTER = Setting("outer_power", 1.0, POSITIVE.single(), "exponent of σⁿ + pool", "p")

# what mixes the channels, and the settings that it reads
MIXERS: Mapping[str, tuple[ChannelWindow | ChannelDecay | Learned, tuple[Setting, ...]]] = {
    "learned": (Learned(), _WEIGHTS),
    "window": (ChannelWindow("channel_size", None), (_CHANNEL_SIZE,)),
    "decay": (ChannelDecay(), (_CHANNEL_WIDTH,)),
}


def divisive(
    *,
    channels: bool = True,
    space: bool = False,
    batch: bool = False,
    spatial: bool = False,
    learned: bool = False,
    mixer: str | None = None,
    neighbours: bool = False,
    reduce: Reduction = "sum",
    center: bool = False,
    own_drive: bool = False,
    outer: bool = False,
) -> Norm:
    """The divisive row with another pool: whole axes, a spatial window, weights between channels.

    `spatial` slides a window over space; `mixer` is a name of `MIXERS`, `learned` short for the first;
    `neighbours` has learned weights over channels and a window; `own_drive` and `outer` give the
    drive and the whole scale powers of their own.

    >>> divisive(spatial=True).pool.text
    'sum[c,window]'
    >>> divisive(channels=True, space=True, reduce="mean").pool.text
    'mean[g,c,s]'
    """
    mixer = "learned" if learned else mixer
    mixing, more = MIXERS[mixer] if mixer else (None, _WEIGHTS if neighbours else ())
    within: Axes | Surround
    if spatial:
        within = Surround(channels=channels and mixing is None, reduce=reduce)
    else:
        named = {"n": batch, "g c": channels and mixing is None, "s": space}
        within = Axes(" ".join(axes for axes, taken in named.items() if taken) or "s", reduce)
    pool: Pool = Neighbours() if neighbours else within
    if mixing is not None:
        pool = Both(within, mixing) if spatial or space else mixing
    return replace(
        find("divisive"),
        pool=pool,
        center=center,
        settings=(
            *find("divisive").settings,
            *more,
            *(_SIZE_FREE if spatial else ()),
            *((_DRIVE,) if own_drive else ()),
            *((_OUTER,) if outer else ()),
        ),
        m="drive_power" if own_drive else "power",
        p="outer_power" if outer else 1.0,
    )


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
