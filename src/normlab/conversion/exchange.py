"""One normaliser for another throughout a model: the affine goes along, and with data the function."""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from torch import Tensor, nn

from normlab.conversion.calibrate import apply, check_called, difference, fitted
from normlab.conversion.finding import Rule
from normlab.conversion.order import OURS, SAME_FUNCTION, Order, skip_of
from normlab.conversion.plan import Change, check_refused, in_question, planned
from normlab.errors import CheckError, SettingError, one_line
from normlab.nn.synchronize import desynchronize, synchronize
from normlab.recalibration.batches import Batches, Progress, random_state_kept, silent
from normlab.recalibration.recalibrate import frozen, recalibrate

Changes = tuple[Change, ...]
NO_RULES: Mapping[type[nn.Module], Rule] = MappingProxyType({})


@dataclass(frozen=True)
class Conversion:
    """A converted model, what changed in it, and how far its outputs moved on the calibration data.

    difference_carried: with weight and bias as they were; difference: after calibration.
    """

    model: nn.Module
    changes: Changes
    difference_carried: float | None = None
    difference: float | None = None


def convert(
    model: nn.Module,
    to: str = "group",
    source: str = "batch",
    skip: str | Iterable[str] = (),
    rules: Mapping[type[nn.Module], Rule] = NO_RULES,
    *,
    calibration: Iterable[Any] | None = None,
    num_groups: int | None = None,
    process_group: Any = "world",
    inplace: bool = False,
) -> nn.Module:
    """A model with every normaliser of one kind exchanged for another.

    Args: to: "group", "layer", "instance", "rms", "divisive", "frozen", "batch", "sync", or "normlab",
        which puts this package's layers in the place of torch's of every kind: the same numbers under
        the same names; source: the kind to exchange, "batch" (with "sync" as one of its forms),
        "instance", "group", "layer" or "frozen"; skip: names of layers, or of what they are in, and
        patterns ("layer1.*"), which stay as they are; "refused" for whatever cannot be exchanged;
        rules: for a class of modules, the function that takes one and returns what becomes of it;
        calibration: batches of input (`normlab.recalibration.batches`), see below; num_groups for
        "group"; process_group for "sync"; inplace: change the model itself.
    Layers are known by what they compute (`normlab.recognition`): norms followed by an activation, layer
        norms over the channels of (N, C, H, W), and classes of other packages are exchanged too.
    Calibration: the model runs in evaluation. For "batch", "sync" and "frozen", running statistics are
        computed anew, exactly, over all batches (`normlab.recalibration.recalibrate`). For other kinds,
        weight and bias of each new layer are fitted to what the old one gave. Batches are gone through
        several times and not kept.
    Keeps: weight and bias (the same parameters), names, a module used twice as one, an activation,
        hooks, further attributes, device, dtype, train/eval. Exact where the function is the same:
        batch → frozen, sync, batch; frozen → batch; normlab.
    Errors: CheckError for a model with nothing to convert, or a layer whose data the new one would erase
        (one element per group) or of which something would be lost (a forward of its own, a pruned or
        parametrised weight), and for layers that are lazy, quantised or scripted, or that the model does
        not call on calibration; SettingError for an unknown kind, or a setting that does not belong to
        it; DataError for calibration that holds nothing. Nothing is changed then.
    Limits: "layer" of images is GroupNorm with one group, which keeps one weight per channel; other
        normalisers are other functions: without calibration only the affine is carried. What was left
        and why: `normlab.conversion.exchange.converted`, which returns the changes too.

    >>> import torch
    >>> convert(torch.nn.Sequential(torch.nn.BatchNorm2d(8)), to="group")
    Sequential(
      (0): GroupNorm(4, 8, eps=1e-05, affine=True, bias=True)
    )
    """
    order = Order(to, source, skip_of(skip), rules, num_groups, process_group)
    batches = None if calibration is None else Batches(calibration, "calibration")
    if batches is not None and to == OURS:
        raise SettingError(
            "convert: calibration given with to='normlab', which does not change any numbers; leave it out."
        )
    return _calibrated(*_ready(model, order, inplace), order, batches, silent)[0]


def converted(
    model: nn.Module,
    to: str = "group",
    source: str = "batch",
    skip: str | Iterable[str] = (),
    rules: Mapping[type[nn.Module], Rule] = NO_RULES,
    *,
    calibration: Iterable[Any] | None = None,
    num_groups: int | None = None,
    process_group: Any = "world",
    progress: Progress = silent,
) -> Conversion:
    """A converted copy, with what became of each layer, and with data how far the outputs moved.

    Args: as `convert`; with to="normlab" calibration only compares. progress: called with layers done.

    >>> change = converted(nn.Sequential(nn.BatchNorm2d(8)), to="frozen").changes[0]
    >>> change.names, change.new, change.note
    (('0',), FrozenBatchNorm(8, eps=1e-05), 'the same function in eval(), and now in train() too')
    """
    order = Order(to, source, skip_of(skip), rules, num_groups, process_group)
    batches = None if calibration is None else Batches(calibration, "calibration")
    plain, changes = _calibrated(*_ready(model, order, inplace=False), order, None, silent)
    if batches is None:
        return Conversion(plain, changes)
    with random_state_kept(model):
        carried = difference(model, plain, batches)
    if to == OURS:
        return Conversion(plain, changes, carried, carried)
    new, changes = _calibrated(*_ready(model, order, inplace=False), order, batches, progress)
    with random_state_kept(model):
        return Conversion(new, changes, carried, difference(model, new, batches))


