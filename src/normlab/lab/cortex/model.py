"""Heeger's model of primary visual cortex, as Sawada & Petrov (2017) standardise it.

Images in, firing rates of one cell out: Gabor filters at every place, their energies pooled, and the
cell's own drive divided by the pool. The division is the `divisive` row of normlab's equation with the
drive as its x and the energies of all other cells as its `pool_input`.
"""

import math
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache

import torch
from torch import Tensor

from normlab.equation.reference import normalize
from normlab.equation.variants import divisive
from normlab.errors import DataError, DtypeError, SettingError, ShapeError
from normlab.filters import bell, correlate, gabor, gabor_bank, orientation_window, spectra
from normlab.lab.cortex.parameters import FREQUENCIES, SMALL, SPACING, STANDARD, TARGET, Parameters
from normlab.lab.cortex.stimuli import Screen
from normlab.system.threads import one_thread

ROW = divisive(learned=True, own_drive=True)  # the pool's weights are given, not learned
_AT_ONCE = 6_000_000  # energies held at once by each thread
_TILE = 16_384  # of them mixed together: more would leave the cache
_ROWS = 4  # mixtures from which on real and complex products are added up in the same order
_HALF = 0.5 + 1e-6


@dataclass(frozen=True)
class Response:
    """rate: spikes/s; drive: kn·E before β and rectification; pool: kd Σ w E^nd; see `V1` for kn, kd."""

    rate: Tensor
    drive: Tensor
    pool: Tensor


