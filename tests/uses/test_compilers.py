"""torch.compile and torch.export of every layer: one graph, for other sizes too, and the same numbers."""

import pytest
import torch
from configurations import SHAPE, by_layer, layer_of

from cases import assert_all_close, assert_close, buffers, by_mode, example, weighted

pytestmark = [
    pytest.mark.slow,
    # torch's tracing of an autograd.Function warns of itself
    pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def _forget():
    torch.compiler.reset()
    yield
    torch.compiler.reset()


def run(layer, x):
    layer.zero_grad()
    x = x.clone().requires_grad_()
    y = layer(x)
    weighted(y).backward()
    grads = [value.grad for value in layer.parameters() if value.grad is not None]
    return y.detach(), x.grad, *grads


def holds(layer, training, dynamic, batches):
    plain, ours = (layer_of(layer).train(training) for _ in range(2))
    fast = torch.compile(ours, fullgraph=True, dynamic=dynamic, backend="aot_eager")
    for seed, size in enumerate(batches):
        x = example((size, *SHAPE[1:]), seed)
        assert_all_close(run(fast, x), run(plain, x))
    assert_all_close(buffers(ours), buffers(plain))


@pytest.mark.works("compile")
@by_layer
@by_mode
def test_one_graph(layer, training):
    holds(layer, training, False, [SHAPE[0]])


@pytest.mark.works("compile, dynamic")
@by_layer
@by_mode
def test_one_graph_for_any_size(layer, training):
    holds(layer, training, True, [SHAPE[0], 5])


@pytest.mark.works("export")
@by_layer
def test_exported(layer):
    """For any number of samples; and the layer itself is as it was."""
    ours = layer_of(layer).eval()
    batch = ({0: torch.export.Dim("batch", min=2, max=64)},)
    program = torch.export.export(ours, (example(SHAPE),), dynamic_shapes=batch).module()
    for size in (SHAPE[0], 5):
        x = example((size, *SHAPE[1:]), size)
        assert_close(program(x), ours(x))
