"""Compiled in one graph, every layer gives the numbers, gradients and statistics of eager mode."""

import os
import subprocess
import sys

import pytest
import torch

from cases import assert_all_close, assert_close, buffers, by_mode, example, layer_of, run, weighted
from normlab import table

# torch's tracing of an autograd.Function warns of itself
pytestmark = pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")


@pytest.fixture(autouse=True)
def _forget():
    """Compiled code of other tests would count as recompilation."""
    torch.compiler.reset()
    yield
    torch.compiler.reset()


def compiled(layer, backend):
    return torch.compile(layer, fullgraph=True, backend=backend, dynamic=False)


def two_of(row, **changed):
    """A network of two such layers: the second meets what tracing the first left behind."""
    layers = [layer_of(row, seed=seed) for seed in range(2)]
    for layer in layers:
        vars(layer).update(changed)
    return torch.nn.Sequential(*layers)


def holds(row, training, **changed):
    plain, layer = (two_of(row, **changed).train(training) for _ in range(2))
    fast = compiled(layer, "aot_eager")
    for seed in range(2):
        x = example(seed=seed)
        assert_all_close(run(fast, x), run(plain, x))
    assert_all_close(buffers(layer), buffers(plain))


@pytest.mark.proves("compile")
@by_mode
def test_one_graph(row, training):
    holds(row, training)


@pytest.mark.proves("compile", "batch")
@by_mode
def test_one_graph_with_a_cumulative_average(training):
    holds(table["batch"], training, momentum=None)


@pytest.mark.slow
def test_machine_code_in_a_fresh_process(tmp_path):
    """All rows in one function, since the C++ compiler takes its time; no cache was warmed before.

    tests/kernels/test_lean_divisive.py has one row for every run.
    """
    paths = {"TORCHINDUCTOR_CACHE_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, __file__],
        env=os.environ | paths,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{len(table)} rows agree\n"


def machine_code():
    plain, layers = (torch.nn.ModuleList(map(layer_of, table.values())) for _ in range(2))

    def together(layers):
        return lambda x: torch.stack([layer(x) for layer in layers])

    x = example().requires_grad_()
    y, expected = compiled(together(layers), "inductor")(x), together(plain)(x)
    assert_close(y, expected)
    ours, theirs = (x, *layers.parameters()), (x, *plain.parameters())
    found = torch.autograd.grad(weighted(y), ours)
    assert_all_close(found, torch.autograd.grad(weighted(expected), theirs))
    assert_all_close(buffers(layers), buffers(plain))
    print(f"{len(layers)} rows agree")


if __name__ == "__main__":
    machine_code()