class V1:
    """One cell that prefers 0° (vertical) and 2 cycles/degree at the centre, amid all others.

        R = M ⌊β + kn E⌋^nn / (α^nd + kd Σ w E_C^nd)

    Images are contrasts (0 the background, ±½ the extremes) of size × size pixels of 0.045 degrees.
    A complex cell's drive is the energy √(E₀² + E₉₀²), a simple cell's the signed ⟨image, Gabor⟩.
    kn and kd are calibrated with gratings of contrast 1 that fill the grid: that which the cell prefers has
    drive 1, and that which the pool prefers (another, if the pool is shifted) has pool 1.

    >>> model = V1()
    >>> blank, grating = torch.zeros(64, 64), model.screen.grating(2.0)
    >>> [round(r, 1) for r in model.respond(torch.stack([blank, grating])).rate[:, 0].tolist()]
    [1.6, 41.2]
    """

    def __init__(
        self,
        parameters: Parameters = STANDARD,
        size: int = SMALL,
        dtype: torch.dtype = torch.float32,
    ):
        if size < 16 or size % 2:
            raise SettingError(f"size={size} given; the grid must have an even number >= 16.")
        self.parameters, self.size, self.dtype = parameters, size, dtype
        self.screen = Screen(size)

    @property
    def _bank_key(self) -> tuple[int, int, float, float, torch.dtype]:
        p = self.parameters
        return (self.size, p.orientations, p.filter_orientation, p.filter_frequency, self.dtype)

    @cached_property
    def own_filter(self) -> Tensor:
        """The cell's complex Gabor on the grid: its even and its odd receptive field."""
        p = self.parameters
        size = (2 * self.size, 2 * self.size)
        kernel = gabor(
            size,
            frequency=TARGET,
            bandwidth=p.filter_frequency,
            orientation_bandwidth=p.filter_orientation,
            spacing=SPACING,
        )
        half = self.size // 2
        return kernel[half : half + self.size, half : half + self.size]

    @cached_property
    def pool_weights(self) -> Tensor:
        """w of every channel at every pixel (channels, size, size), before kd; each factor sums to 1."""
        p = self.parameters
        weights = _channel_weights(p)[:, None, None] * _space_weights(p, self.screen)
        return weights.to(self.dtype)

    @cached_property
    def _gains(self) -> tuple[float, Tensor]:
        """kn, and the pool's weights times kd (channels · size²,)."""
        drive = (self.own_filter * self.screen.grating(TARGET)).sum().abs().item()
        preferred = self.screen.grating(self.parameters.pool_target)
        energy = self.maps(preferred[None]).abs().flatten().double()
        weights = self.pool_weights.flatten()
        pool = (energy**self.parameters.pool_exponent * weights.double()).sum().item()
        return 1 / drive, weights / pool

    @property
    def kn(self) -> float:
        """1/E of the grating that the cell prefers: 4 at the standard set."""
        return self._gains[0]

    @property
    def kd(self) -> float:
        """1/Σ w E^nd of the grating that the pool prefers."""
        ratio = self._gains[1].double().sum() / self.pool_weights.double().sum()
        return ratio.item()

    def maps(self, images: Tensor) -> Tensor:
        """Complex responses of all filters at every pixel: (N, size, size) → (N, channels, size, size)."""
        return correlate(self.checked(images), _bank(*self._bank_key))

    def own_drive(self, images: Tensor, phase: float | None = None) -> Tensor:
        """kn·E of the cell: a complex one, or with a phase in degrees a simple one; float64, (…)."""
        kernel = self.own_filter
        even, odd = (torch.tensordot(images.double(), k, 2) for k in (kernel.real, kernel.imag))
        if phase is None:
            return self.kn * torch.hypot(even, odd)
        angle = math.radians(phase)
        return self.kn * (even * math.cos(angle) + odd * math.sin(angle))

    def respond(
        self, images: Tensor, amounts: Tensor | None = None, *, phase: float | None = None
    ) -> Response:
        """The cell's response to every image, or to mixtures of images.

        Shapes: images (S, size, size), each shown at every contrast of amounts (B,) → rates (S, B); or
            components (S, K, size, size), image b of set s being Σ_k amounts[b, k] · component[s, k],
            amounts (B, K) → rates (S, B). Filters are applied to components, not to mixtures.
        phase: None for a complex cell, else of the simple cell, in degrees.
        Errors: ShapeError, DtypeError; DataError for NaN or values beyond ±½.
        """
        components = images.unsqueeze(1) if images.dim() == 3 else images
        if components.dim() != 4:
            raise ShapeError(
                f"images have shape {tuple(images.shape)}; they must be (S, size, size) or (S, K, "
                f"size, size)."
            )
        self.checked(components.flatten(0, 1))
        amounts = _amounts(amounts, components)
        own = self._mixed_drives(components, amounts, phase)
        _, weights = self._gains  # made once, before the threads
        first = self.maps(components[0, :1]) if _begin_alike(components) else None
        with _threads() as each:
            parts = each(
                lambda s: self._one_set(components[s], amounts, own[s], weights, first),
                range(len(own)),
            )
        rate, pool = (torch.stack([part[i] for part in parts]) for i in (0, 1))
        return Response(rate, own, pool)

    def _one_set(
        self,
        components: Tensor,
        amounts: Tensor,
        own: Tensor,
        weights: Tensor,
        first: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """Rates and pools (B,) of mixtures of the components (K, size, size), a few at a time.

        first: the maps of the first component, where they are known.
        """
        known = () if first is None else (first,)
        maps = torch.cat([*known, self.maps(components[len(known) :])]).flatten(1)
        rows = max(_AT_ONCE // maps.shape[1], 1)
        parts = [
            self.divide(drive, _mix(maps, some.to(self.dtype)), weights)
            for some, drive in zip(amounts.split(rows), own.split(rows), strict=True)
        ]
        rate, pool = (torch.cat([part[i] for part in parts]) for i in (0, 1))
        return rate, pool

    def _mixed_drives(self, components: Tensor, amounts: Tensor, phase: float | None) -> Tensor:
        """(S, B): the filter is linear, so it sees each component once."""
        even, odd = (self.own_drive(components, angle) @ amounts.T for angle in (0.0, 90.0))
        if phase is None:
            return torch.hypot(even, odd)
        angle = math.radians(phase)
        return even * math.cos(angle) + odd * math.sin(angle)

    def divide(
        self, drive: Tensor, pool_input: Tensor, pool_weight: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Rates and pools (B,) from drives kn·E (B,), what is pooled (B, J) and its weights (J,).

        This is the whole of the model's arithmetic after its filters, and it is normlab's equation.
        """
        p = self.parameters
        out = normalize(
            (p.maintained + drive.unsqueeze(1)).clamp_min(0).to(pool_input.dtype),
            ROW,
            pool_input=pool_input,
            pool_weight=pool_weight.unsqueeze(0),
            weight=pool_input.new_tensor([p.maximum]),
            sigma=p.semisaturation,
            power=p.pool_exponent,
            drive_power=p.exponent,
        )
        return out.y.double().flatten(), out.pool.double().flatten()

    def divided(self, response: Response) -> Response:
        """What these parameters make of drives and pools that another model has found.

        For parameters of the division alone (M, α, β, nn): bank, pool and calibration must be the same.
        """
        share = response.pool.flatten() ** (1 / self.parameters.pool_exponent)
        rate, _ = self.divide(response.drive.flatten(), share.unsqueeze(1), share.new_ones(1))
        return Response(rate.reshape(response.drive.shape), response.drive, response.pool)

    def checked(self, images: Tensor) -> Tensor:
        """Images (N, size, size) in the model's dtype, or an error that says what is wrong."""
        expected = (self.size, self.size)
        if images.dim() != 3 or tuple(images.shape[1:]) != expected:
            raise ShapeError(
                f"images have shape {tuple(images.shape)}; this model takes (N, {self.size}, "
                f"{self.size}). Crop or pad them, or make V1(size=…)."
            )
        if not images.is_floating_point():
            raise DtypeError(f"images are {images.dtype}; give floating-point contrasts.")
        low, high = images.min().item(), images.max().item()
        if not (low >= -_HALF and high <= _HALF):  # false for NaN
            raise DataError(
                f"images range from {low:g} to {high:g}; they must be finite contrasts between −0.5 and "
                f"0.5. stimuli.contrast makes them of luminance."
            )
        return images.to(self.dtype)


@contextmanager
def _threads() -> Iterator[Callable[[Callable, Iterable], list]]:
    """map over threads of one torch thread each: the arrays are too small to be shared out."""
    with one_thread() as before:
        pool = ThreadPoolExecutor(min(before, os.cpu_count() or 1))
        try:
            yield lambda function, items: list(pool.map(function, items))
        finally:
            pool.shutdown(cancel_futures=True)


def _begin_alike(components: Tensor) -> bool:
    """Whether all of several sets have the same first of several components."""
    sets, kinds = components.shape[:2]
    return sets > 1 and kinds > 1 and bool((components[:, 0] == components[0, 0]).all())


def _amounts(amounts: Tensor | None, components: Tensor) -> Tensor:
    kinds = components.shape[1]
    if amounts is None:
        return torch.ones(1, kinds, dtype=torch.float64)
    amounts = torch.as_tensor(amounts, dtype=torch.float64)
    amounts = amounts.unsqueeze(1) if amounts.dim() == 1 else amounts
    if amounts.dim() != 2 or amounts.shape[1] != kinds:
        raise ShapeError(
            f"amounts have shape {tuple(amounts.shape)}; they must be (B, {kinds}), one for each "
            f"component."
        )
    for some in components.flatten(2).split(8):
        peak = torch.einsum("skp,bk->sbp", some.double(), amounts).abs().max().item()
        if not peak <= _HALF:
            raise DataError(
                f"mixtures reach a contrast of {2 * peak:.3g}, which no screen can show; lower the amounts."
            )
    return amounts


def _mix(maps: Tensor, amounts: Tensor) -> Tensor:
    """|Σ_k amounts[b, k] · maps[k]|; one component needs its energy only once."""
    if len(maps) == 1:
        return amounts.abs() * torch.hypot(maps.real, maps.imag)
    mixed = amounts.new_empty(len(amounts), maps.shape[1])
    for some, out in zip(maps.split(_TILE, 1), mixed.split(_TILE, 1), strict=True):
        torch.hypot(*_mixed_parts(some, amounts), out=out)
    return mixed


def _mixed_parts(maps: Tensor, amounts: Tensor) -> tuple[Tensor, Tensor]:
    """Real and imaginary parts of amounts @ maps: two real products, where they round as a complex one."""
    if len(amounts) < _ROWS:
        product = amounts.to(maps.dtype) @ maps
        return product.real, product.imag
    return amounts @ maps.real, amounts @ maps.imag


@lru_cache(maxsize=6)
def _bank(
    size: int, count: int, orientation: float, frequency: float, dtype: torch.dtype
) -> Tensor:
    """The spectra of all filters; the largest takes 22 MB."""
    bank = gabor_bank(
        (2 * size, 2 * size),
        orientations(count).tolist(),
        FREQUENCIES,
        bandwidth=frequency,
        orientation_bandwidth=orientation,
        spacing=SPACING,
    )
    return spectra(bank).to(dtype)


def orientations(count: int) -> Tensor:
    """Degrees, from 0 up to below 180."""
    return torch.arange(count, dtype=torch.float64) * (180 / count)


def _channel_weights(p: Parameters) -> Tensor:
    octaves = torch.log2(torch.tensor(FREQUENCIES, dtype=torch.float64) / TARGET)
    frequency = bell(octaves + p.pool_shift, p.pool_frequency)
    orientation = orientation_window(orientations(p.orientations), p.pool_orientation)
    return torch.outer(orientation, frequency / frequency.sum()).flatten()


def _space_weights(p: Parameters, screen: Screen) -> Tensor:
    weights = bell(torch.hypot(*screen.plane), p.pool_space / TARGET)
    return weights / weights.sum()
