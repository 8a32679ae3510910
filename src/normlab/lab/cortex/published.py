"""The numbers of the paper beside those of the model, for a table. Needs no torch.

Source: Sawada & Petrov 2017; "independent" are those of a numpy model written from its equations, run once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from normlab.lab.cortex.catalogue import MEMBERS
from normlab.lab.family import Near

_INDEPENDENT = ("(independent computation)", "(independent)")


@dataclass(frozen=True)
class Number:
    """key: of numbers.json. tolerance: relative; a reason is told where that is exceeded."""

    key: str
    what: str
    source: str
    published: float
    unit: str = ""
    tolerance: float = 0.02


_NOISE = "estimated from noise on 32 × 32 pixels: another draw gives another width"
REASONS: Mapping[str, str] = {
    "noise-map.orientation": _NOISE,
    "noise-map.frequency": _NOISE,
    "standard-set.pool.paper": "the paper prints two digits",
    "standard-set.phase": "published with two digits",
    "contrast-response.steepest.paper": "contrasts an octave apart give 8.8 %, a fine grid 8.2 %",
    "square-tuning.changed.height": "read off a figure",
}
_MORE = (
    Number("standard-set.pool.paper", "Pool of the calibration grating", "paper", 0.011),
    Number("contrast-response.steepest.paper", "Contrast of the steepest slope", "paper", 0.09),
    Number(
        "frequency-contrast.width.5%", "Frequency width at 5 %", "independent", 1.32, " octaves"
    ),
    Number(
        "frequency-contrast.width.100%", "Frequency width at 100 %", "independent", 1.10, " octaves"
    ),
    Number(
        "square-tuning.changed.height", "Second peak with square gratings, relative", "paper", 0.9
    ),
)


def numbers() -> Iterator[Number]:
    """Every claim of a published number, and those that are no claims."""
    for member in MEMBERS.values():
        for claim in member.claims:
            if isinstance(claim, Near):
                what = claim.what
                for mark in _INDEPENDENT:
                    what = what.replace(f" {mark}", "")
                source = "paper" if what == claim.what else "independent"
                yield Number(member.full(claim.name), what, source, claim.published, claim.unit)
    yield from _MORE


def compared(measured: Mapping[str, float]) -> list[tuple[str, ...]]:
    """Rows: key, quantity, source, published, ours, difference, remark. measured: of a run of all."""
    rows = []
    for number in numbers():
        value = measured[number.key.removesuffix(".paper")]
        difference = value / number.published - 1
        far = abs(difference) > number.tolerance
        remark = REASONS.get(number.key, "no reason is known") if far else ""
        shown = (f"{v:.4g}{number.unit}" for v in (number.published, value))
        rows.append(
            (
                f"`{number.key}`",
                number.what,
                number.source,
                *shown,
                f"{100 * difference:+z.1f} %",
                remark,
            )
        )
    return rows
