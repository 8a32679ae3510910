"""Layers from settings and arrays by other frameworks' names, against numbers that those have printed."""

import numpy as np
import pytest
import torch

from cases import assert_close, exact
from normlab.errors import NormlabError
from normlab.interop import (
    from_caffe,
    from_flax,
    from_keras,
    from_onnx,
    from_paddle,
    from_tensorflow,
)

X = torch.tensor([[1.0, -2.0, 3.0, -4.0], [2.0, 2.0, 0.0, 1.0], [5.0, -1.0, 1.0, 3.0]])
WEIGHT, BIAS = np.float32([1, 2, 3, 4]), np.float32([0, 1, 0, -1])
ONE, TWO = np.ones(4, np.float32), np.full(4, 2, np.float32)
NORMALIZED = [
    [-0.9053575, -0.8107150, 3.4874291, -6.2846260],
    [-0.3621430, 3.5350008, -2.7899435, 0.3211565],
    [1.2675004, 0.2757140, -0.6974860, 2.9634695],
]
MEAN = [1.4166667, 0.6666667, 1.0833334, 0.75]


def near(actual, expected):
    assert_close(actual, torch.tensor(expected), dtype=torch.float32)


def test_tensorflow_batch():
    """Printed by tensorflow 2.21.0: fused_batch_norm of X in training; the variance is unbiased."""
    arrays = {"scale": WEIGHT, "offset": BIAS, "mean": ONE, "variance": TWO}
    layer = from_tensorflow("batch", epsilon=0.5, exponential_avg_factor=0.25, **arrays)
    near(layer(X), NORMALIZED)
    near(layer.running_mean, MEAN)
    near(layer.running_var, [2.5833335, 2.5833333, 2.0833333, 4.75])


def test_paddle_batch():
    """Printed by paddlepaddle 3.3.1: BatchNorm1D of X in training; its variance is biased: (2.2222222, …)."""
    arrays = {"weight": WEIGHT, "bias": BIAS, "_mean": ONE, "_variance": TWO}
    layer = from_paddle("batch", momentum=0.75, epsilon=0.5, **arrays)
    near(layer(X), NORMALIZED)
    near(layer.running_mean, MEAN)
    biased = torch.tensor([2.2222223, 2.2222221, 1.8888888, 3.6666667])
    kept = 0.75 * torch.from_numpy(TWO)  # what both keep; of the batch's part torch has 3/2
    near(layer.running_var, (kept + (biased - kept) * 3 / 2).tolist())


LRN = {
    "tensorflow": (
        lambda: from_tensorflow("local_response", depth_radius=1, bias=2.0, alpha=0.5, beta=0.75),
        [
            [0.3236612, -0.3849002, 0.3664445, -0.5383120],
            [0.5216948, 0.5216948, 0.0, 0.5029734],
            [0.6559964, -0.1280122, 0.2206500, 0.6971042],
        ],
    ),
    "paddle": (
        lambda: from_paddle("local_response", size=3, alpha=0.5, beta=0.75, k=2.0),
        [
            [0.4579064, -0.6659068, 0.7098176, -1.0221677],
            [0.8107201, 0.8107201, 0.0, 0.5599586],
            [1.2524078, -0.2456490, 0.3650208, 1.1321857],
        ],
    ),
    "paddle, even": (
        lambda: from_paddle("local_response", size=4, alpha=0.5, beta=0.75, k=2.0),
        [
            [0.4849010, -0.7421754, 0.8079238, -1.0951362],
            [0.8773826, 0.8773826, 0.0, 0.4849010],
            [1.4416192, -0.2832802, 0.2456490, 1.2048026],
        ],
    ),
}


@pytest.mark.parametrize("case", LRN)
def test_local_response(case):
    """Printed by tensorflow 2.21.0 and paddlepaddle 3.3.1."""
    make, expected = LRN[case]
    near(make()(X), expected)


def test_caffe_local_response():
    """By hand from its documentation: x / (k + alpha/n Σx²)^beta with n = 3, beta = 1."""
    layer = from_caffe("local_response", local_size=3, alpha=6.0, beta=1.0, k=1.0)
    near(
        layer(X[:1]), [[1 / 11, -2 / 29, 3 / 59, -4 / 51]]
    )  # 1 + 2·5, 1 + 2·14, 1 + 2·29, 1 + 2·25


def test_caffe_batch():
    """By hand from its source: what the blobs are after one more batch, once scale_factor has settled."""
    fraction, settled = 0.75, 4.0  # 1 / (1 − fraction)
    mean, variance = np.float32([8.0]), np.float32([12.0])
    x = torch.tensor([[1.0], [3.0], [8.0]])  # mean 4, unbiased variance 13
    layer = from_caffe(
        "batch",
        moving_average_fraction=fraction,
        mean=mean,
        variance=variance,
        scale_factor=settled,
    )
    assert layer.weight is layer.bias is None
    near(layer.eval()(x), ((x.numpy() - 2.0) / np.sqrt(3.0 + 1e-5)).tolist())
    layer.train()(x)
    assert settled * fraction + 1 == settled
    near(layer.running_mean, (mean * fraction + 4.0) / settled)
    near(layer.running_var, (variance * fraction + 13.0) / settled)


