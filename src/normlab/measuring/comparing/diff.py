"""Today's statistics against training's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from normlab.errors import DataError
from normlab.measuring.comparing.change import MEASURES, Change, compared, rows, worst_first
from normlab.measuring.comparing.samples import sample

if TYPE_CHECKING:
    from normlab.measuring.measured import Measured


@dataclass(frozen=True)
class Drift:
    """Every feature's change, worst first, and what was compared."""

    before: str
    now: str
    changes: Sequence[Change]

    def beyond(self, limits: Mapping[str, float]) -> dict[str, list[Change]]:
        """For each threshold the features beyond it; one that is gone or new is beyond all of them."""
        return {
            measure: [c for c in self.changes if c.status or c.size(measure) > limit]
            for measure, limit in limits.items()
        }

    def json(self, limits: Mapping[str, float]) -> dict[str, Any]:
        found = self.beyond(limits)
        return {
            "before": self.before,
            "now": self.now,
            "measures": {name: words for name, (_, _, words) in MEASURES.items()},
            "beyond": {name: [c.name for c in changes] for name, changes in found.items()},
            "changes": [c.json() for c in self.changes],
        }


def diff(before: "Measured", now: "Measured") -> Drift:
    """What has changed from one set of statistics to the other, worst first.

    Errors: DataError where they cannot be compared: of images and of a table, or on two scales.

    >>> import numpy as np, normlab
    >>> train, now = (normlab.measure(np.arange(9.0)[:, None] + shift) for shift in (0, 1))
    >>> found = diff(train, now).changes[0]
    >>> found.mean_before, found.mean_now, round(found.shift, 3)
    (4.0, 5.0, 0.365)
    """
    _check_alike(before, now)
    places = [{name: i for i, name in enumerate(measured.names)} for measured in (before, now)]
    earlier, later = places
    names = [name for name in earlier if name in later]
    pair = [
        sample(measured).at([place[name] for name in names])
        for measured, place in zip((before, now), places, strict=True)
    ]
    both = rows(names, compared(*pair))
    both += [Change(name, "gone") for name in earlier if name not in later]
    both += [Change(name, "new") for name in later if name not in earlier]
    return Drift(before.source, now.source, worst_first(both))


def _check_alike(before: "Measured", now: "Measured") -> None:
    if (before.kind == "images") != (now.kind == "images"):
        raise DataError(
            f"the first statistics are of {_words(before)} and the second of {_words(now)}; compare alike "
            "with alike"
        )
    for what in ("scale", "weighting"):
        pair = getattr(before, what), getattr(now, what)
        if pair[0] != pair[1]:
            raise DataError(
                f"the first statistics have {what} {pair[0]!r} and the second {pair[1]!r}; measure one of "
                f"them again with --{what} of the other"
            )


def _words(measured: "Measured") -> str:
    return {"images": "images", "table": "a table", "array": "an array"}.get(
        measured.kind, "tensors"
    )