def plan(
    model: nn.Module,
    to: str = "group",
    source: str = "batch",
    skip: str | Iterable[str] = (),
    rules: Mapping[type[nn.Module], Rule] = NO_RULES,
    *,
    num_groups: int | None = None,
) -> Changes:
    """What `convert` would change, layer by layer, and why it would refuse; nothing is changed."""
    order = Order(to, source, skip_of(skip), rules, num_groups)
    return planned(model, in_question(model, order), order)


def _ready(model: nn.Module, order: Order, inplace: bool) -> tuple[nn.Module, Changes]:
    """The model to change, itself or a copy, and what is to be changed in it."""
    whole = model if inplace else _copied(model, order)
    changes = planned(whole, in_question(whole, order), order)
    check_refused(changes)
    return whole, changes


def _copied(model: nn.Module, order: Order) -> nn.Module:
    try:
        return copy.deepcopy(model, _computed(model))
    except Exception as error:
        check_refused(planned(model, in_question(model, order), order))  # which may say more
        raise CheckError(
            f"convert: {type(model).__name__} cannot be copied ({type(error).__name__}: {one_line(error)}); "
            f"convert it with inplace=True."
        ) from error


def _computed(model: nn.Module) -> dict[int, Any]:
    """Copies of tensors that torch refuses to copy: computed ones in an attribute, as pruning has them."""
    held = (value for module in model.modules() for value in vars(module).values())
    made = (value for value in held if isinstance(value, Tensor) and not value.is_leaf)
    return {id(value): value.detach().clone() for value in made}


def _calibrated(
    model: nn.Module,
    changes: Changes,
    order: Order,
    batches: Batches | None,
    progress: Progress,
) -> tuple[nn.Module, Changes]:
    """The exchange, with data before or after it; on an error the model is as it was."""
    if batches is None:
        return _exchanged(model, changes, order), changes
    with random_state_kept(model):
        check_called(model, changes, batches)
        if order.to in SAME_FUNCTION and order.source == "batch":
            changes = _recalibrated(model, changes, order, batches, progress)
            return _exchanged(model, changes, order), changes
        if order.to in SAME_FUNCTION and order.source == "frozen":
            return _filled(model, changes, order, batches, progress), changes
        fits = fitted(model, changes, batches)
        model = _exchanged(model, changes, order)
        apply(fits)
    return model, changes


def _recalibrated(
    model: nn.Module, changes: Changes, order: Order, batches: Batches, progress: Progress
) -> Changes:
    """With new statistics in the old layers, and so in the new ones."""
    olds = [c.old for c in changes if c.new is not None and c.place.rule is None]
    pooled = order.process_group if order.to == "sync" else None
    recalibrate(model, batches, only=olds, process_group=pooled, progress=progress)
    if order.to == "frozen":  # which holds numbers of its own
        changes = planned(model, [change.place for change in changes], order)
    return tuple(_told(change, model) for change in changes)


def _told(change: Change, model: nn.Module) -> Change:
    if change.new is None or change.place.rule is not None or not frozen(model, change.old):
        return change
    return replace(change, note=f"{change.note}; its statistics are left, since it does not learn")


def _filled(
    model: nn.Module, changes: Changes, order: Order, batches: Batches, progress: Progress
) -> nn.Module:
    """Frozen layers have no statistics to compute anew: those of the new layers are."""
    new = _exchanged(model, changes, order)
    try:
        news = [change.new for change in changes if change.new is not None]
        recalibrate(new, batches, only=news, progress=progress)
    except BaseException:
        _put(new, changes, back=True)
        raise
    return new


def _exchanged(model: nn.Module, changes: Changes, order: Order) -> nn.Module:
    """Put the new layers where the old ones were, or change the class of those that stay."""
    for change in changes:
        if change.new is not None and change.new is change.old:
            if order.to == "sync":
                synchronize(change.old, order.process_group)
            else:
                desynchronize(change.old)
    try:
        return _put(model, changes)
    except BaseException:
        _put(model, changes, back=True)
        raise


def _put(model: nn.Module, changes: Changes, back: bool = False) -> nn.Module:
    """The model with all new layers, or all old ones; the model itself may be one of them."""
    for change in changes:
        if change.new is None:
            continue
        layer = change.old if back else change.new
        for name in change.names:
            if not name:
                return layer
            parent, _, last = name.rpartition(".")
            setattr(model.get_submodule(parent), last, layer)
    return model
