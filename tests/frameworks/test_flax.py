"""Flax (nnx): every fact of the table, and layers made from its own."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from parity import agree, data, defaults_are, facts, last, second, versions_are

from normlab.conventions.frameworks import find
from normlab.interop import from_flax

SETTINGS = {
    "batch": {"momentum": 0.9, "epsilon": 0.2},
    "layer": {"epsilon": 0.2},
    "instance": {"epsilon": 0.2},
    "group": {"num_groups": 3, "epsilon": 0.2},
    "rms": {"epsilon": 0.2},
}
PERMUTED = ("batch", "instance", "group")


def theirs(row, **more):
    """For six channels, with arrays that are all different."""
    kind = getattr(nnx, find("flax", row).layer.rpartition(".")[2])
    layer = kind(6, rngs=nnx.Rngs(0), **SETTINGS[row] | more)
    for i, name in enumerate(("scale", "bias", "mean", "var")):
        if getattr(layer, name, None) is not None:
            getattr(layer, name)[...] = jnp.asarray(np.abs(data((6,), seed=i)) + 0.5)
    return layer


def test_versions():
    versions_are("flax")


@pytest.mark.parametrize("row", SETTINGS)
def test_defaults(row):
    convention = find("flax", row)
    defaults_are(convention, getattr(nnx, convention.layer.rpartition(".")[2]))


@pytest.mark.parametrize("row", SETTINGS)
def test_its_layers(row):
    x = data()
    layer = theirs(row)
    layer.eval()
    expected = np.asarray(layer(last(x)))
    made = from_flax(layer)
    assert made.training == (row != "batch")
    if row in PERMUTED:
        agree(made, x, second(expected))
    else:
        agree(made, last(x), expected)


@pytest.mark.parametrize("row", ["batch", "layer", "instance", "group"])
@pytest.mark.parametrize("without", ["use_bias", "use_scale"])
def test_without_weight_or_bias(row, without):
    x = data()
    layer = theirs(row, **{without: False})
    layer.eval()
    made, expected = from_flax(layer), np.asarray(layer(last(x)))
    agree(
        made, x if row in PERMUTED else last(x), second(expected) if row in PERMUTED else expected
    )


def test_group_size():
    x = data()
    layer = theirs("group", num_groups=None, group_size=3)
    arrays = {"scale": np.asarray(layer.scale), "bias": np.asarray(layer.bias)}
    for made in (
        from_flax(layer),
        from_flax("group", group_size=3, epsilon=0.2, **arrays),
    ):
        agree(made, x, second(layer(last(x))))


def test_momentum_and_running_variance():
    x = data()
    layer = theirs("batch")
    before = np.array(layer.var)
    made = from_flax(layer)
    agree(made, x, second(layer(last(x))))
    assert facts(before, layer.var, x, made.momentum) == find("flax", "batch").running
    assert np.allclose(made.running_mean, np.asarray(layer.mean), rtol=1e-5)


def test_half_precision_arrays():
    layer = nnx.LayerNorm(6, param_dtype=jnp.bfloat16, rngs=nnx.Rngs(0))
    assert from_flax(layer).weight.tolist() == [1.0] * 6


def test_axes_that_share_their_weights():
    layer = nnx.LayerNorm(6, reduction_axes=(1, 2, 3), rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match=r"reduction_axes=.* given, but it must be -1"):
        from_flax(layer)
