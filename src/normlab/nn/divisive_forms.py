"""The published forms of divisive normalisation, as constructors of one layer."""

import math
from collections.abc import Sequence
from typing import Any, Literal, Self

import torch
from torch import nn

from normlab.equation.papers import ALEXNET
from normlab.errors import SettingError
from normlab.nn.nonnegative import FirstValues


class PublishedForms(FirstValues):
    """Constructors in the papers' own constants; `**more` goes to the layer as it is."""

    weight: nn.Parameter | None

    @classmethod
    def ren(
        cls,
        num_channels: int,
        *,
        sigma: float = 1.0,
        over: str = "c s",
        size: int | None = None,
        width: float | Sequence[float] | None = None,
        window: Literal["gaussian", "box"] = "box",
        **more: Any,
    ) -> Self:
        """(x − mean_A x) / √(σ² + mean_B (x − mean_A x)²), here with B = A.

        A is a window (size, width; over="c" all channels, "s" each its own) or whole axes: over="n s"
        with σ = √eps is batch normalisation in training, over="c s" is layer normalisation.

        Source: Ren, Liao, Urtasun, Sinz & Zemel 2017, arXiv:1611.04520, table 1.
        """
        return cls(
            num_channels,
            sigma=sigma,
            drive_power=1.0,
            outer_power=0.5,
            over=over,
            reduce="mean",
            center=True,
            size=size,
            width=width,
            window=window,
            **more,
        )

    @classmethod
    def root_mean_square(
        cls, num_channels: int, *, eps: float | None = None, over: str = "c", **more: Any
    ) -> Self:
        """x / √(σ² + mean x²) over the channels of each place, or over="c s" over space too.

        The signed form that can stand where batch or layer normalisation stood: with eps, σ = √eps and
        is not learned; without it, σ starts at 1 and is.

        Source: Zhang & Sennrich 2019, eq. 4, with another pool.
        """
        fixed = {} if eps is None else {"sigma": math.sqrt(eps), "learn_sigma": False}
        form = {"drive_power": 1.0, "outer_power": 0.5, "reduce": "mean", "over": over}
        return cls(num_channels, **form | fixed | more)

    @classmethod
    def miller(
        cls,
        num_channels: int,
        *,
        width: float = 1.0,
        alpha: float = 1.0,
        k: float = 1.0,
        beta: float = 1.0,
        **more: Any,
    ) -> Self:
        """a² / (k (1 + α/λ Σ_j a_j² e^(−|j|/λ)))^β of the rectified a = max(x, 0), j a distance of channels.

        The same as (kα/λ)^(−β) · a² / (λ/α + Σ …)^β: λ is channel_width, √(λ/α) is sigma and
        (kα/λ)^(−β) is weight, of which the last two are learned. The numbers here are ours.

        Source: Miller, Naresh, Raghavan & Heeger 2022 (divisive normalisation after ReLU).
        """
        layer = cls(
            num_channels,
            sigma=math.sqrt(width / alpha),
            outer_power=beta,
            channel_width=width,
            rectify=True,
            **more,
        )
        return layer._scaled((k * alpha / width) ** -beta)

    @classmethod
    def schwartz_simoncelli(
        cls, num_channels: int, *, kernel: int | Sequence[int] = (), sigma: float = 1.0, **more: Any
    ) -> Self:
        """⌊x⌋² / (σ² + Σ_k w_k ⌊x_k⌋²), w >= 0 learned over channels and, with a kernel, over neighbours.

        With `pool_input=x` in the call, the neighbours' squares x_k² are pooled without rectification.

        Source: Schwartz & Simoncelli 2001, Nature Neuroscience 4:819.
        """
        return cls(num_channels, sigma=sigma, rectify=True, learn_pool=True, kernel=kernel, **more)

    @classmethod
    def local_contrast(
        cls,
        num_channels: int,
        *,
        size: int = 9,
        width: float | None = None,
        window: Literal["gaussian", "box"] = "gaussian",
        sigma: float = 1.0,
        **more: Any,
    ) -> Self:
        """v / √(σ² + mean_window v²), v = x − mean_window x over all channels and a window of space.

        Source: Jarrett, Kavukcuoglu, Ranzato & LeCun 2009, section 2, with a constant σ.
        """
        shape = {"size": size, "width": width, "window": window}
        return cls.ren(num_channels, sigma=sigma, over="c", **shape, **more)

    @classmethod
    def alexnet(
        cls,
        num_channels: int,
        *,
        size: int = ALEXNET["size"],
        alpha: float = ALEXNET["alpha"],
        beta: float = ALEXNET["beta"],
        k: float = ALEXNET["k"],
        **more: Any,
    ) -> Self:
        """x / (k + α Σ x²)^β over `size` neighbouring channels, nothing learned.

        α is the paper's: in torch's LocalResponseNorm, which divides by the size, it is alpha/size. The
        same as α^(−β) · x / (k/α + Σ x²)^β: √(k/α) is sigma and α^(−β) is weight.

        Source: Krizhevsky, Sutskever & Hinton 2012, section 3.3.
        """
        layer = cls(
            num_channels,
            sigma=math.sqrt(k / alpha),
            drive_power=1.0,
            outer_power=beta,
            channel_size=size,
            learn_sigma=False,
            **more,
        )
        return layer._scaled(alpha**-beta).requires_grad_(False)

    @classmethod
    def gdn(cls, num_channels: int, *, sigma: float = 1.0, pool: float = 0.1, **more: Any) -> Self:
        """x_i / √(σ_i² + Σ_j w_ij x_j²), w starting at `pool` times the identity; β is σ², γ is w.

        Source: Ballé, Laparra & Simoncelli 2016, arXiv:1511.06281.
        """
        weights = pool * torch.eye(num_channels, dtype=torch.float64, device="cpu")
        powers = {"drive_power": 1.0, "outer_power": 0.5}
        return cls(num_channels, sigma=sigma, pool_weight=weights, affine=False, **powers, **more)

    def _scaled(self, factor: float) -> Self:
        if self.weight is None:
            raise SettingError(
                "DivisiveNorm: affine=False leaves out the weight, which this form needs; leave "
                "affine out."
            )
        self.first["weight"] = factor
        self.reset_parameters()
        return self
