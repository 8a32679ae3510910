"""Batch normalisation of a whole model over processes, and back, without touching anything else."""

import types
from collections.abc import Iterator
from functools import cache
from itertools import takewhile
from typing import Any, TypeVar, cast

from torch import Tensor, nn
from torch.nn.modules.batchnorm import SyncBatchNorm, _BatchNorm
from torch.nn.modules.lazy import LazyModuleMixin

from normlab.errors import SettingError
from normlab.kernels.processes import Processes
from normlab.nn.batch import BatchNorm

Model = TypeVar("Model", bound=nn.Module)
_SYNCHRONIZED = (BatchNorm, SyncBatchNorm)


def synchronize(model: Model, process_group: Any = None) -> Model:
    """Let every batch norm of a model pool its statistics over processes; returns the same model.

        y = weight · (x − mean) / √(var + eps) + bias,   mean and var of the batches of all processes

    Args: model, changed in place; process_group: "world" or a ProcessGroup for all of its layers. None:
        each keeps the one it has (torch's SyncBatchNorm, BatchNorm), the others take the world.
    Converts: torch's BatchNorm1d, 2d, 3d and SyncBatchNorm, BatchNorm, and their subclasses, on any
        device. Only the class of such a layer changes, to a subclass of its own class and of BatchNorm
        under the same name, so that aliases, parameters, buffers, hooks, modes, what a subclass adds,
        and state_dict stay. SyncBatchNorm itself becomes BatchNorm: DDP refuses it on the CPU.
    Errors: SettingError, before anything is changed, for a layer that would not be synchronised: lazy
        and not yet initialised, or with a forward that does not call super().forward, or that one has
        replaced on the instance; and for an attribute whose name BatchNorm needs.
    Limits: a model without batch norms is returned as it is; those inside TorchScript, and calls of
        torch.nn.functional.batch_norm, are not seen. Convert before torch.compile, and before
        DistributedDataParallel.
    Same as: torch.nn.SyncBatchNorm.convert_sync_batchnorm, where that keeps what is listed above.

    >>> norm = synchronize(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)))[1]
    >>> norm.process_group, isinstance(norm, BatchNorm), isinstance(norm, nn.BatchNorm2d)
    ('world', True, True)
    """
    given = None if process_group is None else Processes(process_group)
    found = [(name, norm, given or _own(norm)) for name, norm in _norms(model)]
    for name, norm, _ in found:
        check_synchronizable(norm, name or "the model")
    for _, norm, processes in found:
        _convert(norm, processes)
    return model


def desynchronize(model: Model) -> Model:
    """Let every batch norm of a model use each process's own batch; returns the same model.

    What `synchronize` has converted gets its own class back. torch's SyncBatchNorm, converted or not,
    becomes BatchNorm, since torch has no other class for input of any rank.
    Errors: SettingError for a subclass of SyncBatchNorm with a forward that does not call super().forward.
    Limits: a model without such layers is returned as it is.

    >>> type(desynchronize(synchronize(nn.BatchNorm2d(4)))).__name__
    'BatchNorm2d'
    >>> type(desynchronize(nn.SyncBatchNorm(4)))
    <class 'normlab.nn.batch.BatchNorm'>
    """
    norms = [(name, norm) for name, norm in _norms(model) if isinstance(norm, _SYNCHRONIZED)]
    for name, norm in norms:
        if isinstance(norm, SyncBatchNorm):
            check_synchronizable(norm, name or "the model")
    for _, norm in norms:
        _convert(norm, None)
    return model


def _norms(model: nn.Module) -> Iterator[tuple[str, _BatchNorm]]:
    return ((name, part) for name, part in model.named_modules() if isinstance(part, _BatchNorm))


def _original(norm: _BatchNorm) -> type[_BatchNorm]:
    """The class of a layer, or the one that a conversion has replaced."""
    return vars(type(norm)).get("_original", type(norm))


def _own(norm: _BatchNorm) -> Processes:
    """The processes that a layer already names, or all of them."""
    which = norm.process_group if isinstance(norm, _SYNCHRONIZED) else None
    return Processes("world" if which is None else which)


