"""Divisive normalisation as a function.

Shapes are (N, C, *) unless said otherwise; y has the shape and dtype of the input.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Literal

from torch import Tensor

from normlab.equation.masks import check_valid
from normlab.equation.reference import normalize
from normlab.equation.row import Norm, Sigma
from normlab.equation.variants import divisive
from normlab.errors import SettingError
from normlab.kernels.sigma_inside import normalized
from normlab.tracing import in_tracer, recorded


@recorded
def divisive_norm(
    drive: Tensor,
    *,
    pool_input: Tensor | None = None,
    sigma: float | Tensor = 1.0,
    power: float | Tensor = 2.0,
    drive_power: float | Tensor | None = None,
    outer_power: float | Tensor = 1.0,
    sigma_at: Literal["inside", "outside"] = "inside",
    over: str = "c",
    reduce: Literal["sum", "mean"] = "sum",
    size: int | None = None,
    width: float | Sequence[float] | None = None,
    window: Literal["gaussian", "box"] = "gaussian",
    pool_weight: Tensor | None = None,
    channel_size: int | None = None,
    channel_width: float | Tensor | None = None,
    rectify: bool = False,
    center: bool = False,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """Divisive normalisation: a drive divided by the pooled activity of a population.

        y = weight · sgn(D)|D|^m / (sigma^n + pool |E|^n)^p + bias,   E = D or pool_input,
        n = power, m = drive_power (power unless given), p = outer_power

    sigma_at: "outside" divides by sigma + (pool |E|^n)^p instead: by sigma + √(Σ E²) with drive_power=1,
        power=2, outer_power=0.5. It computes as `normlab.normalize` does.
    Shapes: drive (N, C, *); pool_input agrees with it in all but the channels; sigma a number or (C,);
        weight (the γ of the paper), bias (C,); mask as in `normlab.normalize`.
    Pool: `over` names the axes pooled whole, out of n (batch), c (channels) and s (space): "c", "s",
        "c s", "n s" …; reduce="sum" or "mean" over them. With `size` or `width` (in samples; one, or
        one per output channel) space is a sliding window instead, Gaussian or box, whose weights sum
        to 1 and are renormalised at edges and masks: over="c" is then the sum over the channels of
        their local means (reduce="mean": the mean of them), over="s" each channel's own local mean.
    Channels: in place of their plain sum at most one of `pool_weight` (C, channels of the pool), >= 0,
        times them; `channel_size`, the sum of so many neighbours; `channel_width`, weights
        exp(−|i − j| / channel_width). Each may follow a window. A `pool_weight` (C, channels of the
        pool, *window) weighs the neighbours in space too, Σ w·a / Σ_inside w · Σ w at edges and masks.
    rectify: D = max(drive, 0), pooled so too; pool_input is taken as it is.
    center: the pool's mean is subtracted first, for reduce="mean" without weights between channels.
    Units: sigma has those of the drive; y those of weight times the drive's to the power m − n·p.
    Memory: drive (and pool_input) and at most one tensor of its size are kept for backward.
    Limits: zero drive → bias (NaN where sigma and the pool are 0); large drive → weight · share of it.
        At exactly 0 a power below 1 has an infinite slope; the gradient returned there is 0.
    Errors: SettingError for negative sigma or weights, an unknown axis, or choices that exclude each
        other; ShapeError; DtypeError; DataError for a mask of nothing or NaN at valid places.
    Source: Carandini & Heeger 2012, eq. 10, whose n = m = 2 and p = 1 are the defaults.

    >>> import torch
    >>> divisive_norm(torch.tensor([[1.0, 2.0]]), sigma=1.0)
    tensor([[0.1667, 0.6667]])
    >>> pool = torch.tensor([[1.0, 1.0]])
    >>> divisive_norm(torch.tensor([[2.0]]), pool_input=pool, sigma=1.0, power=1.0)
    tensor([[0.6667]])
    >>> divisive_norm(torch.tensor([[[3.0, 4.0]]]), over="s", drive_power=1, outer_power=0.5, sigma=0)
    tensor([[[0.6000, 0.8000]]])
    >>> root = {"over": "s", "drive_power": 1, "outer_power": 0.5}
    >>> divisive_norm(torch.tensor([[[3.0, 4.0]]]), sigma=5.0, sigma_at="outside", **root)
    tensor([[[0.3000, 0.4000]]])
    """
    check_valid("divisive_norm", drive, mask)
    if sigma_at not in ("inside", "outside"):
        raise SettingError(
            f"divisive_norm: sigma_at={sigma_at!r} given, but it must be 'inside' or 'outside'."
        )
    row, settings = equation(
        sigma=sigma,
        power=power,
        drive_power=drive_power,
        outer_power=outer_power,
        over=over,
        reduce=reduce,
        size=size,
        width=width,
        window=window,
        pool_weight=pool_weight,
        channel_size=channel_size,
        channel_width=channel_width,
        center=center,
    )
    x = drive.relu() if rectify else drive
    if sigma_at == "outside":
        row, tensors = (
            replace(row, sigma=Sigma("sigma", "outside")),
            {"weight": weight, "bias": bias},
        )
        return normalize(x, row, mask=mask, pool_input=pool_input, **tensors, **settings).y
    return normalized(
        x, row, weight=weight, bias=bias, mask=mask, pool_input=pool_input, **settings
    )


def equation(
    *,
    sigma: Any,
    power: Any,
    drive_power: Any,
    outer_power: Any,
    over: str,
    reduce: Literal["sum", "mean"],
    size: int | None,
    width: Any,
    window: str,
    pool_weight: Tensor | None,
    channel_size: int | None,
    channel_width: Any,
    center: bool,
    name: str = "divisive_norm",
) -> tuple[Norm, dict[str, Any]]:
    """The row that these arguments of `divisive_norm` mean, and its settings; `name` is for messages."""
    settings: dict[str, Any] = {"sigma": sigma, "power": power}
    optional = {
        "pool_weight": pool_weight,
        "channel_size": channel_size,
        "channel_width": channel_width,
        "drive_power": drive_power,
    }
    settings |= {name: value for name, value in optional.items() if value is not None}
    if size is not None or width is not None:
        settings |= {"size": size, "width": width, "window": window}
    if isinstance(outer_power, Tensor) or outer_power != 1.0:
        settings["outer_power"] = outer_power
    _check_names(name, reduce, window)
    row = chosen(settings, over=over, reduce=reduce, center=center, name=name)
    return row, settings


def _check_names(name: str, reduce: str, window: str) -> None:
    if reduce not in ("sum", "mean"):
        raise SettingError(f"{name}: reduce={reduce!r} given, but it must be 'sum' or 'mean'.")
    if window not in ("gaussian", "box"):
        raise SettingError(f"{name}: window={window!r} given, but it must be 'gaussian' or 'box'.")


_made = lru_cache(64)(divisive)
_MIXERS = {"pool_weight": "learned", "channel_size": "window", "channel_width": "decay"}


def chosen(
    settings: dict[str, Any],
    *,
    over: str,
    reduce: Literal["sum", "mean"],
    center: bool,
    name: str = "divisive_norm",
) -> Norm:
    """The row for these settings, once they are known to agree."""
    axes, spatial = set(over.split()), "window" in settings
    mixing = [name for name in _MIXERS if name in settings]
    weight = settings.get("pool_weight")
    neighbours = weight is not None and weight.dim() > 2
    _check_axes(name, over, axes, spatial, mixing)
    _check_choices(name, spatial, mixing, neighbours, reduce, center)
    make = divisive if in_tracer() else _made  # torch.compile warns of a cache
    return make(
        channels="c" in axes,
        space="s" in axes,
        batch="n" in axes,
        spatial=spatial,
        mixer=_MIXERS[mixing[0]] if mixing and not neighbours else None,
        neighbours=neighbours,
        reduce=reduce,
        center=center,
        own_drive="drive_power" in settings,
        outer="outer_power" in settings,
    )


def _check_axes(name: str, over: str, axes: set[str], spatial: bool, mixing: list[str]) -> None:
    if not axes or axes - set("ncs"):
        raise SettingError(
            f"{name}: over={over!r} given, but it must name axes out of n (batch), c (channels) "
            f"and s (space), separated by spaces."
        )
    if "n" in axes and (spatial or mixing):
        given = "a window (size, width)" if spatial else mixing[0]
        raise SettingError(
            f"{name}: over={over!r} pools the batch, but {given} works within each sample; leave "
            f"one of them out."
        )
    if mixing and "c" not in axes:
        raise SettingError(
            f"{name}: {mixing[0]} weighs channels, but over={over!r} does not pool them; put c "
            f"into over."
        )


def _check_choices(
    name: str, spatial: bool, mixing: list[str], neighbours: bool, reduce: str, center: bool
) -> None:
    if len(mixing) > 1:
        raise SettingError(
            f"{name}: {' and '.join(mixing)} all say how channels are weighed; give one."
        )
    if neighbours and spatial:
        raise SettingError(
            f"{name}: pool_weight has a window of its own, so size and width have no meaning; "
            "leave them out, or give pool_weight as (C, channels of the pool)."
        )
    if mixing and reduce == "mean":
        raise SettingError(
            f"{name}: reduce='mean' with {mixing[0]}, whose weights need not sum to 1; leave "
            f"reduce out, or scale them."
        )
    if center and (mixing or reduce != "mean"):
        raise SettingError(
            f"{name}: center=True subtracts the pool's mean, but the weights of this pool do not "
            "sum to 1; give reduce='mean', and neither pool_weight nor channel_size nor channel_width."
        )
