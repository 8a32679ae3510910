"""Which elements are pooled, and how: small frozen objects, named by the axes of x.

x has axes **n** (batch), **g** (channel group), **c** (channel within its group) and **s** (space, any
number of axes). A pool is a non-negative weighted sum over some of them. Where a field is a string, it
names the setting of the row that holds the value. The arithmetic is in `pooling.py`.
"""

from dataclasses import dataclass
from typing import Literal

Reduction = Literal["mean", "sum"]


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

    Of an even window the extra channel lies before, as in torch (ONNX: after).
    """

    size: int | str = "size"
    gain: float | str = "alpha"
    touches = frozenset("gc")
    reduce = "sum"
    text = "alpha/size · sum[c±size/2]"
    latex = r"\frac{\mathrm{alpha}}{\mathrm{size}} \sum_{c' \approx c}"


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


Pool = Axes | ChannelWindow | Surround | Learned


def is_mean(pool: Pool) -> bool:
    """Whether the weights sum to 1, so that a constant is its own pool and may be subtracted."""
    return isinstance(pool, Axes | Surround) and pool.reduce == "mean"
