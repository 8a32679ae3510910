"""Layers from what other frameworks call their settings and arrays, or from their own layers.

One way for all: `from_keras(BatchNorm, …)`. First the layer wanted here, then either the other framework's
layer or its settings and arrays by its own names (NumPy or torch); a setting given by name wins over the
layer's. The framework itself is never imported. The layers made here have the channels second, whatever
the framework has: for data with the channels last, y = layer(x.movedim(-1, 1)).movedim(1, -1). Layer and
RMS normalisation pool the last axes in every framework: nothing is to be permuted.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from normlab.conventions.convention import Convention
from normlab.conventions.frameworks import FRAMEWORKS, ROWS, find
from normlab.errors import SettingError
from normlab.interop.from_convention import Layer, built
from normlab.nn.registry import layer_for


def from_keras(kind: type[Layer], layer: Any = None, /, **settings: Any) -> Layer:
    """A layer of Keras as one of ours.

    Args: kind, BatchNorm, LayerNorm, GroupNorm or RMSNorm; layer, a built layer of Keras, any backend; or
        settings and arrays as Keras names them: momentum, epsilon, center, scale, axis, gamma, beta,
        moving_mean, moving_variance, groups. Where no array tells it, num_features, num_channels or
        normalized_shape as here.
    Errors: SettingError for an unknown setting, or one that has no counterpart here; ShapeError for arrays
        that do not fit together.
    Limits: the same numbers in evaluation; in further training Keras averages the biased variance, torch
        the unbiased. scale=False: a weight of 1 that is not trained.
    Source: keras.io/api/layers/normalization_layers; `normlab show batch --in keras`

    >>> from_keras(BatchNorm, momentum=0.75, epsilon=1e-3, moving_mean=np.zeros(2), center=False)
    BatchNorm(2, eps=0.001, momentum=0.25, affine=True, bias=False, track_running_stats=True)
    """
    return _made("keras", kind, layer, settings)


def from_flax(kind: type[Layer], layer: Any = None, /, **settings: Any) -> Layer:
    """A layer of Flax (nnx, or linen's arrays by name) as one of ours.

    Args: kind, BatchNorm, LayerNorm, InstanceNorm, GroupNorm or RMSNorm; layer, of flax.nnx; or settings
        and arrays as Flax names them: momentum, epsilon, use_bias, use_scale, num_features, num_groups,
        group_size, scale, bias, mean, var.
    Errors: as in `from_keras`.
    Limits: as in `from_keras`. Flax's fast variance cancels for data far from 0; here nothing does.
    Source: flax.readthedocs.io, nnx normalization; `normlab show batch --in flax`

    >>> from_flax(GroupNorm, num_features=8, group_size=2)
    GroupNorm(4, 8, eps=1e-06, affine=True, bias=True)
    """
    return _made("flax", kind, layer, settings)


def from_tensorflow(kind: type[Layer], /, **settings: Any) -> Layer:
    """An operator of TensorFlow as one of ours; for tf.keras layers use `from_keras`.

    Args: kind, BatchNorm (tf.compat.v1.nn.fused_batch_norm: scale, offset, mean, variance, epsilon,
        exponential_avg_factor, is_training) or LocalResponseNorm (tf.nn.local_response_normalization:
        depth_radius, bias, alpha, beta).
    Errors: as in `from_keras`.
    Limits: TensorFlow's alpha multiplies the sum, ours its mean over size = 2 · depth_radius + 1.
    Source: tensorflow.org/api_docs/python/tf; `normlab show local_response --in tensorflow`

    >>> layer = from_tensorflow(LocalResponseNorm, depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75)
    >>> layer.size, layer.alpha, layer.k
    (5, 0.0005, 2.0)
    """
    return _made("tensorflow", kind, None, settings)


def from_caffe(kind: type[Layer], /, **settings: Any) -> Layer:
    """A layer of Caffe as one of ours.

    Args: kind, BatchNorm (moving_average_fraction, eps, use_global_stats; the blobs of BatchNorm as mean,
        variance, scale_factor, those of the Scale layer after it as scale, bias) or LocalResponseNorm
        (local_size, alpha, beta, k, norm_region).
    Errors: as in `from_keras`; SettingError for norm_region="WITHIN_CHANNEL", and for MVN, whose ε stands
        outside the root.
    Limits: Caffe weighs its first batches more; momentum is exact once scale_factor has settled.
    Source: caffe.berkeleyvision.org/tutorial/layers; `normlab show batch --in caffe`

    >>> blobs = {"mean": np.array([8.0]), "variance": np.array([4.0]), "scale_factor": 2.0}
    >>> from_caffe(BatchNorm, **blobs).running_mean
    tensor([4.], dtype=torch.float64)
    """
    return _made("caffe", kind, None, settings)


def from_onnx(kind: type[Layer], /, **settings: Any) -> Layer:
    """An operator of ONNX as one of ours.

    Args: kind, any of them; attributes and inputs by their names in ONNX: epsilon,
        momentum, training_mode, scale, B, input_mean, input_var; axis, Scale; num_groups; size, bias.
    Errors: as in `from_keras`; SettingError for LRN with an even size, whose window reaches further after
        a channel in ONNX and before it in torch.
    Limits: as in `from_keras`; training_mode=0, the default, gives a layer in evaluation.
    Source: onnx.ai/onnx/operators; `normlab show batch --in onnx`

    >>> from_onnx(LocalResponseNorm, size=4)
    Traceback (most recent call last):
    normlab.errors.SettingError: LRN: size=4 given, but it must be odd. An even window reaches further \
after the channel there, and before it here.
    """
    return _made("onnx", kind, None, settings)


def from_paddle(kind: type[Layer], layer: Any = None, /, **settings: Any) -> Layer:
    """A layer of Paddle as one of ours.

    Args: kind, any but RMSNorm; layer, of paddle.nn; or settings and arrays as Paddle names them: momentum,
        epsilon, num_features, num_groups, normalized_shape, weight, bias, _mean, _variance, size, alpha.
    Errors: as in `from_keras`.
    Limits: as in `from_keras`. Its layers with data_format="NHWC" have the channels last.
    Source: paddlepaddle.org.cn/documentation; `normlab show batch --in paddle`

    >>> from_paddle(BatchNorm, num_features=3, momentum=0.75).momentum
    0.25
    """
    return _made("paddle", kind, layer, settings)


def _made(framework: str, kind: type[Layer], layer: Any, settings: Mapping[str, Any]) -> Layer:
    convention = _convention(framework, kind)
    if convention.placement == "outside":
        raise SettingError(
            f"{convention.layer}: ε stands outside the root in {FRAMEWORKS[framework]}, inside it in "
            f"{kind.__name__}; no setting gives the same numbers."
        )
    given = _read(convention, layer) | dict(settings)
    arrays = {word.name for word in convention.words if word.array}
    given = {name: _tensor(name, v) if name in arrays else v for name, v in given.items()}
    return built(kind, convention, convention.ours(given))


def _convention(framework: str, kind: Any) -> Convention:
    layers = {layer_for(row).layer: row for row in ROWS}
    if kind not in layers:
        names = ", ".join(known.__name__ for known in layers)
        raise SettingError(
            f"from_{framework}: {kind!r} given first; give one of normlab.nn's {names}."
        )
    return find(framework, layers[kind])


def _read(convention: Convention, layer: Any) -> dict[str, Any]:
    """Settings and arrays that their layer holds."""
    if layer is None:
        return {}
    if not {part.__name__ for part in type(layer).__mro__} & set(convention.classes):
        wanted = " or ".join(convention.classes)
        raise SettingError(
            f"from_{convention.framework}: a {type(layer).__name__} given where {wanted} belongs; give "
            f"that, or settings by name."
        )
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
            f"{name}: a {given} given that is no array of numbers; give one of NumPy or torch."
        ) from error
