"""The parameters of the V1 model, in one frozen object. Needs no torch."""

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from normlab.lab.checking import known_names, whole, within

FREQUENCIES = tuple(2.0 ** (k / 2) for k in range(-1, 6))  # cycles/degree, half an octave apart
TARGET = 2.0  # cycles/degree, the preferred frequency of the cell that is recorded from; at 0°
SPACING = 0.045  # degrees of visual angle that a pixel has
SMALL, LARGE = 64, 128  # pixels: grids of 2.88° and 5.76°


@dataclass(frozen=True)
class Parameters:
    """Parameters of the model; the defaults are the standard set. `replace` makes variants.

        R = maximum · ⌊maintained + kn·E⌋^exponent
            / (semisaturation^pool_exponent + kd · Σ w·E^pool_exponent)

    maximum: M, spikes/s. semisaturation: α, in units of contrast. maintained: β, the drive without a
    stimulus, likewise. exponent, pool_exponent: nn of the drive and nd of the pool.
    filter_orientation: hθ, degrees, and filter_frequency: hf, octaves, bandwidths of the Gabors.
    pool_space: hR, cycles of the cell's preferred frequency; pool_frequency: hF, octaves;
    pool_orientation: hΘ, degrees, 90 and more for a uniform one; pool_shift: δ, octaves by which the pool
    prefers lower (δ > 0) frequencies than the cell. All widths are full widths at half height; hΘ at half way
    from the smallest value of its window, which is not 0, to the largest.
    orientations: how many channels share the 180°.

    Source: Sawada & Petrov 2017, table 2.

    >>> STANDARD.replace(pool_exponent=2.35).blank > STANDARD.blank
    True
    """

    maximum: float = 40.0
    semisaturation: float = 0.1
    maintained: float = 0.02
    exponent: float = 2.0
    pool_exponent: float = 2.0
    filter_orientation: float = 40.0
    filter_frequency: float = 1.5
    pool_space: float = 2.0
    pool_frequency: float = 2.0
    pool_orientation: float = 60.0
    pool_shift: float = 0.0
    orientations: int = 12

    def __post_init__(self):
        for name, (low, high, unit) in _DOMAINS.items():
            within(name, getattr(self, name), low, high, unit)
        whole("orientations", self.orientations, 2, 36)

    def replace(self, **changes: Any) -> "Parameters":
        """A variant with some parameters changed."""
        known_names("the V1 model", Parameters, changes)
        return replace(self, **changes)

    @property
    def blank(self) -> float:
        """Response to a blank screen in spikes/s: M β^nn / α^nd.

        >>> round(STANDARD.blank, 12)
        1.6
        """
        return self.maximum * self.maintained**self.exponent / self.offset

    @property
    def pool_target(self) -> float:
        """The frequency that the pool prefers, cycles/degree.

        >>> STANDARD.pool_target, STANDARD.replace(pool_shift=1.0).pool_target
        (2.0, 1.0)
        """
        return TARGET * 2**-self.pool_shift

    @property
    def offset(self) -> float:
        """α^nd."""
        return self.semisaturation**self.pool_exponent

    def asymptote(self, contrast: float) -> float:
        """Response to a large preferred grating in spikes/s: M (β + c)^nn / (α^nd + c^nd), eq. 17.

        Where the pool prefers what the cell does: pool_shift = 0.

        >>> round(STANDARD.asymptote(1.0), 3)
        41.204
        """
        drive = (self.maintained + contrast) ** self.exponent
        return self.maximum * drive / (self.offset + contrast**self.pool_exponent)

    @property
    def supersaturates(self) -> bool:
        """Whether the contrast response turns down before contrast 1, eq. 23; for pool_shift = 0.

        >>> STANDARD.supersaturates, STANDARD.replace(maintained=0.0).supersaturates
        (True, False)
        """
        return self.maintained > self.exponent / self.pool_exponent * (1 + self.offset) - 1

    def json(self) -> dict[str, Any]:
        return asdict(self)


_TINY = 1e-3
_DOMAINS = {
    "maximum": (0.0, math.inf, " spikes/s"),
    "semisaturation": (_TINY, 1.0, " of contrast"),
    "maintained": (0.0, 1.0, " of contrast"),
    "exponent": (0.1, 10.0, ""),
    "pool_exponent": (0.1, 10.0, ""),
    "filter_orientation": (5.0, 180.0, " degrees"),
    "filter_frequency": (0.1, 4.0, " octaves"),
    "pool_space": (0.1, 20.0, " cycles"),
    "pool_frequency": (0.1, 20.0, " octaves"),
    "pool_orientation": (5.0, 180.0, " degrees"),
    "pool_shift": (
        -2.0,
        4.0,
        " octaves",
    ),  # beyond −2 the pixels do not resolve what the pool prefers
}
STANDARD = Parameters()
