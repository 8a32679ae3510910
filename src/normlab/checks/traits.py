"""Checks of behaviour: what moves the output and what does not, dtype, layout, repeatability."""

import torch
from torch import Tensor

from normlab.checks.finding import Finding, compared, told, without
from normlab.checks.subject import Subject, run
from normlab.dtypes import computed_in
from normlab.equation import rounding
from normlab.errors import CheckError
from normlab.kernels.layouts import CHANNELS_LAST


def input_kept(subject: Subject, x: Tensor) -> Finding:
    given = x.detach().clone()
    with torch.no_grad():
        run(subject.fresh(True), given)
    same = bool(((given == x) | (given.isnan() & x.isnan())).all())
    return told("input left as it is", same, "forward writes into its input; compute into a copy.")


def repeated(subject: Subject, x: Tensor) -> Finding:
    with torch.no_grad():
        first, second = (run(subject.fresh(True), x.detach().clone()) for _ in range(2))
    same = torch.equal(first, second)
    return told("the same twice", same, "two runs on one input differ: something in it is random.")


def dtype_kept(subject: Subject, x: Tensor) -> Finding:
    with torch.no_grad():
        y = run(subject.fresh(True), x.detach().clone())
    return told("dtype kept", y.dtype == x.dtype, f"{_short(x)} in, {_short(y)} out.")


def half(subject: Subject, x: Tensor, dtype: torch.dtype) -> Finding:
    """Half input, parameters as they are: statistics belong into float32."""
    check, small = f"{_short_name(dtype)} input", x.detach().to(dtype)
    try:
        with torch.no_grad():
            actual = run(subject.fresh(True), small.clone())
    except CheckError as error:
        reason = " ".join(str(error.__cause__ or error).split())
        return Finding(check, "differs", meaning=f"it takes none: {reason}")
    expected = subject.reference(small, True)
    allowed = rounding.of_output(small, expected, dtype, torch.float32, subject.weight)
    meaning = "more is lost than the rounding of y: keep statistics and weight in float32."
    return compared(check, actual, expected.y, allowed, meaning)


def layout_kept(subject: Subject, x: Tensor) -> Finding:
    kind = CHANNELS_LAST.get(x.dim())
    if kind is None:
        return without("channels_last kept", f"x has rank {x.dim()}, not 4 or 5.")
    with torch.no_grad():
        y = run(subject.fresh(True), x.detach().contiguous(memory_format=kind))
    kept = y.is_contiguous(memory_format=kind)
    return told("channels_last kept", kept, "the layout is lost, and the next layer copies.")


def constant_added(subject: Subject, x: Tensor) -> Finding:
    """A row with a center does not see a constant; one without does."""
    shift = x.detach().double().abs().amax() + 1.0
    return _invariance(
        "a constant added to x",
        subject,
        x.detach().double() + shift,
        subject.row.shift_invariant,
    )


def scale_changed(subject: Subject, x: Tensor) -> Finding:
    """A row of degree 0 does not see the scale, as far as σ or eps is small."""
    return _invariance("x doubled", subject, 2.0 * x.detach().double(), None)


def _invariance(check: str, subject: Subject, changed: Tensor, expected: bool | None) -> Finding:
    """In float64: the change of y is that of the row."""
    with torch.no_grad():
        actual = run(subject.fresh(True, torch.float64), changed)
        out = subject.reference(changed, True)
    allowed = rounding.of_output(changed, out, torch.float64, torch.float64, subject.weight)
    word = {True: "and y should stay", False: "and y should change", None: "y follows the row"}
    meaning = f"y does not do what that of the row does ({word[expected]})."
    return compared(check, actual, out.y, allowed, meaning)


def alone(subject: Subject, x: Tensor) -> Finding:
    """The first sample by itself, where the row does not pool over the batch."""
    check = "a sample by itself"
    if subject.row.uses_batch:
        return without(check, "the row pools over the batch.")
    if len(x) < 2:
        return without(check, "x has one sample.")
    with torch.no_grad():
        module = subject.fresh(True)
        together = run(module, x.detach().clone())[:1]
        single = run(subject.fresh(True), x.detach()[:1].clone())
    out = subject.reference(x[:1], True)
    allowed = rounding.of_output(x[:1], out, x.dtype, computed_in(x.dtype), subject.weight) * 2
    meaning = "the other samples of the batch change it, though the row pools over none of them."
    return compared(check, single, together.double(), allowed, meaning)


def _short(x: Tensor) -> str:
    return _short_name(x.dtype)


def _short_name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
