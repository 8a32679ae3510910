"""Responses of Gabor filters to photographs, and the neighbours that each may be divided by."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from normlab.errors import DataError
from normlab.filters import correlate, gabor_bank, spectra

HEIGHT, WIDTH = 256, 384  # of the middle of each photograph
ORIENTATIONS, FREQUENCIES = (0.0, 45.0, 90.0, 135.0), (0.0625, 0.125, 0.25)  # °, cycles per pixel
BANDWIDTH = 1.0  # octaves: a wider even filter would also see the mean light
MIDDLE = 1  # the frequency of the responses studied
MARGIN, STEP = 40, 3  # pixels: from the edge, and between places looked at
APART = 12  # pixels between a response and its neighbours in place
FLOOR = 0.01  # light added before the logarithm, 1 being white


@dataclass(frozen=True)
class Coefficients:
    """Complex responses (photographs, orientations · frequencies, height, width), by name."""

    names: tuple[str, ...]
    values: Tensor

    def at(
        self, orientation: int, frequency: int = MIDDLE, down: int = 0, right: int = 0
    ) -> Tensor:
        """Complex responses at every place looked at, moved by so many pixels; (photographs, N)."""
        held = self.values[:, orientation * len(FREQUENCIES) + frequency]
        rows, columns = (torch.arange(MARGIN, n - MARGIN, STEP) for n in held.shape[1:])
        return held[:, rows[:, None] + down, columns + right].flatten(1)

    def neighbours(self, orientation: int, phase: str, down: int = 0, right: int = 0) -> Tensor:
        """What a response may be divided by, itself left out; (photographs, N, 14).

        The other phase at its place; the amplitudes of the same filter at eight places around, of the
        other orientations, and of the other frequencies at its place.
        """
        here = self.at(orientation, down=down, right=right)
        other = here.imag if phase == "even" else here.real
        steps = (-APART, 0, APART)
        around = [(y, x) for y in steps for x in steps if y or x]
        found = [self.at(orientation, down=down + y, right=right + x) for y, x in around]
        turned = range(1, len(ORIENTATIONS))
        found += [self.at((orientation + k) % 4, down=down, right=right) for k in turned]
        found += [
            self.at(orientation, f, down, right) for f in range(len(FREQUENCIES)) if f != MIDDLE
        ]
        return torch.stack([other.abs(), *(response.abs() for response in found)], -1)


def coefficients(photographs: Mapping[str, Tensor]) -> Coefficients:
    """Responses to the middle of each photograph, as contrast: the logarithm of its light, centred.

    Errors: DataError for a photograph that is smaller than the part looked at, or not finite.
    """
    images = torch.stack([_middle(name, image) for name, image in photographs.items()])
    size = (2 * HEIGHT, 2 * WIDTH)
    bank = gabor_bank(size, ORIENTATIONS, FREQUENCIES, bandwidth=BANDWIDTH, dtype=torch.float32)
    return Coefficients(tuple(photographs), correlate(images, spectra(bank)).to(torch.complex128))


def _middle(name: str, image: Tensor) -> Tensor:
    height, width = image.shape
    if height < HEIGHT or width < WIDTH:
        raise DataError(
            f"photograph {name!r} is {height} × {width}; give {HEIGHT} × {WIDTH} pixels or more."
        )
    if not bool(image.isfinite().all()) or bool((image < 0).any()):
        raise DataError(f"photograph {name!r} holds NaN, infinite or negative light; fix it.")
    down, right = (height - HEIGHT) // 2, (width - WIDTH) // 2
    part = (image[down : down + HEIGHT, right : right + WIDTH] + FLOOR).log()
    return part - part.mean()
