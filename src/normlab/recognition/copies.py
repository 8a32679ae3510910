"""Copies of a module that may be run: its own hooks, statistics, mode and random numbers stay as they are."""

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from normlab.dtypes import without_autocast
from normlab.equation.spellings import BIAS, MEAN, VAR, WEIGHT
from normlab.errors import CheckError, one_line

_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def copied(module: nn.Module) -> nn.Module:
    """A copy without the hooks that others put on it; those of torch.nn.utils, which make a weight, stay."""
    try:
        clone = copy.copy(module)
        _unhook(clone)
        clone = copy.deepcopy(clone)
    except Exception as error:
        raise CheckError(
            f"{type(module).__name__} cannot be copied ({type(error).__name__}: {error}), so a check "
            f"would change it; give a module whose state is parameters, buffers and plain values."
        ) from error
    for part in clone.modules():
        _unhook(part)
    return clone


def _unhook(module: nn.Module) -> None:
    for name in _HOOKS:
        hooks = vars(module).get(name)
        if hooks:
            kept = {key: hook for key, hook in hooks.items() if _of_torch(hook)}
            setattr(module, name, type(hooks)(kept))


def _of_torch(hook: object) -> bool:
    return type(hook).__module__.startswith("torch.nn.utils.")


def run(module: nn.Module, x: Tensor) -> Tensor:
    """y of the module, or an error in words."""
    try:
        with warnings.catch_warnings(action="ignore"):
            y = module(x)
    except Exception as error:
        raise CheckError(
            f"{type(module).__name__} has no output for x of shape {tuple(x.shape)}, "
            f"{str(x.dtype).removeprefix('torch.')} ({type(error).__name__}: {one_line(error)}); give a "
            f"shape it takes."
        ) from error
    if not isinstance(y, Tensor) or y.shape != x.shape:
        given = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
        raise CheckError(
            f"{type(module).__name__} returns {given} for x of shape {tuple(x.shape)}; a normaliser "
            f"returns one tensor of the shape of x."
        )
    return y


@contextmanager
def undisturbed(device: torch.device) -> Iterator[None]:
    """No autocast, and the state of the random numbers is put back at the end."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices), without_autocast(torch.empty(0, device=device)):
        yield


def drawn(module: nn.Module) -> nn.Module:
    """A copy in float64, training, whose parameters and statistics are all different numbers.

    They are moved up from where they are by 0.1 to 0.4, so that what is positive stays so.
    """
    made = copied(module).double().train()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        fixed = [
            (n, v) for n, v in made.named_buffers() if n.rpartition(".")[2] in (*WEIGHT, *BIAS)
        ]
        for _, value in [*made.named_parameters(), *statistics(made), *fixed]:
            if value.is_floating_point():
                shift = 0.1 + 0.3 * torch.rand(value.shape, generator=generator, dtype=torch.double)
                value.add_(shift.to(value.device))
    return made


def held_by(module: nn.Module) -> dict[str, Tensor]:
    """Parameters, buffers and plain tensors of a module, by name."""
    plain = {name: value for name, value in vars(module).items() if isinstance(value, Tensor)}
    return dict(module.named_parameters()) | dict(module.named_buffers()) | plain


def statistics(module: nn.Module) -> list[tuple[str, Tensor]]:
    """The running mean and variance that the module holds, by their usual names; [] for none."""
    held = {name: value for name, value in held_by(module).items() if value.numel()}
    found = [
        next(((n, held[n]) for word in words for n in held if n.rpartition(".")[2] == word), None)
        for words in (MEAN, VAR)
    ]
    return [pair for pair in found if pair is not None] if all(found) else []
