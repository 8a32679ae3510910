"""Paddle: every fact of the table, and layers made from its own."""

import warnings

import numpy as np
import pytest
from parity import agree, data, defaults_are, facts, versions_are

from normlab.conventions.frameworks import find
from normlab.interop import from_paddle

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns when it is imported
    import paddle

nn = paddle.nn
pytestmark = pytest.mark.filterwarnings("ignore:When training, we now always track:UserWarning")
LAYERS = {
    "batch": lambda **more: nn.BatchNorm2D(6, 0.9, 0.2, **more),
    "layer": lambda **more: nn.LayerNorm([3, 5], 1e-3, **more),
    "instance": lambda **more: nn.InstanceNorm2D(6, 0.2, **more),
    "group": lambda **more: nn.GroupNorm(3, 6, 0.2, **more),
}
SCALE = {"layer": 0.05}  # small enough for its largest epsilon, 1e-3, to be seen
LRN = {"alpha": 0.3, "beta": 0.6, "k": 2.0}


def theirs(row, **more):
    """With arrays that are all different."""
    layer = LAYERS[row](**more)
    for i, value in enumerate(layer.state_dict().values()):
        value.set_value(paddle.to_tensor(np.abs(data(tuple(value.shape), seed=i)) + 0.5))
    return layer


def run(layer, x):
    return layer(paddle.to_tensor(x)).numpy()


def test_versions():
    versions_are("paddle")


@pytest.mark.parametrize("row", [*LAYERS, "local_response"])
def test_defaults(row):
    convention = find("paddle", row)
    defaults_are(convention, getattr(nn, convention.layer.rpartition(".")[2]))


@pytest.mark.parametrize("row", LAYERS)
def test_its_layers(row):
    x, layer = SCALE.get(row, 1.0) * data(), theirs(row)
    layer.eval()
    agree(from_paddle(layer).eval(), x, run(layer, x))


@pytest.mark.parametrize("row", ["batch", "layer", "group"])
@pytest.mark.parametrize("without", ["weight_attr", "bias_attr"])
def test_without_weight_or_bias(row, without):
    x, layer = SCALE.get(row, 1.0) * data(), theirs(row, **{without: False})
    layer.eval()
    agree(from_paddle(layer).eval(), x, run(layer, x))


def test_momentum_and_running_variance():
    x, layer = data(), theirs("batch")
    before = layer._variance.numpy().copy()
    made = from_paddle(layer)
    agree(made, x, run(layer, x))
    assert (
        facts(before, layer._variance.numpy(), x, made.momentum) == find("paddle", "batch").running
    )
    assert np.allclose(made.running_mean, layer._mean.numpy(), rtol=1e-5)


@pytest.mark.parametrize("size", [3, 4])
def test_local_response(size):
    x, layer = data(), nn.LocalResponseNorm(size, **LRN)
    agree(from_paddle(layer), x, run(layer, x))


def test_statistics_kept_in_training():
    x, layer = data(), theirs("batch", use_global_stats=True)
    made = from_paddle(layer)
    assert not made.training
    agree(made, x, run(layer, x))