def test_caffe_with_a_scale_layer_and_nothing_learned():
    blobs = {"mean": ONE, "variance": ONE, "scale_factor": np.float32([0.0])}
    layer = from_caffe("batch", **blobs, scale=WEIGHT, bias=BIAS, use_global_stats=True)
    assert not layer.training
    assert layer.running_mean.tolist() == layer.running_var.tolist() == [0.0] * 4
    near(layer.weight, WEIGHT)


def test_paddle_group_and_layer():
    """Printed by paddlepaddle 3.3.1, of X and of X as (3, 2, 2); its weight is flat."""
    group = from_paddle("group", num_groups=2, num_channels=4, epsilon=0.5)
    near(group(X)[2], [0.9733285, -0.9733285, -0.8164966, 0.8164966])
    layer = from_paddle("layer", normalized_shape=[2, 2], epsilon=0.001, weight=WEIGHT)
    near(layer(X.view(3, 2, 2))[0], [[0.5570476, -1.1140952], [3.8993332, -5.1991110]])
    assert layer.weight.shape == (2, 2)


def test_defaults_are_those_of_the_framework():
    keras = from_keras("batch", gamma=WEIGHT)
    assert (keras.eps, keras.momentum, keras.training) == (1e-3, 0.01, True)
    assert from_flax("layer", num_features=4).eps == 1e-6
    assert from_flax("instance", scale=WEIGHT).eps == 1e-6
    assert from_keras("rms", scale=WEIGHT).eps == 1e-6
    onnx = from_onnx("batch", scale=ONE, B=BIAS, input_mean=ONE, input_var=ONE)
    assert (onnx.momentum, onnx.training) == (0.1, False)
    assert from_tensorflow("local_response").size == 11


def test_arrays_keep_their_precision_and_are_copied():
    given = torch.ones(4, dtype=torch.float64)
    layer = from_keras("batch", gamma=given, moving_mean=given.numpy())
    layer.weight.data[0] = layer.running_mean[0] = 7.0
    assert layer.weight.dtype == layer.running_var.dtype == torch.float64
    assert given.tolist() == [1.0] * 4


def test_lists_and_whole_numbers():
    for array in ([1, 2], torch.tensor([1, 2]), np.array([1, 2])):
        assert from_keras("batch", gamma=array).weight.tolist() == [1.0, 2.0]
    assert from_flax("group", num_features=6, group_size=3).num_groups == 2
    assert from_keras("group", groups=-1, gamma=WEIGHT).num_groups == 4
    assert from_keras("group", groups=-1, num_channels=6, center=False, scale=False).num_groups == 6


def test_without_a_weight_the_weight_is_not_trained():
    layer = from_keras("batch", scale=False, beta=BIAS)
    assert layer.weight.tolist() == [1.0] * 4
    assert not layer.weight.requires_grad and layer.bias.requires_grad
    bare = from_keras("layer", axis=[-2, -1], scale=False, center=False, normalized_shape=(2, 2))
    assert bare.weight is bare.bias is None


def test_an_axis_of_onnx_from_the_front_is_told_by_the_scale():
    scale = np.ones((2, 3), np.float32)
    assert from_onnx("layer", axis=1, Scale=scale).normalized_shape == (2, 3)
    assert from_onnx("rms", axis=3, scale=ONE).normalized_shape == (4,)


class Held:
    """Stands for a layer of Keras: attributes are all that is asked of it."""

    axis, epsilon, center, scale, groups = -1, 0.5, True, True, 2
    gamma, beta = WEIGHT, BIAS


def test_a_setting_by_name_wins_over_the_layer():
    class GroupNormalization(Held):
        pass

    class OfMine(GroupNormalization):
        pass

    assert from_keras(OfMine()).num_groups == 2
    assert from_keras(OfMine(), groups=4).num_groups == 4


