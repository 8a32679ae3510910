"""Fixing a model as a report says, or by the name of a fix: planned, done on a copy, verified."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from torch import nn

from normlab.doctor.findings import Finding, Report
from normlab.doctor.fixed import Fixed, Row, pairs
from normlab.doctor.fixes import FIXES, find
from normlab.doctor.fixes.fix import Fix
from normlab.doctor.observing import MOST
from normlab.doctor.patient import Options, Patient, check_numbers, copy_of
from normlab.doctor.unchanged import generators_kept
from normlab.doctor.verifying import moved, widened
from normlab.errors import CheckError, SettingError
from normlab.recalibration.batches import Batches, Progress, random_state_kept, silent

Wanted = Mapping[str, Iterable[str] | None]  # a fix -> the layers to do, or None for all


def fix(
    model: nn.Module,
    report: Report,
    batches: Iterable[Any] | None = None,
    only: str | Iterable[str] | None = None,
    dry_run: bool = False,
    *,
    convert: Any = None,
    settings: Mapping[str, Any] | None = None,
    eps: float | None = None,
    max_batches: int | None = None,
    progress: Progress = silent,
) -> Fixed:
    """A new model with the fixes that a report names, each verified, and a table of what was done.

    Args: report: from `examine`, of this model. batches: as `examine` takes them; fixes that need data, and
        all verifying, need them. only: names of fixes, or codes of findings; by default those of all errors
        and warnings, since what remarks name (fold, prune) is for inference. dry_run: only say what
        would be done. convert: `normlab.convert` (or a function like it), without which the fix of
        that name is left out; settings: its settings, {"to": "group"} by default. eps: for restore_eps.
        max_batches: how many batches are used at most; by default all, or the first 100 where `batches`
        does not say how many there are (an iterator, an IterableDataset).
    Verified: a safe fix leaves the outputs in eval() on the batches as they were, done in float64 to 1.5e-8
        of their size and in the model's dtype to √eps of that, or it is undone. Then the rules that found
        something are applied again, to the new model.
    Keeps: the model itself, whatever happens. All fixes are done, or on an error none.
    Errors: SettingError for an unknown name, or where the report names no such fix; DataError for batches
        that the model does not take, or that recalibration cannot use; CheckError for a model that cannot
        be copied.
    Limits: fixes for training (freeze, momentum) leave the outputs in eval() as they are; what they do in
        training the outputs do not show.

    >>> from normlab.doctor.examining import examine
    >>> import torch
    >>> net = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)).eval()
    >>> x = torch.randn(64, 4, generator=torch.Generator().manual_seed(0))
    >>> fixed = fix(net, examine(net, [x]), [x], only="recalibrate")
    >>> fixed.table[0].status, fixed.table[0].found
    ('done', False)
    """
    findings = _chosen(report, only)
    asked = [one for one in findings if only is not None or one.severity != "remark"]
    wanted: dict[str, list[str] | None] = {}
    for one in asked:
        if one.fix in FIXES:
            before = wanted.get(one.fix, [])
            wanted[one.fix] = [*before, *one.layers] if before is not None and one.layers else None
    if "recalibrate" in wanted:  # new statistics of one layer change what later ones see
        wanted["recalibrate"] = None
    options = Options(eps, convert, settings or {"to": "group"})
    given, notes = again_and_again(batches, max_batches)
    fixed = treated(model, wanted, given, options, dry_run, progress=progress)
    return _looked_again(replace(fixed, notes=notes), report, findings, given)


def _chosen(report: Report, only: str | Iterable[str] | None) -> list[Finding]:
    findings = [finding for finding in report.findings if finding.fix]
    if only is None:
        return findings
    names = [only] if isinstance(only, str) else list(only)
    for name in names:
        if not any(name in (one.fix, one.code, one.rule) for one in findings):
            there = ", ".join(dict.fromkeys(x for one in findings for x in (one.fix, one.code)))
            raise SettingError(
                f"only={name!r}: the report names no such fix; it has {there or 'none at all'}."
            )
    return [one for one in findings if {one.fix, one.code, one.rule} & set(names)]


def treated(
    model: nn.Module,
    wanted: Wanted,
    batches: Iterable[Any] | None,
    options: Options | None = None,
    dry_run: bool = False,
    max_batches: int | None = None,
    progress: Progress = silent,
) -> Fixed:
    """Fixes by name, in their order, on a copy of a model."""
    if not isinstance(model, nn.Module):
        raise CheckError(f"{type(model).__name__} given; a torch.nn.Module can be fixed.")
    check_numbers(model)
    for name in wanted:
        find(name)
    given, notes = again_and_again(batches, max_batches)
    patient = Patient(copy_of(inner(model)), given, options or Options(), progress)
    rows = []
    with generators_kept(batches), random_state_kept(model):
        for name, one in FIXES.items():
            if name in wanted:
                layers = wanted[name]
                names = None if layers is None else list(layers)
                does = _planned if dry_run else _done
                rows.append(does(one, patient, names))
    return Fixed(model if dry_run else patient.model, tuple(rows), dry_run=dry_run, notes=notes)


def inner(model: nn.Module) -> nn.Module:
    """What DataParallel or DistributedDataParallel holds; of others themselves."""
    wraps = nn.DataParallel | nn.parallel.DistributedDataParallel
    return model.get_submodule("module") if isinstance(model, wraps) else model


def again_and_again(
    batches: Iterable[Any] | None, most: int | None = None
) -> tuple[Batches | None, tuple[str, ...]]:
    """Batches that can be gone through several times, and a note where not all of them are used.

    Without `most`, all are used of what has a length, and the first MOST of what may be endless.
    """
    if batches is None or isinstance(batches, Batches):
        return batches, ()
    if isinstance(most, bool) or not (most is None or (isinstance(most, int) and most > 0)):
        raise SettingError(f"max_batches={most!r} given; it must be a whole number from 1 on.")
    once = isinstance(batches, Iterator)
    given = Batches([] if once else batches)
    if len(given) and most is None:
        return given, ()
    number = MOST if most is None else most
    if not once:
        return Batches(_First(batches, number)), _at_most(number) if len(given) != 1 else ()
    kept = list(islice(batches, number + 1))
    return Batches(kept[:number]), _at_most(number) if len(kept) > number else ()


def _at_most(number: int) -> tuple[str, ...]:
    return (f"At most the first {number} batches were used; max_batches takes another number.",)


class _First:
    """The first batches of an iterable, as often as they are asked for."""

    def __init__(self, batches: Iterable[Any], number: int):
        self.held, self.number = batches, number

    def __iter__(self) -> Iterator[Any]:
        return islice(iter(self.held), self.number)


def _planned(one: Fix, patient: Patient, names: list[str] | None) -> Row:
    steps = one.plan(patient, names)
    status = "planned" if any(not step.refused for step in steps) else "refused"
    return Row(one.name, one.safety, status, (), pairs(steps, False), pairs(steps, True))


def _done(one: Fix, patient: Patient, names: list[str] | None) -> Row:
    before = patient.model
    patient.model = copy_of(before)
    patient.changed()
    steps = one.apply(patient, names)
    done, refused = pairs(steps, False), pairs(steps, True)
    if not done:
        return Row(one.name, one.safety, "refused", (), done, refused)
    row = Row(one.name, one.safety, "done", (), done, refused)
    if patient.batches is None:
        return replace(row, note="not verified on outputs: no batches were given")

    def again(model: nn.Module) -> nn.Module:
        other = Patient(model, _Wide(patient.batches), patient.options)
        one.apply(other, names)
        return other.model

    safe = one.safety == "safe"
    found = moved(before, patient.model, patient.batches, again if safe else None)
    row = replace(row, moved=found.own, exact=found.exact, tolerance=found.tolerance)
    if not safe or found.within:
        return row
    patient.model = before
    patient.changed()
    return replace(row, status="undone")


class _Wide(Batches):
    """The same batches for a model in float64."""

    def __init__(self, batches: Any):
        self.what, self.held = batches.what, batches.held

    def run(self, model: nn.Module, batch: Any) -> Any:
        return super().run(model, widened(batch))


def _looked_again(
    fixed: Fixed, report: Report, findings: Sequence[Finding], batches: Batches | None
) -> Fixed:
    """The rules that found something, applied to the new model."""
    rows = [_with_codes(row, findings) for row in fixed.table]
    treated_too = {row.fix for row in rows}
    left = [one for one in findings if one.fix not in treated_too]
    rows += [_left(name, left) for name in dict.fromkeys(one.fix for one in left)]
    if fixed.dry_run or not fixed.changed:
        return replace(fixed, table=tuple(rows), gap_before=report.gap)
    from normlab.doctor.examining import examine

    codes = dict.fromkeys(code for row in rows if row.status != "left" for code in row.codes)
    again = examine(fixed.model, None if batches is None else batches.held, only=codes)
    rows = [_beside(row, findings, again) for row in rows]
    return replace(
        fixed, table=tuple(rows), report=again, gap_before=report.gap, gap_after=again.gap
    )


def _left(name: str, findings: Sequence[Finding]) -> Row:
    own = [one for one in findings if one.fix == name]
    safety = own[0].safety or "unsafe"
    row = Row(name, safety, "left", note=f"to do it, give only={name!r}")
    return _with_codes(row, own)


def _with_codes(row: Row, findings: Sequence[Finding]) -> Row:
    return replace(row, codes=tuple(dict.fromkeys(f.code for f in findings if f.fix == row.fix)))


def _beside(row: Row, findings: Sequence[Finding], again: Report) -> Row:
    """The worst number of before, that of now, and whether anything is still found at these layers."""
    own = [one for one in findings if one.fix == row.fix]
    if row.status != "done" or not own:
        return row
    layers = {layer for layer, _ in row.steps}
    still = [
        one
        for one in again.findings
        if one.code in row.codes and (not one.layers or layers & set(one.layers))
    ]
    after = still[0].measured if still else None
    return replace(
        row, statistic=own[0].statistic, before=own[0].measured, after=after, found=bool(still)
    )
