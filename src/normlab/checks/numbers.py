"""Checks of numbers: output, gradients and running statistics against the row in float64."""

from dataclasses import replace

import torch
from torch import Tensor

from normlab.checks.finding import Finding, compared, remarked, without
from normlab.checks.subject import Subject
from normlab.dtypes import HALF
from normlab.equation import rounding
from normlab.errors import one_line
from normlab.kernels.layouts import CHANNELS_LAST
from normlab.recognition.copies import run

FAR = 100.0  # deviations from 0 at which implementations part


def output(subject: Subject, x: Tensor) -> Finding:
    """forward"""
    return _output(
        "output",
        subject,
        x,
        "the numbers are not those of the row; `normlab grade` names the mistake in a file.",
    )


def far_output(subject: Subject, x: Tensor) -> Finding:
    """The same data, moved away from 0."""
    far = moved(x)
    return _output(
        f"output at mean {FAR:g}",
        subject,
        far,
        "its sums lose digits when the mean is large against the deviation (a variance as "
        "E[x²] − E[x]², or long sums in the input's own precision); subtract a constant first.",
    )


def last_output(subject: Subject, x: Tensor) -> Finding:
    """The same data with the channels last in memory, where there is such a layout."""
    kind = CHANNELS_LAST.get(x.dim())
    if kind is None:
        return without("output in channels_last", f"x has rank {x.dim()}, not 4 or 5.")
    near = _output(
        "output in channels_last",
        subject,
        x.detach().contiguous(memory_format=kind),
        "in this layout its numbers are not those of the row; use x.contiguous().",
    )
    far = _output(
        f"output in channels_last at mean {FAR:g}",
        subject,
        moved(x).contiguous(memory_format=kind),
        "in this layout it computes with fewer digits; subtract a constant first, or use "
        "x.contiguous().",
    )
    return near if near.outcome == "differs" else remarked(far)


def evaluated(subject: Subject, x: Tensor) -> Finding:
    """Evaluation with the statistics the module has."""
    check = "output in evaluation"
    if not subject.found.tracks:
        return without(check, "there are no running statistics.")
    batch = "in eval() it uses the batch's statistics; it should use its running ones."
    other = "in eval() its numbers are not those that its running statistics give."
    found = _output(check, subject, x, other, training=False)
    as_in_training = _output(check, subject, x, batch, training=False, as_training=True)
    return replace(found, meaning=batch) if found.meaning and not as_in_training.meaning else found


def moved(x: Tensor) -> Tensor:
    x = x.detach()
    spread = x.double().std() if x.numel() > 1 else x.new_ones((), dtype=torch.float64)
    return (x.double() + FAR * spread).to(x.dtype)


def _output(
    check: str,
    subject: Subject,
    x: Tensor,
    meaning: str,
    training: bool = True,
    as_training: bool = False,
) -> Finding:
    """y of the module against the row in that mode, or against the row in training all the same."""
    with torch.no_grad():
        actual = run(subject.fresh(training), x.detach().clone(memory_format=torch.preserve_format))
        expected = subject.reference(x, training or as_training)
    return compared(check, actual, expected.y, subject.allowed(x, expected, x.dtype), meaning)


def gradients(subject: Subject, x: Tensor) -> list[Finding]:
    """Of x, weight and bias, for a fixed random slope of the loss."""
    slope = _slope_of_loss(subject, x)
    module = subject.fresh(training=True)
    names, ours = _leaves(subject, module)
    try:
        here = x.detach().clone().requires_grad_()
        actual = torch.autograd.grad(
            run(module, here.clone()), [here, *ours], slope.to(x), allow_unused=True
        )
    except RuntimeError as error:
        return [Finding("gradient", "differs", meaning=f"there is none: {one_line(error, None)}")]
    wide = [value.detach().double().requires_grad_() for value in (x, *ours)]
    out = subject.reference(wide[0], True, _placed(subject, wide[1:]), x.dtype)
    expected = torch.autograd.grad(out.y, wide, slope.to(wide[0]))
    return [
        _gradient(subject, f"gradient of {name}", x, out.out, a, e)
        for name, a, e in zip(["x", *names], actual, expected, strict=True)
    ]


def _slope_of_loss(subject: Subject, x: Tensor) -> Tensor:
    """Random, and 0 where the step after the row has a kink."""
    generator = torch.Generator().manual_seed(0)
    slope = torch.randn(x.shape, generator=generator, dtype=torch.float64).to(x.device)
    if subject.found.step is None:
        return slope
    expected = subject.reference(x.detach(), True)
    return slope * subject.smooth(expected, subject.before_step(x, expected, x.dtype))


def _leaves(subject: Subject, module: torch.nn.Module) -> tuple[list[str], list[Tensor]]:
    """weight and bias of the copy, where they are parameters."""
    wanted = {id(subject.weight): "weight", id(subject.bias): "bias"}
    pairs = zip(subject.module.parameters(), module.parameters(), strict=True)
    found = [(wanted[id(old)], new) for old, new in pairs if id(old) in wanted]
    found = [(name, new) for name, new in sorted(found, reverse=True) if new.requires_grad]
    return [name for name, _ in found], [new for _, new in found]


def _placed(subject: Subject, given: list[Tensor]) -> tuple[Tensor | None, Tensor | None]:
    values = iter(given)
    placed = [
        None if v is None else (next(values) if v.requires_grad else v.detach())
        for v in (subject.weight, subject.bias)
    ]
    return placed[0], placed[1]


def _gradient(
    subject: Subject, check: str, x: Tensor, out, actual: Tensor | None, expected: Tensor
) -> Finding:
    if actual is None:
        return Finding(
            check, "differs", meaning="no gradient arrives: detach() or .data cuts the graph."
        )
    allowed = rounding.of_gradient(x, out, expected, subject.computed(x.dtype))
    if x.dtype in HALF:
        allowed = allowed + torch.finfo(x.dtype).eps * (expected.abs() + expected.abs().amax())
    meaning = (
        "the derivative is not that of the output: look for a detach(), for no_grad(), or for "
        "statistics taken as constants."
    )
    return compared(check, actual, expected, allowed, meaning)
