"""A model, its data and all random numbers as they were, whatever happens in between."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.jit import ScriptModule

from normlab.recalibration.batches import random_state_kept


@contextmanager
def unchanged(model: nn.Module, batches: Any = None) -> Iterator[None]:
    """Modes, buffers, plain tensors, gradients and random numbers are put back, also after an error.

    The forward passes work on copies of the buffers: the tensors themselves are never written to.
    Modes are set part by part: a train() of the model's own is not called.
    """
    modes = [(part, part.training) for part in model.modules()]
    with generators_kept(batches), random_state_kept(model), _copies(model), torch.no_grad():
        try:
            yield
        finally:
            for part, mode in modes:
                part.training = mode


@contextmanager
def _copies(model: nn.Module) -> Iterator[None]:
    """Copies in the place of buffers and plain tensors; one tensor at two places stays one."""
    held = [
        (home, name, value)
        for part in model.modules()
        if not isinstance(part, ScriptModule)
        for home in (part._buffers, vars(part))
        for name, value in home.items()
        if isinstance(value, Tensor)
    ]
    scripted = [
        (value, value.clone())
        for part in model.modules()
        if isinstance(part, ScriptModule)
        for value in part.buffers(recurse=False)
    ]
    copies = {id(value): value.detach().clone() for _, _, value in held}
    try:
        for home, name, value in held:
            home[name] = copies[id(value)]
        yield
    finally:
        for home, name, value in held:
            home[name] = value
        for value, kept in scripted:
            if not torch.equal(value, kept):
                value.copy_(kept)


@contextmanager
def generators_kept(batches: Any) -> Iterator[None]:
    """Random numbers that data loading may draw: Python's, numpy's, and a loader's own generators."""
    while hasattr(batches, "held"):  # what goes through them again
        batches = batches.held
    own = [
        getattr(part, "generator", None) for part in (batches, getattr(batches, "sampler", None))
    ]
    states = [(one, one.get_state()) for one in own if isinstance(one, torch.Generator)]
    python, numpy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        for generator, state in states:
            generator.set_state(state)
