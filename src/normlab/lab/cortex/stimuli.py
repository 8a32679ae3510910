"""What the model is shown: images in contrast, 0 for the background and ±½ for the extremes.

A screen has `size` × `size` pixels of `spacing` degrees; its centre is the pixel (size//2, size//2).
Every stimulus is made at contrast 1; lengths are in degrees of visual angle, frequencies in
cycles/degree, orientations in degrees (0 = vertical, turning anticlockwise) and phases in degrees.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from normlab.errors import SettingError
from normlab.filters import check_frequency, check_positive, plane, turned
from normlab.lab.cortex.parameters import SMALL, SPACING

_FINE = 16  # points along a pixel's side that a square wave is averaged over


@dataclass(frozen=True)
class Screen:
    """A square screen; see the module for units."""

    size: int = SMALL
    spacing: float = SPACING

    @property
    def width(self) -> float:
        """Degrees of visual angle."""
        return self.size * self.spacing

    @property
    def plane(self) -> tuple[Tensor, Tensor]:
        """x and y of every pixel in degrees."""
        return plane((self.size, self.size), self.spacing, dtype=torch.float64)

    def disk(self, diameter: float) -> Tensor:
        """1 where a pixel's centre lies within the disk, 0 elsewhere."""
        check_positive("diameter", diameter, " degrees")
        x, y = self.plane
        return (torch.hypot(x, y) <= diameter / 2 + 1e-9).to(x)

    def annulus(self, inner: float, outer: float | None = None) -> Tensor:
        """1 between two diameters, up to the screen's edge without an outer one; inner may be 0."""
        if outer is not None and not 0 <= inner < outer:
            raise SettingError(
                f"annulus from {inner:g} to {outer:g} degrees given; the inner diameter must be >= 0 and "
                f"less than the outer."
            )
        whole = torch.ones(self.size, self.size, dtype=torch.float64)
        whole = whole if outer is None else self.disk(outer)
        return whole - (self.disk(inner) if inner > 0 else 0)

    def grating(self, frequency: float, orientation: float = 0.0, phase: float = 0.0) -> Tensor:
        """½ cos(2πF·across − phase) over the whole screen.

        >>> image = Screen().grating(2.0)
        >>> image[32, 32].item(), image.shape
        (0.5, torch.Size([64, 64]))
        """
        return 0.5 * torch.cos(self._phases(frequency, orientation, phase))

    def square_wave(self, frequency: float, orientation: float = 0.0, phase: float = 0.0) -> Tensor:
        """A square grating of ±½, each pixel the mean of 16 × 16 points in it against aliasing."""
        check_frequency(frequency, self.spacing)
        fine = _FINE * self.size
        inside = (torch.arange(_FINE, dtype=torch.float64) + 0.5) / _FINE - 0.5
        steps = torch.arange(self.size, dtype=torch.float64) - self.size // 2
        axis = (steps.unsqueeze(1) + inside).flatten() * self.spacing
        high = 1 if orientation == 0 else fine  # upright stripes are the same in every row
        across, _ = turned(
            axis.expand(high, fine), -axis[:high, None].expand(high, fine), orientation
        )
        # half a hair aside, so that no point falls on an edge and is decided by rounding
        angle = 2 * math.pi * frequency * across - math.radians(phase) + 1e-9
        wave = 0.5 * torch.sign(torch.cos(angle))
        return wave.expand(fine, fine).reshape(self.size, _FINE, self.size, _FINE).mean((1, 3))

    def bar(
        self, width: float, length: float, orientation: float = 0.0, offset: float = 0.0
    ) -> Tensor:
        """A bright bar (½), its middle `offset` degrees across from the centre."""
        check_positive("width", width, " degrees")
        check_positive("length", length, " degrees")
        across, along = turned(*self.plane, orientation)
        # half-open, so that bars side by side share no pixel
        inside = (across >= offset - width / 2 - 1e-9) & (across < offset + width / 2 - 1e-9)
        return 0.5 * (inside & (along.abs() <= length / 2 + 1e-9)).to(across)

    def spots(self, places: Tensor) -> Tensor:
        """One bright pixel (½) each, at places (N, 2) of row and column → (N, size, size)."""
        if places.min() < 0 or places.max() >= self.size:
            raise SettingError(
                f"spots at rows and columns {int(places.min())} to {int(places.max())} given; the screen "
                f"has 0 to {self.size - 1}."
            )
        images = torch.zeros(len(places), self.size, self.size, dtype=torch.float64)
        images[torch.arange(len(places)), places[:, 0], places[:, 1]] = 0.5
        return images

    def binary_noise(self, frames: int, block: float, generator: torch.Generator) -> Tensor:
        """Blocks of `block` degrees, each ½ or −½ with equal chance → (frames, size, size)."""
        check_positive("block", block, " degrees")
        x, y = (torch.floor(axis / block + 1e-9).long() for axis in self.plane)
        x, y = x - x.min(), y - y.min()
        signs = torch.randint(
            0, 2, (frames, int(y.max()) + 1, int(x.max()) + 1), generator=generator
        )
        return signs[:, y, x].double() - 0.5

    def _phases(self, frequency: float, orientation: float, phase: float) -> Tensor:
        check_frequency(frequency, self.spacing)
        across, _ = turned(*self.plane, orientation)
        return 2 * math.pi * frequency * across - math.radians(phase)


def contrast(luminance: Tensor, background: float) -> Tensor:
    """Half of Weber contrast, (L − L_b) / 2L_b: from 0 … 2L_b to the model's −½ … ½.

    Source: Sawada & Petrov 2017, eq. 1.

    >>> contrast(torch.tensor([0.0, 0.5, 1.0]), background=0.5).tolist()
    [-0.5, 0.0, 0.5]
    """
    check_positive("background", background)
    return (luminance - background) / (2 * background)
