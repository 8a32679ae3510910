"""Keras with torch as its backend: every fact of the table, and layers made from its own."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import pytest
import torch
from parity import agree, data, defaults_are, facts, last, positive, second, versions_are

from normlab import measure
from normlab.conventions.frameworks import find
from normlab.interop import from_keras
from normlab.measuring.network.snippets import snippets

SETTINGS = {
    "batch": {"momentum": 0.9, "epsilon": 0.2},
    "layer": {"epsilon": 0.2},
    "group": {"groups": 3, "epsilon": 0.2},
    "rms": {"epsilon": 0.2},
}


def theirs(row, x, **more):
    """A built layer with arrays that are all different."""
    name = find("keras", row).layer.rpartition(".")[2]
    layer = getattr(keras.layers, name)(**SETTINGS[row] | more)
    layer.build(x.shape)
    for i, weight in enumerate(layer.weights):
        weight.assign(np.abs(data(weight.shape, seed=i)) + 0.5)
    return layer


def run(layer, x, **how):
    return layer(x, **how).detach().cpu().numpy()


def array(variable):
    """Its numpy() calls NumPy in a way of which NumPy warns."""
    return variable[...].detach().numpy().copy()


def test_versions():
    versions_are("keras")


@pytest.mark.parametrize("row", SETTINGS)
def test_defaults(row):
    convention = find("keras", row)
    defaults_are(convention, getattr(keras.layers, convention.layer.rpartition(".")[2]))


@pytest.mark.parametrize("row", ["batch", "group"])
def test_channels_last(row):
    x = data()
    layer = theirs(row, last(x))
    agree(from_keras(layer).eval(), x, second(run(layer, last(x))))


@pytest.mark.parametrize("row", ["batch", "group"])
def test_channels_second(row):
    x = data()
    layer = theirs(row, x, axis=1)
    agree(from_keras(layer).eval(), x, run(layer, x))


@pytest.mark.parametrize("row", ["layer", "rms"])
@pytest.mark.parametrize("axis", [-1, [-2, -1]], ids=str)
def test_the_last_axes(row, axis):
    x = data()
    layer = theirs(row, x, axis=axis)
    agree(from_keras(layer), x, run(layer, x))


@pytest.mark.parametrize("row", ["batch", "layer", "group"])
@pytest.mark.parametrize("without", ["center", "scale"])
def test_without_weight_or_bias(row, without):
    x = data()
    layer = theirs(row, last(x), **{without: False})
    made = from_keras(layer).eval()
    expected = run(layer, last(x))
    agree(made, last(x) if row == "layer" else x, expected if row == "layer" else second(expected))
    trained = sum(p.numel() for p in made.parameters() if p.requires_grad)
    assert trained == layer.weights[0].shape[0]


def test_groups_for_every_channel():
    x = data()
    layer = theirs("group", last(x), groups=-1)
    agree(from_keras(layer), x, second(run(layer, last(x))))


def test_momentum_and_running_variance():
    x = data()
    layer = theirs("batch", last(x))
    before = array(layer.moving_variance)
    made = from_keras(layer)
    expected = run(layer, last(x), training=True)
    agree(made, x, second(expected))
    kind = facts(before, array(layer.moving_variance), x, made.momentum)
    assert kind == find("keras", "batch").running
    assert np.allclose(made.running_mean, array(layer.moving_mean), rtol=1e-5)


def test_settings_by_name_are_those_of_the_layer():
    x = data()
    layer = theirs("batch", last(x))
    arrays = {weight.name: array(weight) for weight in layer.weights}
    made = from_keras("batch", **SETTINGS["batch"], **arrays).eval()
    agree(made, x, second(run(layer, last(x))))
    assert set(arrays) == set(positive("gamma", "beta", "moving_mean", "moving_variance"))


def test_not_built():
    with pytest.raises(ValueError, match="a layer has them once it is built"):
        from_keras(keras.layers.LayerNormalization())


def test_a_layer_that_is_no_row():
    with pytest.raises(ValueError, match="from_keras: a Dense given; give a layer of Keras"):
        from_keras(keras.layers.Dense(2))


def test_an_axis_whose_place_depends_on_the_rank():
    layer = theirs("layer", data(), axis=1)
    with pytest.raises(ValueError, match="axis=\\[1\\] given, but it must be -1"):
        from_keras(layer)


def test_frozen_is_in_evaluation():
    layer = theirs("batch", last(data()))
    layer.trainable = False
    assert not from_keras(layer).training


def test_measured_statistics_as_a_snippet():
    """What a report gives to paste makes Keras' Normalization do what our layer does; a constant too."""
    x = np.random.default_rng(0).normal(5, 3, (50, 4)).astype(np.float32)
    x[:, 2] = 7
    found = measure(x)
    text = next(snippet.text for snippet in snippets(found) if snippet.title == "Keras")
    names: dict = {}
    exec(text, names)
    assert isinstance(names["layer"], keras.layers.Normalization)
    expected = found.as_module()(torch.from_numpy(x))
    np.testing.assert_allclose(np.asarray(names["layer"](x)), expected, atol=1e-5)
