"""Any normalisation module against the row it is, in float64, on the user's own input."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from normlab.checks import numbers, running, traits
from normlab.checks.finding import Finding
from normlab.checks.subject import Subject
from normlab.equation.row import Norm
from normlab.errors import CheckError, DtypeError, ShapeError
from normlab.recognition import recognise, why_not
from normlab.recognition.copies import copied, run, undisturbed

Check = Callable[[Subject, Tensor], Finding | list[Finding]]
CHECKS: tuple[Check, ...] = (
    numbers.output,
    numbers.far_output,
    numbers.last_output,
    numbers.evaluated,
    numbers.gradients,
    running.statistics,
    traits.constant_added,
    traits.scale_changed,
    traits.alone,
    lambda subject, x: traits.half(subject, x, torch.float16),
    lambda subject, x: traits.half(subject, x, torch.bfloat16),
    traits.dtype_kept,
    traits.layout_kept,
    traits.input_kept,
    traits.repeated,
)


@dataclass(frozen=True)
class Checked:
    """What `check` found: what the module was taken for, and one finding for each check.

    row: its name; "" for a module that was not recognised, which has no findings. words: what it is, or
    why it is not recognised. how: by what it was recognised.
    """

    module: str
    row: str
    words: str
    how: str
    settings: dict[str, Any]
    findings: tuple[Finding, ...]

    @property
    def recognised(self) -> bool:
        return self.row != ""

    @property
    def agrees(self) -> bool:
        """Whether nothing differs; True also where nothing was compared."""
        return all(finding.outcome != "differs" for finding in self.findings)

    def __getitem__(self, check: str) -> Finding:
        return next(finding for finding in self.findings if finding.check == check)

    def __str__(self) -> str:
        from normlab.checks.text import table

        return table(self)

    def to_json(self) -> dict[str, Any]:
        from normlab.checks.text import as_json

        return as_json(self)


def check(module: nn.Module, x: Tensor, *, row: str | Norm | None = None) -> Checked:
    """Compare a normalisation module, ours or anyone's, with the float64 reference of its row.

    Forward, gradients, running statistics, invariances, dtype, layout and repeatability, on copies:
    the module is left as it is. Known types are recognised; an unknown module is tried against every
    row that fits x, channels first and last, with an activation, 1 + weight or a constant factor after it.
    What is not recognised is not compared and is no failure: `recognised` is False, `words` says why.

    row: what it should be, by the name of a row of the table or of what stands beside it ("positional").
    Shapes: x as the module takes it, (N, C, *).
    Differences: what rounding explains is agreement: of both evaluations, in the dtype the module computes
        in (some compute in float32 whatever comes in), over the pool. Each finding has the largest
        difference, what was allowed there, and what a difference means. A remark is no difference: digits
        or speed that are lost.
    Errors: CheckError for what is no module, has no output for x or cannot be copied, or where x does not
        fit the row named; SettingError for an unknown row; ShapeError for an empty x; DtypeError.
    Limits: one input is no proof; what depends on sizes not given is not seen.

    >>> import torch
    >>> found = check(torch.nn.LayerNorm(6), torch.randn(4, 6))
    >>> found.row, found.agrees
    ('layer', True)
    >>> check(torch.nn.Identity(), torch.randn(4, 6)).recognised
    False
    """
    if not isinstance(module, nn.Module):
        raise CheckError(
            f"check: {type(module).__name__} given; it must be a torch.nn.Module, for example "
            f"torch.nn.BatchNorm2d(16)."
        )
    if not x.is_floating_point():
        raise DtypeError(f"check: x is {x.dtype}; give a floating-point tensor, e.g. x.float().")
    if x.numel() == 0 or not bool(x.isfinite().all()):
        raise ShapeError(
            f"check: x of shape {tuple(x.shape)} is empty or holds NaN or inf; give finite numbers."
        )
    with undisturbed(x.device):
        run(copied(module).train(), x.detach().clone())
        return _checked(module, x, row)


def _checked(module: nn.Module, x: Tensor, row: str | Norm | None) -> Checked:
    name, found = type(module).__name__, recognise(module, x, row)
    if found is None and row is not None:
        raise CheckError(f"{name}: x of shape {tuple(x.shape)} does not fit row {row!r}.")
    if found is None:
        return Checked(name, "", why_not(module, x), "", {}, ())
    subject = Subject(found)
    findings = _explained([f for probe in CHECKS for f in _listed(probe(subject, x))])
    settings = {name: _plain(value) for name, value in found.settings.items()}
    return Checked(name, found.row.name, found.words, _HOW[found.how], settings, tuple(findings))


_HOW = {
    "type": "by its type",
    "numbers": "by its numbers",
    "behaviour": "by its behaviour: which outputs one input changes, centring, the power of x",
    "told": "as given",
}


def _listed(found: Finding | list[Finding]) -> Iterable[Finding]:
    return found if isinstance(found, list) else [found]


_ROOT = "output"
_APART = (
    "running",
    "input left",
    "the same",
    "dtype",
    "channels_last kept",
    "output in evaluation",
)


def _explained(found: list[Finding]) -> list[Finding]:
    """Where the output itself differs, what is made of it does too: said once, not as its own fault."""
    if found[0].check != _ROOT or found[0].outcome != "differs":
        return found
    return [
        replace(f, meaning="as the output above.")
        if f.outcome == "differs" and f.check != _ROOT and not f.check.startswith(_APART)
        else f
        for f in found
    ]


def _plain(value: Any) -> Any:
    return f"tensor {tuple(value.shape)}" if isinstance(value, Tensor) else value