REFUSED = {
    "an unknown setting": (
        lambda: from_keras("batch", eps=1.0, gamma=ONE),
        "keras.layers.BatchNormalization has no setting 'eps' here; it has axis, momentum, epsilon, center, "
        "scale, trainable, renorm, synchronized, gamma, beta, moving_mean, moving_variance. Did you mean "
        "'epsilon'?",
    ),
    "no layer of ours": (
        lambda: from_keras(torch.nn.BatchNorm1d(4), gamma=ONE),
        "from_keras: a BatchNorm1d given; give a layer of Keras (BatchNormalization, LayerNormalization, "
        "GroupNormalization, RMSNormalization), or the name of a row ('batch', 'layer', 'group', 'rms') and "
        "its settings.",
    ),
    "no such layer there": (
        lambda: from_flax("local_response"),
        "Flax has no 'local_response' in the table, only batch, layer, instance, group, rms; torch, "
        "tensorflow, onnx, paddle, caffe have it.",
    ),
    "another layer": (
        lambda: from_keras(Held()),
        "from_keras: a Held given; give a layer of Keras (BatchNormalization, LayerNormalization, "
        "GroupNormalization, RMSNormalization), or the name of a row ('batch', 'layer', 'group', 'rms') and "
        "its settings.",
    ),
    "nothing that tells the size": (
        lambda: from_keras("group", groups=2),
        "keras.layers.GroupNormalization: the number of channels is not known; give gamma, beta (a "
        "layer has them once it is built), or num_channels.",
    ),
    "arrays that differ": (
        lambda: from_keras("batch", gamma=ONE, beta=ONE[:3]),
        "keras.layers.BatchNormalization: gamma (4,), beta (3,) do not fit num_features=(4,); give arrays "
        "that do.",
    ),
    "arrays of another rank": (
        lambda: from_keras("batch", gamma=ONE.reshape(2, 2)),
        "keras.layers.BatchNormalization: gamma (2, 2) given; each must have one value per channel.",
    ),
    "an array and none": (
        lambda: from_keras("batch", gamma=ONE, scale=False),
        "keras.layers.BatchNormalization: gamma given, and scale=False, which leaves it out; choose one.",
    ),
    "no array": (
        lambda: from_keras("batch", gamma="ones"),
        "gamma: a str given that is not an array of numbers; give one of NumPy or torch.",
    ),
    "renorm": (
        lambda: from_keras("batch", gamma=ONE, renorm=True),
        "keras.layers.BatchNormalization: renorm=True given, but it must be False. Batch renormalisation "
        "trains otherwise; its evaluation is that of renorm=False.",
    ),
    "an axis that may be any": (
        lambda: from_keras("layer", gamma=ONE, axis=1),
        "keras.layers.LayerNormalization: axis=1 given, but it must be -1, or the last axes counted from the "
        "end ([-2, -1]). Which axes those are otherwise depends on the rank of x.",
    ),
    "axes and another shape": (
        lambda: from_onnx("layer", axis=-2, Scale=ONE),
        "LayerNormalization (opset 17): Scale (4,) given, which is not the shape of the last 2 axes.",
    ),
    "an axis from the front, without the scale": (
        lambda: from_onnx("layer", axis=1, B=ONE),
        "axis=1 given without the scale, whose shape says how many axes are pooled; give the scale, or an "
        "axis counted from the end (-1 is the last).",
    ),
    "momentum": (
        lambda: from_keras("batch", gamma=ONE, momentum=1.5),
        "keras.layers.BatchNormalization: momentum given means a momentum of -0.5 here, which must be >= 0 "
        "and <= 1.",
    ),
    "no number": (
        lambda: from_keras("batch", gamma=ONE, momentum="big"),
        "keras.layers.BatchNormalization: momentum='big' given, which is not a valid value (unsupported "
        "operand type(s) for -: 'float' and 'str').",
    ),
    "a negative epsilon": (
        lambda: from_flax("batch", scale=ONE, epsilon=-1.0),
        "batch: eps=-1.0 given, but it must be finite and >= 0.",
    ),
    "an even window of ONNX": (
        lambda: from_onnx("local_response", size=2),
        "LRN: size=2 given, but it must be odd. An even window reaches further after the channel there, and "
        "before it here.",
    ),
    "an even window of Caffe": (
        lambda: from_caffe("local_response", local_size=4),
        "LRN: local_size=4 given, but it must be odd. Caffe refuses it too.",
    ),
    "a window in space": (
        lambda: from_caffe("local_response", norm_region="WITHIN_CHANNEL"),
        "LRN: norm_region='WITHIN_CHANNEL' given, but it must be 'ACROSS_CHANNELS' or 0. WITHIN_CHANNEL "
        "pools over space.",
    ),
    "blobs without their divisor": (
        lambda: from_caffe("batch", mean=ONE, variance=ONE),
        "BatchNorm: mean and variance given without scale_factor, by which Caffe divides them; give the "
        "third blob, or 1 if they are divided.",
    ),
    "ε outside": (
        lambda: from_caffe("instance", eps=1e-9),
        "MVN: ε stands outside the root in Caffe, inside it in InstanceNorm; no setting gives the same "
        "numbers.",
    ),
    "a required array": (
        lambda: from_onnx("group", num_groups=2, scale=ONE),
        "GroupNormalization (opset 21): bias is missing; give it.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_words(case):
    make, message = REFUSED[case]
    with pytest.raises(NormlabError, match=exact(message)):
        make()
