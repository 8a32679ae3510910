"""Modules recognised by what they do to numbers: which outputs one input changes, then the numbers."""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from normlab.equation.row import Norm
from normlab.recognition.affine import Affine, fitted, usual, with_steps
from normlab.recognition.behaviour import spread
from normlab.recognition.copies import copied, drawn, held_by, run, statistics
from normlab.recognition.found import Recognised
from normlab.recognition.rows import Candidate, candidates, frozen, measured

NEAR = 1e-2  # relative difference up to which a module is taken for the row that it is nearest to
EXACT = 1e-5  # up to which a module is a row, whatever precision it computes in
_LARGE, _SMALL = 1024.0, 1e-2  # times x: where eps does not count, and where it does
_DOUBLE = 1e-11  # what computing in float64 leaves at most
_ALIKE = 0.4  # what may be left of a module's values behind a row's: a correlation of 0.92
_DRAWS = 8  # inputs, half of them the others' negatives, that show which outputs one input changes


@dataclass(frozen=True)
class Fit:
    """A candidate, what is done to its values, and the relative difference left (large: of large x)."""

    candidate: Candidate
    affine: Affine
    eps: float | None
    error: float
    large: float

    @property
    def right(self) -> bool:
        return self.error <= EXACT and self.affine.factor == 1.0

    @property
    def order(self) -> tuple[float, bool, int]:
        """The nearest first; of equals the plainest."""
        rounded = float(f"{max(self.error, EXACT):.2g}")
        return rounded, self.affine.factor != 1.0, self.candidate.guessed


class Probe:
    """A module all of whose numbers are drawn, an input, and what it makes of it."""

    def __init__(self, module: nn.Module, x: Tensor):
        self.own, self.module, self.x = module, drawn(module), x.double()
        with torch.no_grad():
            self.y = {scale: self(scale * self.x) for scale in (1.0, _LARGE, _SMALL)}

    def __call__(self, x: Tensor) -> Tensor:
        return run(self.module, x)

    @cached_property
    def _reach(self) -> tuple[frozenset[int], ...]:
        return spread(self, self.x, _DRAWS)

    @cached_property
    def fits(self) -> list[Fit]:
        """The rows whose elements reach as far as the module's, the nearest first."""
        return self.fits_of(None)

    def fits_of(self, rows: list[Norm] | None) -> list[Fit]:
        """The rows given, or those whose elements reach as far as the module's, the nearest first."""
        found = []
        possible = [*candidates(self.module, self.x, rows), *frozen(self.module, self.x)]
        with torch.no_grad():
            for one in map(self._measured, possible):
                if rows or _reaches(one, self.x) == self._reach:
                    found.append(self._fit(one))
                    if found[-1].right:
                        break
        return sorted(found, key=lambda fit: fit.order)

    def alike(self, candidate: Candidate) -> bool:
        """Whether it grows with the row's values, whatever factor and constant each feature has."""
        with torch.no_grad():
            n, y = (
                self._table(candidate, t)
                for t in (candidate.normalised(self.x, candidate.some_eps), self.y[1.0])
            )
            n, y = n - n.mean(0), y - y.mean(0)
            return _far(n * ((n * y).sum(0) / n.square().sum(0)), y) <= _ALIKE

    def keeps_the_mean(self) -> bool:
        """Whether it divides by a deviation about a mean that it does not subtract, which is no row."""
        with torch.no_grad():
            return any(
                one.row.center and _reaches(one, self.x) == self._reach and self._proportional(one)
                for one in candidates(self.module, self.x)
            )

    def _proportional(self, candidate: Candidate) -> bool:
        x = _LARGE * self.x
        n, y = (self._table(candidate, t) for t in (candidate.divided(x), self.y[_LARGE]))
        return _far(n * ((n * y).sum(0) / n.square().sum(0)), y) <= EXACT

    def _fit(self, candidate: Candidate) -> Fit:
        n, y = (self._table(candidate, t) for t in self._large(candidate))
        affine = fitted(self.module, n, y, named=candidate.row.affine is not None)
        if _far(affine.applied(n, self.module), y) > EXACT:
            options = [affine, *with_steps(self.module, n.shape[1])]
            off = {one: _far(one.applied(n, self.module), y) for one in options}
            best = min(options, key=lambda one: off[one])
            affine = best if off[best] <= EXACT else affine
        errors = {eps: self._error(candidate, affine, eps) for eps in candidate.eps or (None,)}
        eps = min(errors, key=lambda one: errors[one])
        return Fit(candidate, affine, eps, errors[eps], self._far(candidate, affine, eps, _LARGE))

    def features(self, candidate: Candidate) -> int:
        return self._table(candidate, self.x).shape[1]

    def _measured(self, candidate: Candidate) -> Candidate:
        more = measured(candidate.row, self.module, self.x, self.y[1.0])
        return (
            candidate
            if more is None
            else replace(candidate, settings={**candidate.settings, **more})
        )

    def _large(self, candidate: Candidate) -> tuple[Tensor, Tensor]:
        return candidate.normalised(_LARGE * self.x, candidate.some_eps), self.y[_LARGE]

    def _error(self, candidate: Candidate, affine: Affine, eps: float | None) -> float:
        return max(self._far(candidate, affine, eps, scale) for scale in (1.0, _SMALL))

    def _far(self, candidate: Candidate, affine: Affine, eps: float | None, scale: float) -> float:
        n = self._table(candidate, candidate.normalised(scale * self.x, eps))
        return _far(affine.applied(n, self.module), self._table(candidate, self.y[scale]))

    def _table(self, candidate: Candidate, values: Tensor) -> Tensor:
        """(places, features): what has a weight and bias of its own comes last."""
        if candidate.row.affine == "shape" or "normalized_shape" in candidate.settings:
            shape = candidate.settings.get("normalized_shape")
            kept = 1 if shape is None else values.dim() - len(shape)
            return values.flatten(0, kept - 1).flatten(1)
        return candidate.placed(values).movedim(1, -1).flatten(0, -2)


