"""TensorFlow: every fact of the table."""

import numpy as np
import pytest
import tensorflow as tf
from parity import agree, data, defaults_are, facts, last, positive, second, versions_are

from normlab.conventions.frameworks import find
from normlab.interop import from_keras, from_tensorflow

LRN = {"depth_radius": 1, "bias": 2.0, "alpha": 0.3, "beta": 0.6}
OPERATORS = {
    "batch": tf.compat.v1.nn.fused_batch_norm,
    "local_response": tf.nn.local_response_normalization,
}


def arrays():
    return positive("scale", "offset", "mean", "variance")


def test_versions():
    versions_are("tensorflow")


@pytest.mark.parametrize("row", OPERATORS)
def test_defaults(row):
    defaults_are(find("tensorflow", row), OPERATORS[row])


def test_batch_in_evaluation():
    x, settings = data(), {"epsilon": 0.2, "is_training": False}
    expected = OPERATORS["batch"](last(x), **arrays(), **settings)[0]
    made = from_tensorflow("batch", **arrays(), **settings)
    assert not made.training
    agree(made, x, second(expected))


def test_momentum_and_running_variance():
    x, settings = data(), {"epsilon": 0.2, "exponential_avg_factor": 0.3}
    expected, mean, variance = OPERATORS["batch"](last(x), **arrays(), **settings)
    made = from_tensorflow("batch", **arrays(), **settings)
    agree(made, x, second(expected))
    kind = facts(arrays()["variance"], variance, x, made.momentum)
    assert kind == find("tensorflow", "batch").running
    assert np.allclose(made.running_mean, mean, rtol=1e-5)
    assert np.allclose(made.running_var, variance, rtol=1e-5)


def test_local_response():
    x = data()
    expected = OPERATORS["local_response"](last(x), **LRN)
    agree(from_tensorflow("local_response", **LRN), x, second(expected))


def test_a_keras_layer_on_tensorflow():
    x = data()
    layer = tf.keras.layers.BatchNormalization(epsilon=0.2)
    layer.build(last(x).shape)
    layer.moving_mean.assign(data((6,)))
    agree(from_keras(layer).eval(), x, second(layer(last(x))))
