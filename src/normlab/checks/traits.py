"""Checks of behaviour: what moves the output and what does not, dtype, layout, repeatability."""

from dataclasses import replace

import torch
from torch import Tensor

from normlab.checks.finding import Finding, compared, remarked, told, without
from normlab.checks.subject import Subject
from normlab.errors import CheckError
from normlab.kernels.layouts import CHANNELS_LAST
from normlab.recognition.copies import run


def input_kept(subject: Subject, x: Tensor) -> Finding:
    given = x.detach().clone()
    with torch.no_grad():
        run(subject.fresh(True), given)
    same = bool(((given == x) | (given.isnan() & x.isnan())).all())
    return told("input left as it is", same, "forward writes into its input; compute into a copy.")


def repeated(subject: Subject, x: Tensor) -> Finding:
    with torch.no_grad():
        first, second = (run(subject.fresh(True), x.detach().clone()) for _ in range(2))
    same = bool(((first == second) | (first.isnan() & second.isnan())).all())
    return told("the same twice", same, "two runs on one input differ: something in it is random.")


def dtype_kept(subject: Subject, x: Tensor) -> Finding:
    with torch.no_grad():
        y = run(subject.fresh(True), x.detach().clone())
    return told("dtype kept", y.dtype == x.dtype, f"{_short(x)} in, {_short(y)} out.")


def half(subject: Subject, x: Tensor, dtype: torch.dtype) -> Finding:
    """Half input, parameters as they are: statistics belong into float32. A remark, since x was none."""
    check, small = f"{_short_name(dtype)} input", x.detach().to(dtype)
    largest = torch.finfo(dtype).max
    expected = subject.reference(small, True)
    if not bool(small.isfinite().all() & (expected.y.abs() <= largest).all()):
        return without(check, f"x or y goes beyond {largest:g}, its largest number.")
    try:
        with torch.no_grad():
            actual = run(subject.fresh(True), small.clone())
    except CheckError as error:
        reason = " ".join(str(error.__cause__ or error).split())
        return remarked(Finding(check, "differs", meaning=f"it takes none: {reason}"))
    fine, coarse = (
        compared(
            check, actual, expected.y, subject.allowed(small, expected, dtype, computed), words
        )
        for computed, words in ((torch.float32, _FINE), (dtype, _COARSE))
    )
    return remarked(replace(fine, meaning=coarse.meaning or fine.meaning))


_FINE = "more is lost than the rounding of y: keep statistics and weight in float32."
_COARSE = "the numbers are wrong: something grows beyond this dtype; compute in float32."


def layout_kept(subject: Subject, x: Tensor) -> Finding:
    kind = CHANNELS_LAST.get(x.dim())
    if kind is None:
        return without("channels_last kept", f"x has rank {x.dim()}, not 4 or 5.")
    with torch.no_grad():
        y = run(subject.fresh(True), x.detach().contiguous(memory_format=kind))
    kept = y.is_contiguous(memory_format=kind)
    meaning = "y has another layout, so that the next layer copies it."
    return remarked(told("channels_last kept", kept, meaning))


def constant_added(subject: Subject, x: Tensor) -> Finding:
    """A row with a center does not see a constant; one without does, and one with given statistics."""
    shift = x.detach().double().abs().amax() + 1.0
    invariant = subject.row.shift_invariant and not subject.found.frozen
    meaning = "a constant added to x changes y, though the row subtracts a mean."
    other = "with a constant added to x, y is not what the row gives."
    changed = x.detach().double() + shift
    return _invariance("a constant added to x", subject, changed, meaning if invariant else other)


def scale_changed(subject: Subject, x: Tensor) -> Finding:
    """A row of degree 0 does not see the scale, as far as σ or eps is small."""
    meaning = "with x doubled, y is not what the row gives."
    return _invariance("x doubled", subject, 2.0 * x.detach().double(), meaning)


def _invariance(check: str, subject: Subject, changed: Tensor, meaning: str) -> Finding:
    """In float64: the change of y is that of the row."""
    with torch.no_grad():
        actual = run(subject.fresh(True, torch.float64), changed)
        out = subject.reference(changed, True)
    return compared(check, actual, out.y, subject.allowed(changed, out, torch.float64), meaning)


def alone(subject: Subject, x: Tensor) -> Finding:
    """The first sample by itself, where the row does not pool over the batch."""
    check = "a sample by itself"
    if subject.pools_batch:
        return without(check, "the row pools over the batch.")
    if len(x) < 2:
        return without(check, "x has one sample.")
    with torch.no_grad():
        module = subject.fresh(True)
        together = run(module, x.detach().clone())[:1]
        single = run(subject.fresh(True), x.detach()[:1].clone())
    out = subject.reference(x[:1], True)
    allowed = 2 * subject.allowed(x[:1], out, x.dtype)
    meaning = "the other samples of the batch change it, though the row pools over none of them."
    return compared(check, single, together.double(), allowed, meaning)


def _short(x: Tensor) -> str:
    return _short_name(x.dtype)


def _short_name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
