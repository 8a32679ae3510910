"""What an examination found: one finding for each cause, and the report that holds them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from normlab.errors import absent

Severity = Literal["error", "warning", "remark"]
Safety = Literal["safe", "unsafe"]
CHANNELS = 256  # of a layer, that the page shows
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "remark")


@dataclass(frozen=True)
class Finding:
    """One cause, at one layer or at several that share it.

    code, rule: of the rule that found it. layers: paths in the model, () where it is the whole model.
    measured, threshold: the number of the worst layer beside the one it is held to; `statistic` says
        what it is. values: the number of each layer.
    consequence: what it does, in one sentence.
    fix: the name of a fix of `normlab.doctor.fix`, or "" where `effect` is advice alone; `safe` fixes
        leave the function as it is within tolerance, `unsafe` ones change predictions.
    effect: what the fix, or following the advice, is expected to do.
    """

    code: str
    rule: str
    severity: Severity
    layers: tuple[str, ...]
    statistic: str
    measured: float | None
    threshold: float | None
    consequence: str
    effect: str
    fix: str = ""
    safety: Safety | None = None
    values: Mapping[str, float] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What findings of one cause agree in."""
        return self.code, self.severity, self.consequence, self.effect

    @property
    def rank(self) -> tuple[int, float, str]:
        """The worst first: by severity, then by how far the number is beyond its threshold."""
        beyond = 0.0
        if self.measured is not None and self.threshold:
            ratio = abs(self.measured / self.threshold)
            beyond = max(ratio, 1 / ratio) if ratio else float("inf")
        return SEVERITIES.index(self.severity), -beyond, self.code


def merged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings with the same cause as one that names all their layers; the worst first.

    >>> one = Finding("NRM101", "r", "error", ("a",), "z", 1.0, 0.5, "It is.", "Do.", values={"a": 1.0})
    >>> two = replace(one, layers=("b",), measured=2.0, values={"b": 2.0})
    >>> [both] = merged([one, two])
    >>> both.layers, both.measured
    (('a', 'b'), 2.0)
    """
    groups: dict[Any, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.key, []).append(finding)
    return tuple(sorted(map(_one, groups.values()), key=lambda finding: finding.rank))


def _one(alike: list[Finding]) -> Finding:
    worst = min(alike, key=lambda finding: finding.rank)
    layers = tuple(dict.fromkeys(name for finding in alike for name in finding.layers))
    values = {name: value for finding in alike for name, value in finding.values.items()}
    return replace(worst, layers=layers, values=values)


@dataclass(frozen=True)
class NotChecked:
    """A rule that could not be applied, and why."""

    code: str
    rule: str
    why: str


@dataclass(frozen=True)
class LayerRow:
    """A layer as the report's table and strip show it; None for what is not known."""

    name: str
    kind: str
    channels: int | None = None
    z: float | None = None
    r: float | None = None
    z_training: float | None = None
    change: float | None = None


@dataclass(frozen=True)
class Report:
    """What was found of a model.

    findings: the worst first. passed: (code, name) of rules that found nothing. not_checked: rules that
    could not be applied, with the reason. not_examined: modules that may be normalisers and were not
    looked at, with the reason. layers: those examined. notes: what else is to be known, such as how many
    batches were seen. gap: the relative change of the output between eval() and normalising by the batch.
    """

    model: str
    findings: tuple[Finding, ...]
    passed: tuple[tuple[str, str], ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    not_examined: Mapping[str, str] = field(default_factory=dict)
    layers: tuple[LayerRow, ...] = ()
    notes: tuple[str, ...] = ()
    gap: float | None = None
    batches: int = 0
    change: float | None = None
    places: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    measured: Mapping[str, tuple[tuple[float, ...], ...]] = field(default_factory=dict)
    known: int = 0

    @property
    def healthy(self) -> bool:
        """Whether there is neither an error nor a warning."""
        return not any(finding.severity in ("error", "warning") for finding in self.findings)

    def fails_on(self, severity: Severity) -> bool:
        """Whether anything of that severity or a worse one was found."""
        level = SEVERITIES.index(severity)
        return any(SEVERITIES.index(finding.severity) <= level for finding in self.findings)

    @property
    def verdict(self) -> str:
        """One line that closes the report.

        >>> Report("Net", ()).verdict
        'Nothing was found.'
        """
        from normlab.doctor.showing.words import verdict

        return verdict(self)

    def __str__(self) -> str:
        from normlab.doctor.showing.text import table

        return table(self)

    __repr__ = __str__

    def to_json(self) -> dict[str, Any]:
        """Plain data; the keys are those of Report and Finding."""
        from normlab.doctor.showing.data import as_json

        return as_json(self)

    def to_html(self, path: str | Path) -> Path:
        """Write the page, one file that needs nothing else; returns where."""
        from normlab.doctor.showing.page import written

        return written(self, Path(path))

    def _repr_html_(self) -> str | None:
        if absent("report"):
            return None  # a notebook then shows the text
        from normlab.doctor.showing.page import fragment

        return fragment(self)