def _convert(norm: _BatchNorm, processes: Processes | None) -> None:
    original = _original(norm)
    if processes is None and not issubclass(original, _SYNCHRONIZED):
        vars(norm).pop("_processes", None)
        norm.__class__ = original
        return
    vars(norm).pop("process_group", None)  # SyncBatchNorm's, which a property now stands for
    norm.__class__ = _synchronized(original)
    cast(BatchNorm, norm)._processes = processes


class _InsteadOfTorchs(BatchNorm, SyncBatchNorm):
    """Stands before SyncBatchNorm in the order in which its subclasses look for methods."""


@cache
def _synchronized(original: type[_BatchNorm]) -> type[_BatchNorm]:
    """The class that finds `original`'s own methods first, and BatchNorm's forward before torch's."""
    if issubclass(original, BatchNorm):
        return original
    if original is SyncBatchNorm:
        return BatchNorm
    last = _InsteadOfTorchs if issubclass(original, SyncBatchNorm) else BatchNorm
    made = types.new_class(original.__name__, (original, last))
    made.__module__, made.__qualname__ = original.__module__, original.__qualname__
    made.__doc__ = original.__doc__

    def check_input_dim(self: Any, input: Tensor) -> None:
        original._check_input_dim(self, input)
        BatchNorm._check_input_dim(self, input)

    def reduced(self: Any, protocol: Any) -> tuple[Any, ...]:
        function, args, *rest = original.__reduce_ex__(self, protocol)  # pyright: ignore
        args = tuple(original if arg is made else arg for arg in args)
        return _rebuilt, (original, function, args), *rest

    made._original = original  # pyright: ignore[reportAttributeAccessIssue]
    made._check_input_dim, made.__reduce_ex__ = check_input_dim, reduced  # pyright: ignore
    return made


def _rebuilt(original: type[_BatchNorm], function: Any, args: tuple[Any, ...]) -> Any:
    """What a copy or a pickle starts from: made classes are nowhere to be found by name."""
    norm = function(*args)
    norm.__class__ = _synchronized(original)
    return norm


def check_synchronizable(norm: _BatchNorm, name: str = "it") -> None:
    """Refuse a layer whose class could be changed but whose output would stay what it is.

    Errors: SettingError, as `synchronize` has them.
    """
    original = _original(norm)
    told = f"{name} is a {original.__name__}"
    if isinstance(norm, LazyModuleMixin):
        raise SettingError(
            f"{told} that has seen no input yet; call the model on one batch first, then convert it."
        )
    if "forward" in vars(norm):
        raise SettingError(
            f"{told} whose forward was replaced on the instance, which would stay as it is; "
            f"convert the model before that, or write a subclass that calls super().forward."
        )
    if not all(map(_calls_super, _forwards(original))):
        raise SettingError(
            f"{told}, whose forward does not call super().forward and so normalises by itself; "
            f"call it there, or replace the layer by normlab.nn.BatchNorm."
        )
    if taken := _taken(norm, original):
        raise SettingError(
            f"{told} with an attribute {min(taken)!r}, a name that normlab.nn.BatchNorm needs; "
            f"rename it."
        )
    try:
        _synchronized(original)
    except TypeError as error:
        raise SettingError(
            f"{told}, of which no subclass can be made ({error}); replace the layer by "
            f"normlab.nn.BatchNorm."
        ) from error


def _above(original: type) -> Iterator[type]:
    """The classes that stand before those of torch and of this package."""
    ends = (BatchNorm, SyncBatchNorm, _BatchNorm)
    return takewhile(lambda kind: kind not in ends, original.__mro__)


def _forwards(original: type) -> list[Any]:
    return [vars(kind)["forward"] for kind in _above(original) if "forward" in vars(kind)]


def _taken(norm: _BatchNorm, original: type) -> set[str]:
    """Names of BatchNorm's own that a layer or its classes use for something else."""
    if isinstance(norm, BatchNorm):
        return set()
    allowed = {"forward", "extra_repr", "_check_input_dim"}
    allowed |= {"process_group"} if isinstance(norm, SyncBatchNorm) else set()
    needed = {name for name in vars(BatchNorm) if not name.startswith("__")} - allowed
    return needed & set(vars(norm)).union(*map(vars, _above(original)))


def _calls_super(function: Any) -> bool:
    """Whether a forward mentions super and forward, under whatever decorators."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code = getattr(function, "__code__", None)
    return code is not None and {"super", "forward"} <= set(_names(code))


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _names(inner)
