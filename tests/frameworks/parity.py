"""What the tests against every framework share: data, and the facts that each entry of the table states."""

import inspect
from importlib.metadata import version

import numpy as np
import torch

from cases import assert_close
from normlab.conventions.frameworks import CONVENTIONS

SHAPE = (4, 6, 3, 5)  # samples, channels, space: no two alike
ELEMENTS = SHAPE[0] * SHAPE[2] * SHAPE[3]  # of one channel


def data(shape=SHAPE, seed=0):
    """Of mean 1 and deviation 2, so that a center or a scale left out is seen."""
    random = np.random.default_rng(seed)
    return random.normal(1.0, 2.0, shape).astype(np.float32)


def last(x):
    """Channels from second to last."""
    return np.moveaxis(x, 1, -1)


def second(x):
    return np.moveaxis(np.asarray(x), -1, 1)


def positive(*names, channels=SHAPE[1], shape=None):
    """Arrays under these names, positive and all different."""
    size = shape or (channels,)
    return {name: np.abs(data(size, seed=i)) + 0.5 for i, name in enumerate(names, 1)}


def agree(layer, x, expected):
    """What the layer makes of x is what the framework has made of it, within rounding."""
    with torch.no_grad():
        actual = layer(torch.from_numpy(np.ascontiguousarray(x)))
    assert_close(
        actual, torch.from_numpy(np.array(expected)), pooled=x[0].size, dtype=torch.float32
    )


def facts(before, after, x, weight):
    """The variance that was stored, given those before and after one batch and the batch's weight."""
    batch = x.var((0, 2, 3), dtype=np.float64)
    stored = (np.asarray(after, np.float64) - (1 - weight) * before) / weight
    kinds = {"biased": batch, "unbiased": batch * ELEMENTS / (ELEMENTS - 1)}
    near = [name for name, value in kinds.items() if np.allclose(stored, value, rtol=1e-4)]
    assert len(near) == 1  # 1e-4 tells them apart: they differ by 1/60
    return near[0]


def defaults_are(convention, callable_):
    """Every default that the signature states is the table's."""
    made = callable_.__init__ if inspect.isclass(callable_) else callable_
    parameters = inspect.signature(made).parameters
    found = {
        n: p.default for n, p in parameters.items() if p.default is not inspect.Parameter.empty
    }
    table = {
        word.name: word.default
        for word in convention.words
        if word.name in found and not word.array
    }
    assert table  # none by chance
    assert table == {name: found[name] for name in table}


def versions_are(framework):
    """The versions that the table names are those that run here."""
    for entry in CONVENTIONS.values():
        if entry.framework == framework:
            for named in entry.checked.split(", "):
                package, number = named.split()
                assert (
                    version(package.replace("tensorflow", "tensorflow-cpu")).split("+")[0] == number
                )
