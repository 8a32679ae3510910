"""Layers from what other frameworks call their settings and arrays, or from their own layers.

One way for all: `from_keras(layer)`, or without a layer `from_keras("batch", **settings)`: a row of the table
and the other framework's settings and arrays by its own names (NumPy or torch). A setting given by name wins
over the layer's. The framework itself is never imported. The layers made here have the channels second,
whatever the framework has: for data with the channels last, y = layer(x.movedim(-1, 1)).movedim(1, -1). Layer
and RMS normalisation pool the last axes in every framework: nothing has to be permuted.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from normlab.conventions.convention import Convention
from normlab.conventions.frameworks import CONVENTIONS, FRAMEWORKS, find
from normlab.errors import SettingError
from normlab.interop.from_convention import built
from normlab.nn.registry import layer_for


def from_keras(given: Any, /, **settings: Any) -> nn.Module:
    """A layer of Keras as one of ours.

    Args: given, a built layer of Keras, any backend, or the name of a row: "batch", "layer", "group", "rms";
        settings and arrays as Keras names them: momentum, epsilon, center, scale, axis, gamma, beta,
        moving_mean, moving_variance, groups. Where no array tells the size, num_features, num_channels or
        normalized_shape as here.
    Errors: SettingError for an unknown setting, or one that has no counterpart here; ShapeError for arrays
        that do not fit together.
    Limits: the same numbers in evaluation; in further training Keras averages the biased variance, torch
        the unbiased. scale=False: a weight of 1 that is not trained.
    Source: keras.io/api/layers/normalization_layers; `normlab show batch --in keras`

    >>> from_keras("batch", momentum=0.75, epsilon=1e-3, moving_mean=np.zeros(2), center=False)
    BatchNorm(2, eps=0.001, momentum=0.25, affine=True, bias=False, track_running_stats=True)
    """
    return _made("keras", given, settings)


def from_flax(given: Any, /, **settings: Any) -> nn.Module:
    """A layer of Flax (nnx, or linen's arrays by name) as one of ours.

    Args: given, a layer of flax.nnx, or the name of a row: "batch", "layer", "instance", "group", "rms";
        settings and arrays as Flax names them: momentum, epsilon, use_bias, use_scale, num_features,
        num_groups, group_size, scale, bias, mean, var.
    Errors: as in `from_keras`.
    Limits: as in `from_keras`. Flax's fast variance cancels for data far from 0; here nothing does.
    Source: flax.readthedocs.io, nnx normalization; `normlab show batch --in flax`

    >>> from_flax("group", num_features=8, group_size=2)
    GroupNorm(4, 8, eps=1e-06, affine=True, bias=True)
    """
    return _made("flax", given, settings)


def from_tensorflow(given: str, /, **settings: Any) -> nn.Module:
    """An operator of TensorFlow as one of ours; for tf.keras layers use `from_keras`.

    Args: given, "batch" (tf.compat.v1.nn.fused_batch_norm: scale, offset, mean, variance, epsilon,
        exponential_avg_factor, is_training) or "local_response" (tf.nn.local_response_normalization:
        depth_radius, bias, alpha, beta).
    Errors: as in `from_keras`.
    Limits: TensorFlow's alpha multiplies the sum, ours its mean over size = 2 · depth_radius + 1.
    Source: tensorflow.org/api_docs/python/tf; `normlab show local_response --in tensorflow`

    >>> layer = from_tensorflow("local_response", depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75)
    >>> layer.size, layer.alpha, layer.k
    (5, 0.0005, 2.0)
    """
    return _made("tensorflow", given, settings)


def from_caffe(given: str, /, **settings: Any) -> nn.Module:
    """A layer of Caffe as one of ours.

    Args: given, "batch" (moving_average_fraction, eps, use_global_stats; the blobs of BatchNorm as mean,
        variance, scale_factor, those of the Scale layer after it as scale, bias) or "local_response"
        (local_size, alpha, beta, k, norm_region).
    Errors: as in `from_keras`; SettingError for norm_region="WITHIN_CHANNEL", and for MVN, whose ε stands
        outside the root.
    Limits: Caffe weighs its first batches more; momentum is exact once scale_factor has settled.
    Source: caffe.berkeleyvision.org/tutorial/layers; `normlab show batch --in caffe`

    >>> blobs = {"mean": np.array([8.0]), "variance": np.array([4.0]), "scale_factor": 2.0}
    >>> from_caffe("batch", **blobs).running_mean
    tensor([4.], dtype=torch.float64)
    """
    return _made("caffe", given, settings)


def from_onnx(given: str, /, **settings: Any) -> nn.Module:
    """An operator of ONNX as one of ours.

    Args: given, "batch", "layer", "instance", "group", "rms" or "local_response"; attributes and inputs by
        their names in ONNX: epsilon, momentum, training_mode, scale, B, input_mean, input_var; axis, Scale;
        num_groups; size, bias. An axis >= 0 is understood by the shape of the scale, which is that of the
        pooled axes.
    Errors: as in `from_keras`; SettingError for LRN with an even size, whose window reaches further after
        a channel in ONNX and before it in torch.
    Limits: as in `from_keras`; training_mode=0, the default, gives a layer in evaluation.
    Source: onnx.ai/onnx/operators; `normlab show batch --in onnx`

    >>> from_onnx("local_response", size=4)
    Traceback (most recent call last):
    normlab.errors.SettingError: LRN: size=4 given, but it must be odd. An even window reaches further \
after the channel there, and before it here.
    """
    return _made("onnx", given, settings)


def from_paddle(given: Any, /, **settings: Any) -> nn.Module:
    """A layer of Paddle as one of ours.

    Args: given, a layer of paddle.nn, or the name of any row but "rms" that it has; settings and arrays as
        Paddle names them: momentum, epsilon, num_features, num_groups, normalized_shape, weight, bias,
        _mean, _variance, size, alpha.
    Errors: as in `from_keras`.
    Limits: as in `from_keras`. Its layers with data_format="NHWC" have the channels last.
    Source: paddlepaddle.org.cn/documentation; `normlab show batch --in paddle`

    >>> from_paddle("batch", num_features=3, momentum=0.75).momentum
    0.25
    """
    return _made("paddle", given, settings)


def _made(framework: str, given: Any, settings: Mapping[str, Any]) -> nn.Module:
    convention = find(framework, given) if isinstance(given, str) else _of_layer(framework, given)
    entry = layer_for(convention.row)
    if convention.placement == "outside":
        raise SettingError(
            f"{convention.layer}: ε stands outside the root in {FRAMEWORKS[framework]}, inside it in "
            f"{entry.layer.__name__}; no setting gives the same numbers."
        )
    held = {} if isinstance(given, str) else _read(convention, given)
    arrays = {word.name for word in convention.words if word.array}
    values = {n: _tensor(n, v) if n in arrays else v for n, v in (held | dict(settings)).items()}
    return built(entry, convention, convention.ours(values))


def _of_layer(framework: str, layer: Any) -> Convention:
    """What the framework means by a layer of its own, which is known by the names of its classes."""
    own = {part.__name__ for part in type(layer).__mro__}
    for convention in CONVENTIONS.values():
        if convention.framework == framework and own & set(convention.classes):
            return convention
    known = [c for c in CONVENTIONS.values() if c.framework == framework]
    classes = ", ".join(name for convention in known for name in convention.classes)
    rows = ", ".join(repr(convention.row) for convention in known)
    raise SettingError(
        f"from_{framework}: a {type(layer).__name__} given; give "
        + (f"a layer of {FRAMEWORKS[framework]} ({classes}), or " if classes else "")
        + f"the name of a row ({rows}) and its settings."
    )


def _read(convention: Convention, layer: Any) -> dict[str, Any]:
    """Settings and arrays that their layer holds."""
    held = {word.name: word.attribute or word.name for word in convention.words}
    return {name: getattr(layer, at) for name, at in held.items() if hasattr(layer, at)}


def _tensor(name: str, value: Any) -> Tensor | None:
    """Their array, whoever made it; types that NumPy lacks become float32."""
    if value is None:
        return None
    try:
        value = (
            value if isinstance(value, list | tuple | float | int) else value[...]
        )  # out of a variable
        if isinstance(value, Tensor):
            return (
                value.detach().cpu() if value.is_floating_point() else value.detach().cpu().float()
            )
        array = np.array(np.asarray(value))
        return torch.from_numpy(array if array.dtype.kind == "f" else array.astype(np.float32))
    except (TypeError, ValueError) as error:
        given = type(value).__name__
        raise SettingError(
            f"{name}: a {given} given that is not an array of numbers; give one of NumPy or torch."
        ) from error
