"""Checks of running statistics: one step of training from where the module stands, and none in eval."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from normlab.checks.finding import Finding, compared, told, without
from normlab.checks.subject import Subject
from normlab.dtypes import computed_in
from normlab.errors import CheckError
from normlab.recognition.copies import run
from normlab.recognition.copies import statistics as held


def statistics(subject: Subject, x: Tensor) -> list[Finding]:
    if not subject.found.tracks:
        return [without("running statistics", "the module keeps none.")]
    x = _few(subject, x)
    trained, still = subject.fresh(training=True), subject.fresh(training=False)
    run(trained, x.detach().clone())
    run(still, x.detach().clone())
    kept = told(
        "running statistics in evaluation",
        _same(still, subject.module),
        "eval() changes them; update only while self.training.",
    )
    if subject.found.frozen:
        meaning = "training changes them, though the output does not depend on the batch."
        return [told("running statistics", _same(trained, subject.module), meaning), kept]
    found = {name: _Kept(subject, trained, x, name) for name in ("mean", "var")}
    share = _share(subject.module, found["mean"])
    return [*(_moved(one, share) for one in found.values()), kept]


def _same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    pairs = zip(held(one), held(other), strict=True)
    return all(torch.equal(a, b) for (_, a), (_, b) in pairs)


def _few(subject: Subject, x: Tensor) -> Tensor:
    """A corner of x, where n − 1 is far from n, if the module takes it."""
    corner = x[(slice(4), slice(None), *[slice(3)] * (x.dim() - 2))]
    try:
        run(subject.fresh(training=True), corner.detach().clone())
    except CheckError:
        return x
    return corner


class _Kept:
    """A running statistic before and after a step of training, and what may be stored of the batch."""

    def __init__(self, subject: Subject, trained: torch.nn.Module, x: Tensor, name: str):
        at = ("mean", "var").index(name)
        self.name, self.x, self.computed = name, x.detach().double(), computed_in(x.dtype)
        self.before, self.after = (
            held(module)[at][1].detach().double().flatten() for module in (subject.module, trained)
        )
        placed = self.x.transpose(1, subject.found.channels)
        self.forms = _forms(name, placed, samples=not subject.row.uses_batch)


def _share(module: torch.nn.Module, mean: _Kept) -> float:
    """The part of the new batch: by momentum (None in torch: the plain average), else as the mean moved."""
    momentum: Any = getattr(module, "momentum", "not said")
    if momentum == "not said":
        moved = mean.forms[_TORCHS] - mean.before
        return ((mean.after - mean.before) @ moved / moved.square().sum()).item() or _USUAL
    if momentum is None:
        batches: Any = getattr(module, "num_batches_tracked", 0)
        return 1.0 / (int(batches) + 1)
    return float(momentum)


def _moved(kept: _Kept, share: float) -> Finding:
    right = (1 - share) * kept.before + share * kept.forms[_TORCHS]
    allowed, check = _allowed(kept, right), f"running {kept.name}"
    finding = compared(check, kept.after, right, allowed, "")
    if finding.outcome == "agrees":
        return finding
    return compared(check, kept.after, right, allowed, _named(kept, share, allowed))


_USUAL = 0.1  # torch's momentum
_TORCHS = "what torch stores"


def _forms(name: str, x: Tensor, samples: bool) -> dict[str, Tensor]:
    """What may be stored of a batch, by who does it; of each sample first where rows keep them apart."""
    whole = [dim for dim in range(x.dim()) if dim != 1]
    dims = whole[1:] if samples else whole

    def average(values: Tensor) -> Tensor:
        return values.mean(0) if samples else values

    if name == "mean":
        return {_TORCHS: x.mean(whole)}
    return {
        _TORCHS: average(x.var(dims)),
        "the biased variance (as Keras and Flax store it; torch stores the unbiased one)": average(
            x.var(dims, correction=0)
        ),
        "the standard deviation": average(x.std(dims)),
        "the second moment E[x²]": x.square().mean(whole),
    }


def _named(kept: _Kept, share: float, allowed: Tensor) -> str:
    """The convention that explains what is stored."""
    before, after, forms = kept.before, kept.after, kept.forms
    ways: dict[str, Callable[[Tensor], Tensor]] = {
        "": lambda new: (1 - share) * before + share * new,
        "momentum the wrong way round (Keras's and Flax's direction): ": lambda new: (
            share * before + (1 - share) * new
        ),
        "no average over batches, only the last batch: ": lambda new: new,
    }
    if bool(((after - before).abs() <= allowed).all()):
        return "it did not move in training; update it in forward while self.training."
    for way, blend in ways.items():
        for what, new in forms.items():
            if bool(((after - blend(new)).abs() <= allowed).all()):
                return f"{way}stored is {what}."
    return "neither momentum's direction nor the correction explains it."


def _allowed(kept: _Kept, right: Tensor) -> Tensor:
    """√n roundings of the sums; a variance is taken about a mean that is itself rounded."""
    eps, largest = torch.finfo(kept.computed).eps, kept.x.abs().amax()
    count = max(1, kept.x.numel() // right.numel())
    size = largest if kept.name == "mean" else right.abs() + eps * largest**2
    return 4 * eps * count**0.5 * (size + right.abs())
