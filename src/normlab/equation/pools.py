"""Which elements are pooled, and how: small frozen objects, named by the axes of x.

x has axes **n** (batch), **g** (channel group), **c** (channel within its group) and **s** (space, any
number of axes). A pool is a non-negative weighted sum over some of them. Where a field is a string, it
names the setting of the row that holds the value. The arithmetic is in `pooling.py`.
"""

from dataclasses import dataclass
from typing import Literal

Reduction = Literal["mean", "sum"]
AXES = {
    "n": "the samples of the batch",
    "g": "the groups of channels",
    "c": "the channels of a group",
    "s": "the places in space",
}


@dataclass(frozen=True)
class Axes:
    """Mean or sum over whole axes, for example ``Axes("n s")`` for batch normalisation.

    `shape` names a setting which, when given, replaces the axes by the last dimensions of x
    (`normalized_shape` of torch's layer norm).
    """

    over: str
    reduce: Reduction = "mean"
    groups: int | str = 1
    shape: str | None = None

    def __post_init__(self):
        unknown = set(self.over.split()) - set("ngcs")
        if unknown or not self.over:
            raise ValueError(f"Axes({self.over!r}): name axes out of n g c s, separated by spaces")

    @property
    def touches(self) -> frozenset[str]:
        return frozenset(self.over.split())

    @property
    def text(self) -> str:
        return f"{self.reduce}[{','.join(self.over.split())}]"

    @property
    def latex(self) -> str:
        if self.reduce == "sum":
            return rf"\sum_{{{','.join(self.over.split())}}}"
        return rf"\operatorname{{mean}}_{{{','.join(self.over.split())}}}"


@dataclass(frozen=True)
class ChannelWindow:
    """gain/size times the sum over `size` neighbouring channels; beyond the edges there are zeros.

    Without a gain it is the plain sum. Of an even window the extra channel lies before, as in torch
    (ONNX: after).
    """

    size: int | str = "size"
    gain: float | str | None = "alpha"
    touches = frozenset("gc")
    reduce = "sum"

    @property
    def text(self) -> str:
        gain = "" if self.gain is None else f"{self.gain}/{self.size} · "
        return f"{gain}sum[c±{self.size}/2]"

    @property
    def latex(self) -> str:
        if self.gain is None:
            return r"\sum_{c' \approx c}"
        return rf"\frac{{\mathrm{{{self.gain}}}}}{{\mathrm{{{self.size}}}}} \sum_{{c' \approx c}}"


@dataclass(frozen=True)
class ChannelDecay:
    """exp(−|i − j| / width) times channel j, summed over j, for output channel i at each place."""

    width: str = "channel_width"
    touches = frozenset("gc")
    reduce = "sum"
    text = "sum[c'] exp(−|c−c'|/channel_width) ·"
    latex = r"\sum_{c'} e^{-|c-c'| / \mathrm{channel\_width}}"


@dataclass(frozen=True)
class Surround:
    """A spatial window whose weights sum to 1, renormalised at the edges and over masked places.

    `window` is "box" or "gaussian", `size` the length of its side, `width` the standard deviation of
    the Gaussian in samples: a number, or one for each output channel. With `channels` the pool also
    takes all channels: their mean, or with ``reduce="sum"`` the sum of their local means.
    """

    size: int | str | None = "size"
    width: float | str | None = "width"
    window: str = "window"
    channels: bool = True
    reduce: Reduction = "mean"

    @property
    def touches(self) -> frozenset[str]:
        return frozenset("gcs") if self.channels else frozenset("s")

    @property
    def text(self) -> str:
        return f"{self.reduce}[{'c,' if self.channels else ''}window]"

    @property
    def latex(self) -> str:
        channels = "c," if self.channels else ""
        if self.reduce == "sum":
            return rf"\sum_{{{channels}\mathrm{{window}}}}"
        return rf"\operatorname{{mean}}_{{{channels}\mathrm{{window}}}}"


@dataclass(frozen=True)
class Learned:
    """pool_weight[i, j] ≥ 0 times channel j, summed over j, for output channel i at each place."""

    weight: str = "pool_weight"
    touches = frozenset("gc")
    reduce = "sum"
    text = "sum[c'] pool_weight[c,c'] ·"
    latex = r"\sum_{c'} \mathrm{pool\_weight}_{c c'}"


@dataclass(frozen=True)
class Neighbours:
    """pool_weight[i, j, offset] ≥ 0 times channel j that far away, summed over j and the window.

    At edges and over masked places the sum of what is inside is scaled up to the weights' whole sum.
    """

    weight: str = "pool_weight"
    touches = frozenset("gcs")
    reduce = "sum"
    text = "sum[c',window] pool_weight[c,c',window] ·"
    latex = r"\sum_{c',s'} \mathrm{pool\_weight}_{c c' s'}"


@dataclass(frozen=True)
class Both:
    """First a pool over space alone, then one that mixes the channels of what it gives."""

    space: Axes | Surround
    channels: ChannelWindow | ChannelDecay | Learned
    reduce = "sum"

    def __post_init__(self):
        if self.space.touches != {"s"}:
            raise ValueError(f"Both({self.space}, …): the first pool must run over space alone")

    @property
    def touches(self) -> frozenset[str]:
        return self.space.touches | self.channels.touches

    @property
    def text(self) -> str:
        return f"{self.channels.text} {self.space.text}"

    @property
    def latex(self) -> str:
        return f"{self.channels.latex} {self.space.latex}"


Pool = Axes | ChannelWindow | ChannelDecay | Surround | Learned | Neighbours | Both


def named(pool: Pool) -> frozenset[str]:
    """The settings a pool reads: its columns that are strings, but for what it is made of."""
    parts = (pool.space, pool.channels) if isinstance(pool, Both) else (pool,)
    plain = {"mean", "sum", *(getattr(part, "over", "") for part in parts)}
    # not vars(part), which a tracer of torch 2.10 cannot follow
    columns = [getattr(part, name) for part in parts for name in type(part).__match_args__]
    return frozenset(value for value in columns if isinstance(value, str)) - plain


def weighted_by(pool: Pool) -> str | None:
    """The setting that holds the pool's weights, or what they follow from; None where it has none."""
    part = pool.channels if isinstance(pool, Both) else pool
    if isinstance(part, ChannelDecay):
        return part.width
    return part.weight if isinstance(part, Learned | Neighbours) else None


def legend(pool: Pool) -> str:
    """What the letters under the pool's sign stand for.

    >>> legend(Axes("n s"))
    'n stands for the samples of the batch, s for the places in space'
    >>> legend(ChannelWindow())
    "c is a channel, and c' each channel that it is pooled with"
    """
    if isinstance(pool, Axes):
        first, *more = (f"for {AXES[axis]}" for axis in pool.over.split())
        axes = pool.over.split()
        rest = "".join(f", {axis} {words}" for axis, words in zip(axes[1:], more, strict=True))
        return f"{axes[0]} stands {first}{rest}"
    return "c is a channel, and c' each channel that it is pooled with"


def needs_space(pool: Pool) -> bool:
    """Whether the pool is empty of meaning for an (N, C) table."""
    part = pool.space if isinstance(pool, Both) else pool
    return isinstance(part, Surround | Neighbours) or part.touches == {"s"}


def is_mean(pool: Pool) -> bool:
    """Whether the weights sum to 1, so that a constant is its own pool and may be subtracted."""
    return isinstance(pool, Axes | Surround) and pool.reduce == "mean"
