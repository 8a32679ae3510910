"""A front end like primary visual cortex: Gabor filters at every place, then divisive normalisation."""

import math
from collections.abc import Sequence
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import _disable_current_modes

from normlab.equation.domains import NON_NEGATIVE, POSITIVE, one_of
from normlab.equation.masks import check_valid, hide
from normlab.errors import SettingError
from normlab.filters import (
    bell,
    check_frequency,
    correlate,
    gabor_bank,
    orientation_window,
    spectra,
)
from normlab.nn.checks import check_channels, check_number
from normlab.nn.divisive import DivisiveNorm
from normlab.nn.scripting import Unscripted
from normlab.system.threads import one_thread_if_small
from normlab.tracing import recorded_layer, values_known

_TO_DEVIATION = 1 / math.sqrt(8 * math.log(2))  # of a Gaussian, from its full width at half height
_REACH = 3  # standard deviations that a window extends to
_POSITIVE = POSITIVE.single()
_DOMAINS = {
    "bandwidth": _POSITIVE,
    "orientation_bandwidth": _POSITIVE,
    "pool_cycles": _POSITIVE,
    "pool_octaves": _POSITIVE,
    "pool_orientation": _POSITIVE,
    "exponent": _POSITIVE,
    "pool_exponent": _POSITIVE,
    "semisaturation": NON_NEGATIVE.single(),
    "window": one_of("gaussian", "box"),
}
_EXACT: Any = {"dtype": torch.float64, "device": "cpu"}  # for the numbers of the block itself
_CALIBRATION = 16  # cycles across the grating that gains are found with