def _far(found: Tensor, wanted: Tensor) -> float:
    off, size = (found - wanted).norm().item(), wanted.norm().item()
    return off / size if off == off and size > 0 else 0.0 if off == 0 else math.inf


def _reaches(candidate: Candidate, x: Tensor) -> tuple[frozenset[int], ...]:
    return spread(lambda a: candidate.normalised(a, candidate.some_eps), x, 1)


def settled(module: nn.Module, fit: Fit, probe: Probe) -> Recognised:
    """What was found with drawn numbers, with the module's own."""
    held, affine, row = held_by(module), fit.affine, fit.candidate.row
    settings = {**fit.candidate.settings, **_measured_again(module, fit, probe)}
    settings |= {} if fit.eps is None else {"eps": fit.eps}
    weight = None if affine.weight is None else held[affine.weight]
    if row.affine is None and weight is not None and weight.numel() > 1:
        row = replace(row, affine="shape" if "normalized_shape" in settings else "channel")
    kept = dict(statistics(module)) if row.running else {}
    mean, var = kept.values() if len(kept) == 2 else (None, None)
    slight = _DOUBLE < fit.large <= EXACT and fit.error <= EXACT
    return Recognised(
        module,
        row,
        settings,
        weight,
        None if affine.bias is None else held[affine.bias],
        affine.offset,
        affine.factor,
        mean,
        var,
        frozen=fit.candidate.statistics is not None,
        channels=fit.candidate.channels,
        step=None if affine.step is None else affine.step.made(module),
        precision=torch.float32 if slight else None,
        how="numbers",
        error=fit.error,
    )


def plain(module: nn.Module, fit: Fit, probe: Probe) -> Recognised:
    """Of a module that is not quite the row: what its names tell of weight, bias and eps."""
    features = probe.features(fit.candidate)
    weight, bias = usual(module, features)
    eps = fit.candidate.eps[0] if fit.candidate.eps else None
    return settled(module, replace(fit, affine=Affine(weight, bias), eps=eps), probe)


def _measured_again(module: nn.Module, fit: Fit, probe: Probe) -> dict[str, Any]:
    with torch.no_grad():
        own = copied(module).double().train()
        return measured(fit.candidate.row, own, probe.x, run(own, probe.x)) or {}
