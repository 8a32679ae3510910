"""Examining a model: its layers, one pass over the batches, and every rule on what was seen."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from normlab.doctor import rules
from normlab.doctor.case import Case, Layer
from normlab.doctor.drift import drift
from normlab.doctor.findings import CHANNELS, Finding, LayerRow, NotChecked, Report, merged
from normlab.doctor.layers import layers_in, layers_of
from normlab.doctor.localising import localise, slots_of
from normlab.doctor.observing import MOST, observe
from normlab.doctor.patient import check_numbers
from normlab.doctor.places import source_of
from normlab.doctor.rule import Rule
from normlab.doctor.unchanged import unchanged
from normlab.errors import CheckError, SettingError
from normlab.recalibration.batches import Progress, silent


def examine(
    model: nn.Module | Mapping[str, Any],
    batches: Iterable[Any] | None = None,
    optimizer: torch.optim.Optimizer | None = None,
    *,
    max_batches: int = MOST,
    only: Iterable[str] | None = None,
    progress: Progress = silent,
) -> Report:
    """What is wrong with the normalisation in a model: every rule of the doctor, and what it found.

    Each batch goes through the model twice, once in eval() and once with batch norms normalising by the
    batch (dropout is off in both); the first of them once more for every batch norm.

    Args: model: a module, or a state_dict, of which less can be said. batches: any iterable of inputs,
        tuples that begin with the input, or mappings of the model's keywords; without them rules that need
        data are listed as not checked. optimizer: the one that trains the model. max_batches: how many are
        looked at; what comes after is not. only: codes or names of the rules to apply; all by default.
        progress: called with the number of batches done, and of all (0 where that is not known).
    Returns: a Report.
    Leaves: parameters, buffers, modes, hooks, gradients and random numbers as they are, also after an error.
    Errors: SettingError for an unknown rule or max_batches below 1; CheckError for what is no model;
        DataError when the model does not run on a batch, or there is none.
    Limits: layers are seen where the model calls them as modules; what only the model's own code does
        with their tensors is not. A model on several processes is examined on this one.
    Source: the references of each rule.

    >>> report = examine(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)))
    >>> [finding.code for finding in report.findings if finding.severity == "error"]
    ['NRM102']
    """
    chosen = list(rules.RULES.values()) if only is None else [rules.find(code) for code in only]
    if isinstance(max_batches, bool) or not isinstance(max_batches, int) or max_batches < 1:
        raise SettingError(
            f"max_batches={max_batches!r} given; it must be a whole number from 1 on."
        )
    case = case_of(model, optimizer)
    if batches is not None and case.model is None:
        raise CheckError("a state_dict alone cannot be run on batches; give the model.")
    if batches is not None and case.model is not None:
        _observe(case, case.model, batches, max_batches, progress)
    name = "state_dict" if case.model is None else type(case.model).__name__
    return _report(case, chosen, name)


def case_of(model: Any, optimizer: Any = None) -> Case:
    """What rules look at, before any batch was seen."""
    if isinstance(model, Mapping):
        return Case(layers_in(model), optimizer=optimizer)
    if not isinstance(model, nn.Module):
        raise CheckError(
            f"{type(model).__name__} given; examine takes a torch.nn.Module or a state_dict."
        )
    wrapped = isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel)
    inner = model.module if wrapped else model
    layers, unknown = layers_of(inner)
    training = any(part.training for part in inner.modules())
    return Case(layers, inner, None, optimizer, training, _processes(model), unknown)


def _processes(model: nn.Module) -> int:
    """How many share the batches of a model."""
    if not isinstance(model, nn.parallel.DistributedDataParallel):
        return 1
    return torch.distributed.get_world_size(model.process_group)


def _observe(
    case: Case, model: nn.Module, batches: Iterable[Any], most: int, progress: Progress
) -> None:
    check_numbers(model)
    slots = slots_of(case.layers)
    with unchanged(model, batches):
        case.observed = observe(model, case.layers, batches, most, progress)
        for part in model.modules():
            part.training = False
        localise(case.tracking, slots, case.observed, progress)
    _notes(case, batches)


def _notes(case: Case, batches: Any) -> None:
    seen = case.observed
    assert seen is not None
    many = "1 batch was" if seen.batches == 1 else f"{seen.batches} batches were"
    more = "; there were more, which were not looked at" if seen.stopped else ""
    case.notes.append(f"{many} looked at{more}.")
    if isinstance(batches, Iterator):
        case.notes.append("The batches were gone through once; the first was kept to run it again.")
    if seen.bad_inputs:
        case.notes.append(f"{seen.bad_inputs} of the batches hold NaN or infinity.")
    for said, number in seen.failures.items():
        case.notes.append(f"Not normalised by the batch, {number} time(s): {said}")
    for layer in case.layers:
        if layer.name not in seen.order:
            case.not_examined[layer.name] = "the model does not call it on these batches"


def _report(case: Case, chosen: list[Rule], what: str) -> Report:
    found: list[Finding] = []
    passed, not_checked = [], []
    for rule in chosen:
        if why := rule.why_not(case):
            not_checked.append(NotChecked(rule.code, rule.name, why))
            continue
        its = list(rule.look(case))
        found += its
        if not its:
            passed.append((rule.code, rule.name))
    return replace(
        _shown(case),
        model=what,
        findings=merged(found),
        passed=tuple(passed),
        not_checked=tuple(not_checked),
    )


def _shown(case: Case) -> Report:
    """The report but for what the rules found."""
    seen = case.observed
    report = Report(
        "",
        (),
        not_examined=case.not_examined,
        layers=tuple(_row(layer, case) for layer in case.layers),
        notes=tuple(case.notes),
        places={one.name: at for one in case.layers if (at := source_of(case.model, one.name))},
    )
    if seen is None:
        return report
    measured = {one.name: _measured(one) for one in case.sound if drift(one, one.seen)}
    return replace(
        report, gap=seen.gap, change=seen.change, batches=seen.batches, measured=measured
    )


def _measured(layer: Layer) -> tuple[tuple[float, ...], ...]:
    """Running mean and std, and those of the data."""
    assert layer.seen is not None
    mean, var = layer.statistics()
    columns = mean, var.sqrt(), layer.seen.pooled.mean, layer.seen.pooled.std()
    return tuple(tuple(column.flatten()[:CHANNELS].tolist()) for column in columns)


def _row(layer: Layer, case: Case) -> LayerRow:
    own = drift(layer, layer.seen) if layer.row == "batch" else None
    trained = drift(layer, layer.seen_training) if layer.row == "batch" else None
    change = None if case.observed is None else case.observed.changes.get(layer.name)
    channels = None if layer.mean is None else layer.mean.numel()
    return LayerRow(
        layer.name,
        layer.kind,
        channels,
        own and own.z,
        own and own.r,
        trained and trained.z,
        change,
    )
