"""Divisive normalisation as a layer."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import _disable_current_modes

from normlab import functional
from normlab.errors import SettingError, ShapeError
from normlab.functional.divisive import equation
from normlab.nn import dividing
from normlab.nn.checks import check_channels, check_count, check_settings
from normlab.nn.dividing import Form
from normlab.nn.divisive_forms import PublishedForms
from normlab.nn.nonnegative import LEAST_POWER, LEAST_SHARE, lower, placed, raw
from normlab.tracing import plain, recorded_layer, values_known

_PLAIN = {  # the plain settings, which the layer hands on as they are, and their defaults
    "drive_power": None,
    "outer_power": 1.0,
    "over": "c",
    "reduce": "sum",
    "size": None,
    "width": None,
    "window": "gaussian",
    "channel_size": None,
    "channel_width": None,
    "rectify": False,
    "center": False,
}


class DivisiveNorm(PublishedForms):
    """Divisive normalisation: each unit's drive divided by the pooled activity of a population.

        y = weight · sgn(D)|D|^m / (sigma^n + pool |E|^n)^p + bias,   E = D or pool_input,
        n = power, m = drive_power (power unless given), p = outer_power

    Args: num_channels; over, reduce, size, width, window, channel_size, channel_width, rectify and center
        as in `normlab.functional.divisive_norm`; power=2.0, drive_power=None and outer_power=1.0.
    Learned: sigma=1.0, a number (one value per channel; with shared_sigma=True a single one) or one for
        each (learn_sigma=False: kept as it is); with learn_power=True the power, and the drive's with it
        unless drive_power is given; with learn_pool=True weights between channels from pool_channels of
        the pool_input, starting at 1/pool_channels, and with `kernel` (the window's sides, one for
        each axis of space) over neighbours in space too; pool_weight gives their first values; weight
        (the γ of the paper) and bias unless affine=False.
    Domain: sigma >= 0.001 of its least first value, weights of the pool >= 0, power >= 0.1, always.
    Shapes: x (N, C, *); sigma, weight, bias (C,); pool_weight (C, pool_channels, *kernel); mask and,
        by keyword alone, pool_input, as in `normlab.functional.divisive_norm`.
    Units: sigma has those of x.
    Errors: ShapeError, DtypeError, SettingError, DataError.
    Limits: zero drive → bias.
    Source: Carandini & Heeger 2012, eq. 10; other published forms: `ren`, `miller`,
        `schwartz_simoncelli`, `local_contrast`, `alexnet`, `gdn`.

    >>> import torch
    >>> DivisiveNorm(2)(torch.tensor([[1.0, 2.0]])).detach()
    tensor([[0.1667, 0.6667]])
    """

    def __init__(
        self,
        num_channels: int,
        *,
        sigma: float | Sequence[float] | Tensor = 1.0,
        power: float = 2.0,
        drive_power: float | None = None,
        outer_power: float = 1.0,
        over: str = "c",
        reduce: Literal["sum", "mean"] = "sum",
        size: int | None = None,
        width: float | Sequence[float] | None = None,
        window: Literal["gaussian", "box"] = "gaussian",
        channel_size: int | None = None,
        channel_width: float | None = None,
        rectify: bool = False,
        center: bool = False,
        learn_sigma: bool = True,
        shared_sigma: bool = False,
        learn_power: bool = False,
        learn_pool: bool = False,
        pool_channels: int | None = None,
        kernel: int | Sequence[int] = (),
        pool_weight: Tensor | None = None,
        affine: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        kind: dict[str, Any] = {"device": device, "dtype": dtype}
        given = locals()
        check_count("DivisiveNorm", "num_channels", num_channels)
        self.num_channels = num_channels
        self.plain = {name: given[name] for name in _PLAIN}
        sides = (kernel,) if isinstance(kernel, int) else tuple(kernel)
        weights = None
        if learn_pool or sides or pool_weight is not None:
            weights = _first_weights(num_channels, pool_channels, sides, pool_weight)
        self._check({"sigma": sigma, "power": power, "pool_weight": weights})
        first = _first_sigma(sigma, 1 if shared_sigma else num_channels)
        self.least_sigma = LEAST_SHARE * _least(sigma)
        self.shared_sigma = shared_sigma
        self.first = {"raw_sigma": first, "raw_power": power, "weight": 1.0, "bias": 0.0}
        values = raw(placed(first, kind))
        self.raw_sigma: Tensor
        if learn_sigma:
            self.raw_sigma = values
        else:
            self.register_buffer("raw_sigma", values.detach())
        self.raw_power = raw(torch.full((1,), power, **kind)) if learn_power else None
        self.power_given = power
        self.raw_pool_weight = None
        if weights is not None:
            self.raw_pool_weight = raw(placed(weights, kind))
            self.first["raw_pool_weight"] = weights
        self.weight = nn.Parameter(torch.ones(num_channels, **kind)) if affine else None
        self.bias = nn.Parameter(torch.zeros(num_channels, **kind)) if affine else None

    def _check(self, given: dict[str, Any]) -> None:
        """Refuse settings that the row refuses, or that exclude each other, before the first call."""
        plain = {name: value for name, value in self.plain.items() if name != "rectify"}
        row, settings = equation(**given, **plain, name="DivisiveNorm")
        check_settings("DivisiveNorm", row, **settings)

    @property
    def sigma(self) -> Tensor:
        """The semi-saturation in use, at least 0.001 of its least first value."""
        values = lower(self.raw_sigma, self.least_sigma)
        return values.squeeze(0) if self.shared_sigma else values

    @property
    def power(self) -> float | Tensor:
        """The exponent n in use: a number, or learned and at least 0.1."""
        if self.raw_power is None:
            return self.power_given
        return lower(self.raw_power, LEAST_POWER).squeeze(0)

    @property
    def pool_weight(self) -> Tensor | None:
        """The learned weights of the pool, >= 0, or None for a fixed pool."""
        return None if self.raw_pool_weight is None else lower(self.raw_pool_weight)

    def forward(
        self, input: Tensor, mask: Tensor | None = None, *, pool_input: Tensor | None = None
    ) -> Tensor:
        # torch.fx records what is read of a layer: nothing, where only the layer is to be recorded
        usual = mask is None and pool_input is None and type(self) is DivisiveNorm
        if usual and plain(input):
            y = self._usual(input)
            if y is not None:
                return y
        return self._other_call(input, mask, pool_input=pool_input)

    def _usual(self, x: Tensor) -> Tensor | None:
        learned = self.raw_power is not None or self.raw_pool_weight is not None
        if learned or self.plain["rectify"]:
            return None
        settings = tuple((k, v) for k, v in self.plain.items() if k != "rectify")
        form = Form("divisive_norm", (("power", self.power_given), *settings), self.least_sigma)
        return dividing.usual(x, form, self.num_channels, self.raw_sigma, self.weight, self.bias)

    @recorded_layer
    def _other_call(
        self, input: Tensor, mask: Tensor | None = None, *, pool_input: Tensor | None = None
    ) -> Tensor:
        check_channels(self, input, self.num_channels, "num_channels", least=2)
        return functional.divisive_norm(
            input,
            pool_input=pool_input,
            sigma=self.sigma,
            power=self.power,
            pool_weight=self.pool_weight,
            weight=self.weight,
            bias=self.bias,
            mask=mask,
            **self.plain,
        )

    def extra_repr(self) -> str:
        shown: dict[str, Any] = {} if self.power_given == 2.0 else {"power": self.power_given}
        shown |= {name: value for name, value in self.plain.items() if value != _PLAIN[name]}
        if self.raw_pool_weight is not None:
            shown["pool_weight"] = tuple(self.raw_pool_weight.shape)
        choices = {
            "learn_sigma": (isinstance(self.raw_sigma, nn.Parameter), True),
            "shared_sigma": (self.shared_sigma, False),
            "learn_power": (self.raw_power is not None, False),
            "affine": (self.weight is not None, True),
        }
        shown |= {name: value for name, (value, default) in choices.items() if value != default}
        return ", ".join([str(self.num_channels), *(f"{k}={v!r}" for k, v in shown.items())])


def _first_sigma(sigma: float | Sequence[float] | Tensor, number: int) -> Tensor:
    first = torch.as_tensor(sigma, dtype=torch.float64, device="cpu").detach()
    if tuple(first.shape) not in ((), (1,), (number,)):
        raise ShapeError(
            f"DivisiveNorm: sigma of shape {tuple(first.shape)} given; give a number"
            + (f" or {number}, one for each channel." if number > 1 else ".")
        )
    return first.expand(number)


def _least(sigma: float | Sequence[float] | Tensor) -> float:
    """The least of the values; 0 of a tensor that has none, since it is fake."""
    if isinstance(sigma, int | float):
        return sigma
    with _disable_current_modes():  # inside FakeTensorMode, a list has values
        values = torch.as_tensor(sigma, dtype=torch.float64, device="cpu")
        return values.min().item() if values_known(values) else 0.0


def _first_weights(
    channels: int, pooled: int | None, sides: tuple[int, ...], given: Tensor | None
) -> Tensor:
    """The values given, or the same for every channel and neighbour, summing to 1."""
    if given is not None and (pooled is not None or sides):
        raise SettingError(
            "DivisiveNorm: pool_weight gives the weights and with them their shape; leave "
            "pool_channels and kernel out."
        )
    if given is not None:
        return given.detach().cpu().clone()
    shape = (channels, pooled or channels, *sides)
    each = torch.tensor(1 / math.prod(shape[1:]), dtype=torch.float64, device="cpu")
    return each.expand(shape)