class V1Block(Unscripted):
    """A V1-like front end: Gabor filters, rectified and divisively normalised at every place.

        y = M ⌊β + kn E_φ⌋^nn / (α^nd + kd Σ w E_C^nd),   E_φ = ⟨x, Gabor_φ⟩,  E_C = √(E_0² + E_90²)

    The pool of a channel runs over space (a Gaussian, its width in cycles of the channel's frequency),
    orientations and frequencies; it is `DivisiveNorm` with the energies E_C as its `pool_input`.

    Args: in_channels, whose mean is filtered; orientations, a count that shares 180°; frequencies in
        cycles/pixel; phases in degrees; bandwidth (octaves) and orientation_bandwidth (degrees) of the
        filters; pool_cycles, pool_octaves and pool_orientation (degrees), the widths of the
        pool; window="box" for a square of the same standard deviation, which is much faster; maximum M,
        maintained β, semisaturation α, exponent nn, pool_exponent nd.
    Learned: with learn_pool=True the weights between channels, with learn_sigma=True α of every channel;
        by default nothing. They start at the values above.
    Gains: kn and kd are such that a grating of contrast 1 (±½) and of the middle frequency has drive and
        pool 1, so α and β are contrasts.
    Shapes: x (N, in_channels, H, W), any H and W; mask, boolean, True = valid, broadcastable to x or
        (N, H, W); → y (N, orientations · frequencies · phases, H, W), the
        phases running fastest.
    Units: x is contrast, about 0 with extremes of about ±½, for example (image − mean) / (2·mean); y has
        those of maximum. Beyond the edges x is 0.
    Mask: a place none of whose channels is valid is like a place beyond the edges, and its output and
        gradient are 0: the filters find 0 there, and no window counts it. Of other places the mean of the
        valid channels is filtered.
    Errors: SettingError for frequencies above 0.5 cycles/pixel (Nyquist) and widths that are not
        positive; ShapeError, DtypeError; DataError for a mask that is False everywhere or leaves NaN.
    Limits: filters are applied by FFT in images of twice the size, whose spectra are kept for the last
        size seen. Against a pool over the whole plane, windows end at 3 standard deviations and are
        renormalised at the edges.
    Source: Heeger 1992; Sawada & Petrov 2017, eqs. 2–22. As a layer before a network: Dapello et al. 2020.

    >>> block = V1Block(orientations=4, frequencies=(0.125, 0.25))
    >>> block(torch.zeros(1, 1, 24, 32)).shape
    torch.Size([1, 32, 24, 32])
    """

    not_in_onnx = "its filters are products of complex Fourier transforms"

    def __init__(
        self,
        in_channels: int = 1,
        *,
        orientations: int = 8,
        frequencies: Sequence[float] = (0.0625, 0.0884, 0.125, 0.1768, 0.25),
        phases: Sequence[float] = (0.0, 90.0, 180.0, 270.0),
        bandwidth: float = 1.5,
        orientation_bandwidth: float = 40.0,
        pool_cycles: float = 2.0,
        pool_octaves: float = 2.0,
        pool_orientation: float = 60.0,
        window: Literal["gaussian", "box"] = "gaussian",
        maximum: float = 1.0,
        maintained: float = 0.02,
        semisaturation: float = 0.1,
        exponent: float = 2.0,
        pool_exponent: float = 2.0,
        learn_pool: bool = False,
        learn_sigma: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        _check(in_channels, orientations, frequencies, phases)
        given = locals()
        for name, domain in _DOMAINS.items():
            check_number("V1Block", name, given[name], domain)
        self.in_channels, self.orientations = in_channels, orientations
        self.frequencies, self.phases = tuple(frequencies), tuple(phases)
        self.bandwidth, self.orientation_bandwidth = bandwidth, orientation_bandwidth
        self.maximum, self.maintained = maximum, maintained
        self.learn_pool = learn_pool
        pool = orientations, self.frequencies, pool_octaves, pool_orientation
        widths = [pool_cycles / f * _TO_DEVIATION for f in self.frequencies]
        with _disable_current_modes():  # inside FakeTensorMode, a response has no value
            self.kn, kd = self._gains(_pool_weights(*pool), widths, pool_exponent)
        weights = _pool_weights(*pool)
        self.norms = nn.ModuleList(
            DivisiveNorm(
                orientations * len(self.phases),
                sigma=semisaturation,
                power=pool_exponent,
                drive_power=exponent,
                **_window(width, window),
                pool_weight=(kd * weights[:, i]).repeat_interleave(len(self.phases), 0),
                rectify=True,
                learn_sigma=learn_sigma,
                affine=False,
                device=device,
                dtype=dtype,
            )
            for i, width in enumerate(widths)
        )
        for name, parameter in self.norms.named_parameters():
            parameter.requires_grad_(learn_pool if "pool_weight" in name else learn_sigma)
        self._spectra: tuple[tuple, Tensor] | None = None

    def reset_parameters(self) -> None:
        """Every parameter as it was when the block was made."""
        for norm in self.norms.children():
            cast(DivisiveNorm, norm).reset_parameters()

    @property
    def num_channels(self) -> int:
        """Channels of the output."""
        return self.orientations * len(self.frequencies) * len(self.phases)

    @recorded_layer
    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        with one_thread_if_small(input):
            return self._responses(input, mask)

    def _responses(self, input: Tensor, mask: Tensor | None) -> Tensor:
        even_odd, places = self._filtered(input, mask)
        drive = self.maintained + self.kn * self._by_phase(even_odd)  # (N, o, f, φ, H, W)
        energy = even_odd.abs()
        parts = [
            norm(drive[:, :, i].flatten(1, 2), places, pool_input=energy)
            for i, norm in enumerate(self.norms)
        ]
        split = (self.orientations, len(self.phases))
        joined = torch.stack([part.unflatten(1, split) for part in parts], 2)
        return self.maximum * joined.flatten(1, 3)

    def drives(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        """⌊kn E_φ⌋ before β and division, in the channels of the output; 0 where the mask is."""
        even_odd, places = self._filtered(input, mask)
        drive = self.kn * self._by_phase(even_odd).flatten(1, 3).relu()
        return drive if places is None else torch.where(places, drive, 0.0)

    def _filtered(self, input: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Complex responses (N, orientations · frequencies, H, W), and which places are valid."""
        check_channels(self, input, self.in_channels, "in_channels", least=4)
        check_valid(f"V1Block(in_channels={self.in_channels})", input, mask)
        half = input.dtype in (torch.float16, torch.bfloat16)
        x, valid = hide(input.float() if half else input, mask)
        if valid is None:
            image, places = x.mean(1), None
        else:
            image = x.sum(1) / valid.sum(1).clamp_min(1)
            places = valid.any(1, keepdim=True)
        return correlate(image, self._kept_spectra(image)), places

    def _by_phase(self, even_odd: Tensor) -> Tensor:
        """Re(E e^{−iφ}) for every phase, (N, orientations, frequencies, phases, H, W)."""
        split = (self.orientations, len(self.frequencies))
        angles = torch.deg2rad(torch.tensor(self.phases, dtype=even_odd.real.dtype, device="cpu"))
        cosine, sine = (
            part.to(even_odd.device)[:, None, None] for part in (angles.cos(), angles.sin())
        )
        maps = even_odd.unflatten(1, split).unsqueeze(3)
        return maps.real * cosine + maps.imag * sine

    def _kept_spectra(self, image: Tensor) -> Tensor:
        key = (tuple(image.shape[-2:]), image.dtype, image.device)
        if self._spectra is not None and self._spectra[0] == key:
            return self._spectra[1]
        made = self._bank(image.shape[-2:]).to(image)
        if values_known(made):  # others are of one trace alone
            self._spectra = key, made
        return made

    def _bank(self, size: Sequence[int]) -> Tensor:
        angles = [180 / self.orientations * i for i in range(self.orientations)]
        settings = {
            "bandwidth": self.bandwidth,
            "orientation_bandwidth": self.orientation_bandwidth,
            "device": "cpu",
        }
        return spectra(gabor_bank([2 * n for n in size], angles, self.frequencies, **settings))

    def _gains(self, weights: Tensor, widths: Sequence[float], power: float) -> tuple[float, float]:
        """kn and kd, from a grating of the middle frequency that fills a square."""
        middle = len(self.frequencies) // 2
        frequency = self.frequencies[middle]
        side = 2 * math.ceil(_CALIBRATION / frequency / 2)
        x = torch.arange(side, **_EXACT) - side // 2
        grating = (0.5 * torch.cos(2 * math.pi * frequency * x)).expand(1, side, side)
        energy = correlate(grating, self._bank((side, side))).abs()[0]
        y = torch.hypot(x, x.unsqueeze(1))
        space = bell(y, widths[middle] / _TO_DEVIATION)
        pooled = (energy**power * (space / space.sum())).sum((-2, -1))
        drive = energy[middle, side // 2, side // 2]
        return 1 / drive.item(), 1 / (weights[0, middle] @ pooled).item()

    def extra_repr(self) -> str:
        shown = (
            f"{self.in_channels}, orientations={self.orientations}, frequencies={self.frequencies}, "
            f"phases={self.phases}"
        )
        return shown + (", learn_pool=True" if self.learn_pool else "")


def _check(
    in_channels: int, orientations: int, frequencies: Sequence[float], phases: Sequence[float]
) -> None:
    if in_channels < 1 or orientations < 1 or not frequencies or not phases:
        raise SettingError(
            f"V1Block: in_channels={in_channels}, orientations={orientations}, {len(frequencies)} "
            f"frequencies and {len(phases)} phases given; there must be at least one of each."
        )
    for frequency in frequencies:
        check_frequency(frequency)


def _window(deviation: float, window: str) -> dict[str, Any]:
    """The settings of a window of that standard deviation."""
    if window == "box":
        return {"window": "box", "size": max(round(deviation * math.sqrt(12)), 1)}
    return {"window": window, "size": 2 * math.ceil(_REACH * deviation) + 1, "width": deviation}


def _pool_weights(
    orientations: int, frequencies: Sequence[float], octaves: float, orientation: float
) -> Tensor:
    """w (orientation, frequency, pooled channel) of orientation × frequency; each factor sums to 1."""
    angles = torch.arange(orientations, **_EXACT) * 180 / orientations
    across = orientation_window(angles - angles.unsqueeze(1), orientation)
    steps = torch.log2(torch.tensor(frequencies, **_EXACT))
    along = bell(steps - steps.unsqueeze(1), octaves)
    along = along / along.sum(1, keepdim=True)
    joined = across[:, None, :, None] * along[None, :, None, :]
    return joined.flatten(2)
