"""Gabor filters and the windows of their pools, as the visual cortex has them.

Lengths are in any unit (degrees of visual angle, pixels), frequencies in cycles per that unit, `spacing`
is the unit's length of a pixel; angles are in degrees, bandwidths in octaves. Widths are full widths at
half height. Everything is even about its centre, and complex filters hold a pair: the real part is the
filter of phase 0 (even), the imaginary part that of phase 90 (odd).
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from normlab.errors import SettingError, ShapeError
from normlab.tracing import in_tracer

_BELL = 4 * math.log(2)
_AT_ONCE = 500_000  # complex numbers that are transformed together: more would leave the cache


def bell(distance: Tensor, width: float) -> Tensor:
    """exp(−4 ln 2 · (distance/width)²): a Gaussian by its full width at half height.

    >>> bell(torch.tensor([0.0, 1.0, 2.0]), 2.0).tolist()
    [1.0, 0.5, 0.0625]
    """
    check_positive("width", width)
    return torch.exp(-_BELL * (distance / width) ** 2)


def concentration(width: float) -> float:
    """κ of the window exp(κ cos 2θ) that is `width` degrees wide in full.

    Solves cos(width) = ln(cosh κ)/κ: at θ = width/2 the window is half way from its smallest value, e^−κ,
    to its largest, e^κ. At 90° or more it is uniform, κ = 0.
    Source: Sawada & Petrov 2017, eq. 22.

    >>> round(concentration(60.0), 3), concentration(90.0)
    (1.219, 0.0)
    """
    check_positive("orientation width", width, " degrees")
    if width >= 90:
        return 0.0
    low, high, goal = 1e-9, 1e6, math.cos(math.radians(width))
    for _ in range(200):  # ln cosh κ / κ rises with κ
        middle = math.sqrt(low * high)
        value = (middle + math.log1p(math.exp(-2 * middle)) - math.log(2)) / middle
        low, high = (middle, high) if value < goal else (low, middle)
    return low


def orientation_window(angles: Tensor, width: float) -> Tensor:
    """exp(κ cos 2θ) over angles in degrees away from the centre, of period 180, summing to 1."""
    weights = torch.exp(concentration(width) * torch.cos(torch.deg2rad(2 * angles)))
    return weights / weights.sum(-1, keepdim=True)


def gabor_widths(
    frequency: float, bandwidth: float, orientation_bandwidth: float
) -> tuple[float, float]:
    """Full widths at half height of a Gabor's envelope, across its stripes and along them.

        h_across = 2 ln 2 (2^b + 1) / (π (2^b − 1) F),   h_along = 720 ln 2 / (π² F θ)

    bandwidth b in octaves, orientation bandwidth θ in degrees, F in cycles per unit of length.
    Source: Sawada & Petrov 2017, eqs. 2–4.

    >>> tuple(round(h, 2) for h in gabor_widths(2.0, 1.5, 40.0))
    (0.46, 0.63)
    """
    check_positive("frequency", frequency)
    check_positive("bandwidth", bandwidth, " octaves")
    check_positive("orientation_bandwidth", orientation_bandwidth, " degrees")
    ratio = (2**bandwidth + 1) / (2**bandwidth - 1)
    across = 2 * math.log(2) * ratio / (math.pi * frequency)
    along = 720 * math.log(2) / (math.pi**2 * frequency * orientation_bandwidth)
    return across, along


def plane(size: Sequence[int], spacing: float = 1.0, **kind: Any) -> tuple[Tensor, Tensor]:
    """x and y of every pixel from the pixel (height//2, width//2), y upwards; shape (height, width).

    >>> x, y = plane((2, 4))
    >>> x[0].tolist(), y[:, 0].tolist()
    ([-2.0, -1.0, 0.0, 1.0], [1.0, 0.0])
    """
    y, x = (torch.arange(n, **kind) - n // 2 for n in size)
    return (x * spacing).expand(*size), (-y * spacing).unsqueeze(1).expand(*size)


def turned(x: Tensor, y: Tensor, orientation: float) -> tuple[Tensor, Tensor]:
    """Coordinates across and along stripes of that orientation; 0° is vertical, turning anticlockwise."""
    angle = math.radians(orientation)
    return x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)


def gabor(
    size: Sequence[int],
    *,
    frequency: float,
    orientation: float = 0.0,
    bandwidth: float = 1.5,
    orientation_bandwidth: float = 40.0,
    spacing: float = 1.0,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str | None = None,
) -> Tensor:
    """A complex Gabor filter (height, width): envelope · exp(i 2πF·across), the envelope summing to 1.

    Errors: SettingError for a frequency above Nyquist (1 / (2·spacing)) or a width that is not positive.
    Source: Sawada & Petrov 2017, eqs. 2–4 and A1–A5.

    >>> filters = gabor((33, 33), frequency=0.25)
    >>> round(filters.abs().sum().item(), 12), filters[16, 16].imag.item()
    (1.0, 0.0)
    """
    check_frequency(frequency, spacing)
    widths = gabor_widths(frequency, bandwidth, orientation_bandwidth)
    across, along = turned(*plane(size, spacing, dtype=dtype, device=device), orientation)
    envelope = bell(across, widths[0]) * bell(along, widths[1])
    return torch.polar(envelope / envelope.sum(), 2 * math.pi * frequency * across)


def gabor_bank(
    size: Sequence[int],
    orientations: Sequence[float],
    frequencies: Sequence[float],
    **settings: Any,
) -> Tensor:
    """Complex Gabors (orientations · frequencies, height, width), the frequencies running faster."""
    return torch.stack(
        [
            gabor(size, orientation=angle, frequency=frequency, **settings)
            for angle in orientations
            for frequency in frequencies
        ]
    )


def spectra(filters: Tensor) -> Tensor:
    """Real spectra of complex filters (…, 2h, 2w), for `correlate` with images up to (h, w).

    The centre is at (h, w). The outermost row and column, where no two pixels of an image are that far
    apart, are left out, so that filters that are Hermitian about their centre have real spectra.
    """
    inner = filters.clone()
    inner[..., 0, :] = 0
    inner[..., :, 0] = 0
    return torch.fft.fft2(torch.fft.ifftshift(inner.conj(), dim=(-2, -1))).real


def correlate(images: Tensor, spectrum: Tensor) -> Tensor:
    """Every filter centred at every pixel, beyond whose edges there are zeros.

        out[n, k, y, x] = Σ_uv images[n, v, u] · filter[k, v − y, u − x]

    Shapes: images (N, h, w) real; spectrum (K, 2h, 2w) as `spectra` gives it → (N, K, h, w) complex.
    """
    height, width = images.shape[-2:]
    if spectrum.shape[-2:] != (2 * height, 2 * width):
        raise ShapeError(
            f"images are {height} × {width} and the spectra {tuple(spectrum.shape[-2:])}; they must be "
            f"twice as large, ({2 * height}, {2 * width})."
        )
    if not in_tracer() and images.numel() == 0:  # torch.fft refuses it
        return torch.view_as_complex(images.new_zeros(len(images), len(spectrum), height, width, 2))
    image = torch.fft.fft2(images, s=(2 * height, 2 * width)).unsqueeze(1)
    whole = in_tracer()  # for any number of images
    share = len(spectrum) if whole else max(_AT_ONCE // max(image.numel(), 1), 1)
    parts = [_filtered(image, part, height, width) for part in spectrum.split(share)]
    return torch.cat(parts, 1)


def _filtered(image: Tensor, spectrum: Tensor, height: int, width: int) -> Tensor:
    product = torch.view_as_complex(torch.view_as_real(image) * spectrum.unsqueeze(-1))
    rows = torch.fft.ifft(product, dim=-1)[..., :width]
    return torch.fft.ifft(rows, dim=-2)[..., :height, :]


def check_frequency(frequency: float, spacing: float = 1.0) -> None:
    check_positive("frequency", frequency)
    check_positive("spacing", spacing)
    nyquist = 0.5 / spacing
    if frequency > nyquist:
        raise SettingError(
            f"frequency={frequency:g} given, but pixels of {spacing:g} resolve no more than "
            f"{nyquist:.4g} cycles per unit (Nyquist); lower it, or take smaller pixels."
        )


def check_positive(name: str, value: float, unit: str = "") -> None:
    if not 0 < value < math.inf:  # not isfinite, which torch.compile lacks for its symbols
        raise SettingError(f"{name}={value:g} given; it must be a finite number > 0{unit}.")
