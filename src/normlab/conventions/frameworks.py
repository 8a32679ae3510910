"""THE table of conventions: what torch, TensorFlow, Keras, Flax, Caffe, ONNX and Paddle mean by a row.

Each entry says how it was checked: by running the library (tests/frameworks does so again), or from its
documentation and source.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from normlab.conventions.convention import Convention, Only, Way, Word
from normlab.equation.table import find as find_row
from normlab.errors import SettingError, did_you_mean

FRAMEWORKS = {
    "torch": "torch",
    "keras": "Keras",
    "tensorflow": "TensorFlow",
    "flax": "Flax",
    "onnx": "ONNX",
    "paddle": "Paddle",
    "caffe": "Caffe",
}
TORCH = "torch 2.13.0"
KERAS = "keras 3.15.1"
FLAX = "flax 0.12.8"
ONNX = "onnx 1.23.2, onnxruntime 1.32.0"
TENSORFLOW = "tensorflow 2.21.0"
PADDLE = "paddlepaddle 3.3.1"
READ = "documentation and source; not run"


def _channels(given: Mapping[str, Any]) -> int:
    """How many channels their settings or arrays tell of."""
    for name in ("num_features", "num_channels", "gamma", "beta", "scale", "bias"):
        value = given.get(name)
        if value is not None:
            return value if isinstance(value, int) else len(value)
    raise SettingError(
        "the number of groups depends on the number of channels; give an array, or the number."
    )


def _keras_groups(value: int, given: Mapping[str, Any]) -> int:
    return _channels(given) if value == -1 else value


def _flax_groups(value: int, given: Mapping[str, Any]) -> int:
    size = given.get("group_size")
    return value if size is None else _channels(given) // size


def _over_factor(value: Any, given: Mapping[str, Any]) -> Any:
    factor = given["scale_factor"]
    if factor is None:
        raise SettingError(
            "BatchNorm: mean and variance given without scale_factor, by which Caffe divides them; give the "
            "third blob, or 1 if they are divided."
        )
    factor = factor.item() if hasattr(factor, "item") else factor
    return value * (1.0 / factor if factor else 0.0)


def _count_axes(value: Any, given: Mapping[str, Any]) -> int:
    return len(value) if isinstance(value, list | tuple) else 1


def _axes_from(axis: int, given: Mapping[str, Any]) -> int:
    """How many axes are pooled from that one on; one counted from the front is told by the scale's shape."""
    if axis < 0:
        return -axis
    scale = next((given[name] for name in ("Scale", "scale") if given.get(name) is not None), None)
    if scale is None:
        raise SettingError(
            f"axis={axis} given without the scale, whose shape says how many axes are pooled; give the "
            f"scale, or an axis counted from the end (-1 is the last)."
        )
    return len(scale.shape)


def _trailing(value: Any) -> bool:
    axes = sorted(value) if isinstance(value, list | tuple) else [value]
    return axes == list(range(-len(axes), 0))


def _among(*values: Any) -> Only:
    return Only(" or ".join(map(repr, values)), lambda value: value in values)


COMPLEMENT = Way("1 − theirs", lambda value, given: round(1.0 - value, 15))  # 1 − 0.9 is 0.1
DIAMETER = Way("2 · theirs + 1", lambda value, given: 2 * value + 1)
TIMES_SIZE = Way("theirs · size", lambda value, given: value * (2 * given["depth_radius"] + 1))
OVER_FACTOR = Way("theirs / scale_factor", _over_factor)
NOT = Way("not theirs", lambda value, given: not value)
GIVEN = Way("theirs is not False", lambda value, given: value is not False)
TRUTH = Way("theirs != 0", lambda value, given: bool(value))
KERAS_GROUPS = Way("theirs, or as many as channels for -1", _keras_groups)
FLAX_GROUPS = Way("theirs, or channels / group_size", _flax_groups)
AXES = Way("theirs", _count_axes)
FROM_AXIS = Way("theirs", _axes_from)

TRAILING = Only("-1, or the last axes counted from the end ([-2, -1])", _trailing)
LAST = Only("-1", lambda value: value in (-1, [-1], (-1,)))
ODD = Only("odd", lambda value: value % 2 == 1)
NOTHING = Only("None", lambda value: value is None)
_RANK = "Which axes those are otherwise depends on the rank of x."
_PERMUTED = "The layer made here takes the channels second whatever it is: permute x."


def _eps(default: float, name: str = "epsilon", attribute: str = "") -> Word:
    return Word(name, "eps", default, attribute=attribute)


def _momentum(default: float, name: str = "momentum", attribute: str = "") -> Word:
    return Word(name, "momentum", default, COMPLEMENT, attribute=attribute)


def _arrays(names: str, **more: Any) -> tuple[Word, ...]:
    """weight, bias, running mean and variance under these names, as many as there are."""
    ours = ("weight", "bias", "running_mean", "running_var")
    return tuple(Word(name, mine, **more) for name, mine in zip(names.split(), ours, strict=False))


# torch: the words of every other are compared with these

_TORCH_DOCS = "https://docs.pytorch.org/docs/2.13/generated/torch.nn."
_TORCH_SHARED: dict[str, Any] = {"framework": "torch", "layout": "second", "checked": TORCH}
_TORCH = (
    Convention(
        row="batch",
        layer="torch.nn.BatchNorm2d",
        words=(
            _eps(1e-5, "eps"),
            Word("momentum", "momentum", 0.1),
            *_arrays("weight bias running_mean running_var"),
        ),
        running="unbiased",
        source=_TORCH_DOCS + "BatchNorm2d.html",
        notes=(
            "momentum: the weight of the new batch.",
            "normalises a batch with its biased variance.",
        ),
        **_TORCH_SHARED,
    ),
    Convention(
        row="layer",
        layer="torch.nn.LayerNorm",
        words=(
            Word("normalized_shape", "normalized_shape"),
            _eps(1e-5, "eps"),
            *_arrays("weight bias"),
        ),
        source=_TORCH_DOCS + "LayerNorm.html",
        **_TORCH_SHARED,
    ),
    Convention(
        row="instance",
        layer="torch.nn.InstanceNorm2d",
        words=(_eps(1e-5, "eps"), *_arrays("weight bias")),
        source=_TORCH_DOCS + "InstanceNorm2d.html",
        notes=("no weight and bias unless affine=True.",),
        **_TORCH_SHARED,
    ),
    Convention(
        row="group",
        layer="torch.nn.GroupNorm",
        words=(Word("num_groups", "num_groups"), _eps(1e-5, "eps"), *_arrays("weight bias")),
        source=_TORCH_DOCS + "GroupNorm.html",
        **_TORCH_SHARED,
    ),
    Convention(
        row="rms",
        layer="torch.nn.RMSNorm",
        words=(
            Word("normalized_shape", "normalized_shape"),
            _eps(1.1920928955078125e-07, "eps"),
            *_arrays("weight"),
        ),
        source=_TORCH_DOCS + "RMSNorm.html",
        notes=("eps: None, the machine epsilon of the dtype computed in; shown is float32's.",),
        **_TORCH_SHARED,
    ),
    Convention(
        row="local_response",
        layer="torch.nn.LocalResponseNorm",
        words=(
            Word("size", "size"),
            Word("alpha", "alpha", 1e-4),
            Word("beta", "beta", 0.75),
            Word("k", "k", 1.0),
        ),
        window="before",
        source=_TORCH_DOCS + "LocalResponseNorm.html",
        notes=("alpha is divided by size.",),
        **_TORCH_SHARED,
    ),
)

_KERAS_DOCS = "https://keras.io/api/layers/normalization_layers/"
_KERAS_SHARED: dict[str, Any] = {"framework": "keras", "layout": "last", "checked": KERAS}
_CENTER_SCALE = (Word("center", "has_bias", True), Word("scale", "has_weight", True))
_KERAS = (
    Convention(
        row="batch",
        layer="keras.layers.BatchNormalization",
        classes=("BatchNormalization",),
        words=(
            Word("axis", default=-1),
            _momentum(0.99),
            _eps(1e-3),
            *_CENTER_SCALE,
            Word("trainable", "training", True, why="False means evaluation there."),
            Word(
                "renorm",
                default=False,
                only=_among(False),
                why="Batch renormalisation trains otherwise; its evaluation is that of renorm=False.",
            ),
            Word(
                "synchronized",
                default=False,
                only=_among(False),
                why="Give False, and the layer made here process_group='world'.",
            ),
            *_arrays("gamma beta moving_mean moving_variance"),
        ),
        running="biased",
        source=_KERAS_DOCS + "batch_normalization/",
        notes=("also tf.keras.layers.BatchNormalization of TensorFlow 2.16 and newer.",),
        **_KERAS_SHARED,
    ),
    Convention(
        row="layer",
        layer="keras.layers.LayerNormalization",
        classes=("LayerNormalization",),
        words=(
            Word("axis", "axes", -1, AXES, TRAILING, _RANK),
            _eps(1e-3),
            *_CENTER_SCALE,
            Word(
                "rms_scaling",
                default=False,
                only=_among(False),
                why="It is not layer normalisation.",
            ),
            *_arrays("gamma beta"),
        ),
        source=_KERAS_DOCS + "layer_normalization/",
        notes=(
            "axis: pooled axes and those of gamma and beta; it does not say torch's normalized_shape.",
        ),
        **_KERAS_SHARED,
    ),
    Convention(
        row="group",
        layer="keras.layers.GroupNormalization",
        classes=("GroupNormalization",),
        words=(
            Word("groups", "num_groups", 32, KERAS_GROUPS),
            Word("axis", default=-1),
            _eps(1e-3),
            *_CENTER_SCALE,
            *_arrays("gamma beta"),
        ),
        source=_KERAS_DOCS + "group_normalization/",
        notes=(
            "pools all axes but the batch within a group, as torch does.",
            "groups=-1: instance normalisation, for which there is no other layer.",
        ),
        **_KERAS_SHARED,
    ),
    Convention(
        row="rms",
        layer="keras.layers.RMSNormalization",
        classes=("RMSNormalization",),
        words=(Word("axis", "axes", -1, AXES, TRAILING, _RANK), _eps(1e-6), *_arrays("scale")),
        source=_KERAS_DOCS + "rms_normalization/",
        **_KERAS_SHARED,
    ),
)

_TF_DOCS = "https://www.tensorflow.org/api_docs/python/tf/"
_TF_SHARED: dict[str, Any] = {"framework": "tensorflow", "layout": "last", "checked": TENSORFLOW}
_TENSORFLOW = (
    Convention(
        row="batch",
        layer="tf.compat.v1.nn.fused_batch_norm",
        words=(
            _eps(1e-3),
            Word("exponential_avg_factor", "momentum", 1.0),
            Word("is_training", "training", True),
            Word("data_format", default="NHWC", why=_PERMUTED),
            *_arrays("scale offset", required=True),
            *_arrays("scale offset mean variance")[2:],
        ),
        running="unbiased",
        source=_TF_DOCS + "compat/v1/nn/fused_batch_norm",
        notes=(
            "exponential_avg_factor: the weight of the new batch, as torch's momentum; 1 keeps no average.",
            "tf.keras layers: normlab show batch --in keras.",
        ),
        **_TF_SHARED,
    ),
    Convention(
        row="local_response",
        layer="tf.nn.local_response_normalization",
        words=(
            Word("depth_radius", "size", 5, DIAMETER),
            Word("bias", "k", 1.0),
            Word("alpha", "alpha", 1.0, TIMES_SIZE),
            Word("beta", "beta", 0.5),
        ),
        window="odd only",
        source=_TF_DOCS + "nn/local_response_normalization",
        notes=("alpha multiplies the sum; nothing is divided by size.",),
        **_TF_SHARED,
    ),
)

_FLAX_DOCS = (
    "https://flax.readthedocs.io/en/stable/api_reference/flax.nnx/nn/normalization.html#flax.nnx."
)
_FLAX_SHARED: dict[str, Any] = {"framework": "flax", "layout": "last", "checked": FLAX}
_USE = (Word("use_bias", "has_bias", True), Word("use_scale", "has_weight", True))
_FAST = "use_fast_variance=True: E[x²] − E[x]², which a mean far from 0 cancels; here never."
_FLAX_AXES = (
    Word(
        "reduction_axes", "axes", -1, AXES, LAST, "Other axes share their weights there otherwise."
    ),
    Word(
        "feature_axes", default=-1, only=LAST, why="Other axes share their weights there otherwise."
    ),
)
_FLAX = (
    Convention(
        row="batch",
        layer="flax.nnx.BatchNorm",
        classes=("BatchNorm",),
        words=(
            Word("num_features", "num_features"),
            Word("axis", default=-1),
            _momentum(0.99),
            _eps(1e-5),
            Word("use_running_average", "training", False, NOT),
            *_USE,
            *_arrays("scale bias mean var"),
        ),
        running="biased",
        source=_FLAX_DOCS + "BatchNorm",
        notes=(_FAST, "axis_name: the processes; synchronise the layer made here instead."),
        **_FLAX_SHARED,
    ),
    Convention(
        row="layer",
        layer="flax.nnx.LayerNorm",
        classes=("LayerNorm",),
        words=(
            Word("num_features", "normalized_shape"),
            _eps(1e-6),
            *_USE,
            *_FLAX_AXES,
            *_arrays("scale bias"),
        ),
        source=_FLAX_DOCS + "LayerNorm",
        notes=(_FAST,),
        **_FLAX_SHARED,
    ),
    Convention(
        row="instance",
        layer="flax.nnx.InstanceNorm",
        classes=("InstanceNorm",),
        words=(
            Word("num_features", "num_features"),
            _eps(1e-6),
            *_USE,
            _FLAX_AXES[1],
            *_arrays("scale bias"),
        ),
        source=_FLAX_DOCS + "InstanceNorm",
        notes=(_FAST, "weight and bias unless left out; torch has none by default."),
        **_FLAX_SHARED,
    ),
    Convention(
        row="group",
        layer="flax.nnx.GroupNorm",
        classes=("GroupNorm",),
        words=(
            Word("num_features", "num_channels"),
            Word("num_groups", "num_groups", 32, FLAX_GROUPS),
            Word("group_size", attribute="-"),
            _eps(1e-6),
            *_USE,
            Word(
                "reduction_axes",
                only=NOTHING,
                why="Then all axes but the first are pooled, as here.",
            ),
            *_arrays("scale bias"),
        ),
        source=_FLAX_DOCS + "GroupNorm",
        notes=(_FAST,),
        **_FLAX_SHARED,
    ),
    Convention(
        row="rms",
        layer="flax.nnx.RMSNorm",
        classes=("RMSNorm",),
        words=(
            Word("num_features", "normalized_shape"),
            _eps(1e-6),
            _USE[1],
            *_FLAX_AXES,
            *_arrays("scale"),
        ),
        source=_FLAX_DOCS + "RMSNorm",
        **_FLAX_SHARED,
    ),
)

_ONNX_DOCS = "https://onnx.ai/onnx/operators/onnx__"
_ONNX_SHARED: dict[str, Any] = {"framework": "onnx", "layout": "second", "checked": ONNX}
_STASH = Word("stash_type", default=1)
_ONNX = (
    Convention(
        row="batch",
        layer="BatchNormalization (opset 15)",
        words=(
            _eps(1e-5),
            _momentum(0.9),
            Word("training_mode", "training", 0, TRUTH),
            *_arrays("scale B input_mean input_var", required=True),
        ),
        running="biased",
        source=_ONNX_DOCS + "BatchNormalization.html",
        **_ONNX_SHARED,
    ),
    Convention(
        row="layer",
        layer="LayerNormalization (opset 17)",
        words=(
            Word("axis", "axes", -1, FROM_AXIS),
            _eps(1e-5),
            _STASH,
            Word("Scale", "weight", required=True),
            Word("B", "bias"),
        ),
        source=_ONNX_DOCS + "LayerNormalization.html",
        notes=("axis: the first of the pooled axes, which are all from there on.",),
        **_ONNX_SHARED,
    ),
    Convention(
        row="instance",
        layer="InstanceNormalization",
        words=(_eps(1e-5), *_arrays("scale B", required=True)),
        source=_ONNX_DOCS + "InstanceNormalization.html",
        **_ONNX_SHARED,
    ),
    Convention(
        row="group",
        layer="GroupNormalization (opset 21)",
        words=(
            Word("num_groups", "num_groups", required=True),
            _eps(1e-5),
            _STASH,
            *_arrays("scale bias", required=True),
        ),
        source=_ONNX_DOCS + "GroupNormalization.html",
        notes=(
            "opset 18 has one scale and bias for each group: repeat them for each of its channels.",
        ),
        **_ONNX_SHARED,
    ),
    Convention(
        row="rms",
        layer="RMSNormalization (opset 23)",
        words=(
            Word("axis", "axes", -1, FROM_AXIS),
            _eps(1e-5),
            _STASH,
            *_arrays("scale", required=True),
        ),
        source=_ONNX_DOCS + "RMSNormalization.html",
        **_ONNX_SHARED,
    ),
    Convention(
        row="local_response",
        layer="LRN",
        words=(
            Word(
                "size",
                "size",
                only=ODD,
                why="An even window reaches further after the channel there, and before it here.",
                required=True,
            ),
            Word("alpha", "alpha", 1e-4),
            Word("beta", "beta", 0.75),
            Word("bias", "k", 1.0),
        ),
        window="after",
        source=_ONNX_DOCS + "LRN.html",
        notes=(
            "alpha is divided by size, as in torch.",
            "onnxruntime refuses an even size.",
            "onnx's reference evaluator up to 1.23.2 is right only for as many samples as channels "
            "(github.com/onnx/onnx/issues/7805).",
        ),
        **_ONNX_SHARED,
    ),
)

_PADDLE_DOCS = "https://www.paddlepaddle.org.cn/documentation/docs/en/api/paddle/nn/"
_PADDLE_SHARED: dict[str, Any] = {"framework": "paddle", "layout": "second", "checked": PADDLE}
_PADDLE_EPS = _eps(1e-5, attribute="_epsilon")
_PADDLE_FORMAT = Word("data_format", default="NCHW", why=_PERMUTED, attribute="_data_format")
_ATTRS = (
    Word("weight_attr", "has_weight", way=GIVEN, attribute="_weight_attr"),
    Word("bias_attr", "has_bias", way=GIVEN, attribute="_bias_attr"),
)
_PADDLE = (
    Convention(
        row="batch",
        layer="paddle.nn.BatchNorm2D",
        classes=("BatchNorm1D", "BatchNorm2D", "BatchNorm3D"),
        words=(
            Word("num_features", "num_features", attribute="_num_features"),
            _momentum(0.9, attribute="_momentum"),
            _PADDLE_EPS,
            *_ATTRS,
            _PADDLE_FORMAT,
            Word(
                "use_global_stats",
                "training",
                None,
                NOT,
                _among(None, True),
                "False takes the batch's statistics in evaluation too: track_running_stats=False here.",
                attribute="_use_global_stats",
            ),
            *_arrays("weight bias _mean _variance"),
        ),
        running="biased",
        source=_PADDLE_DOCS + "BatchNorm2D_en.html",
        **_PADDLE_SHARED,
    ),
    Convention(
        row="layer",
        layer="paddle.nn.LayerNorm",
        classes=("LayerNorm",),
        words=(
            Word(
                "normalized_shape",
                "normalized_shape",
                required=True,
                why="Paddle keeps weight and bias flat.",
                attribute="_normalized_shape",
            ),
            _PADDLE_EPS,
            *_ATTRS,
            *_arrays("weight bias"),
        ),
        source=_PADDLE_DOCS + "LayerNorm_en.html",
        notes=("weight and bias are flat; here they have the shape.",),
        **_PADDLE_SHARED,
    ),
    Convention(
        row="instance",
        layer="paddle.nn.InstanceNorm2D",
        classes=("InstanceNorm1D", "InstanceNorm2D", "InstanceNorm3D"),
        words=(
            Word("num_features", "num_features", attribute="_num_features"),
            _PADDLE_EPS,
            Word("momentum", default=0.9, attribute="_momentum"),
            *_ATTRS,
            *_arrays("scale bias"),
        ),
        source=_PADDLE_DOCS + "InstanceNorm2D_en.html",
        notes=("keeps no running statistics, whatever its momentum.",),
        **_PADDLE_SHARED,
    ),
    Convention(
        row="group",
        layer="paddle.nn.GroupNorm",
        classes=("GroupNorm",),
        words=(
            Word("num_groups", "num_groups", required=True, attribute="_num_groups"),
            Word("num_channels", "num_channels", attribute="_num_channels"),
            _PADDLE_EPS,
            *_ATTRS,
            _PADDLE_FORMAT,
            *_arrays("weight bias"),
        ),
        source=_PADDLE_DOCS + "GroupNorm_en.html",
        **_PADDLE_SHARED,
    ),
    Convention(
        row="local_response",
        layer="paddle.nn.LocalResponseNorm",
        classes=("LocalResponseNorm",),
        words=(
            Word("size", "size", required=True),
            Word("alpha", "alpha", 1e-4),
            Word("beta", "beta", 0.75),
            Word("k", "k", 1.0),
            Word("data_format", default="NCHW", why=_PERMUTED),
        ),
        window="before",
        source=_PADDLE_DOCS + "LocalResponseNorm_en.html",
        notes=("alpha is divided by size, although the formula in its documentation is not.",),
        **_PADDLE_SHARED,
    ),
)

_CAFFE_DOCS = "https://caffe.berkeleyvision.org/tutorial/layers/"
_CAFFE_SHARED: dict[str, Any] = {"framework": "caffe", "layout": "second", "checked": READ}
_CAFFE = (
    Convention(
        row="batch",
        layer="BatchNorm, and Scale for weight and bias",
        words=(
            _momentum(0.999, "moving_average_fraction"),
            _eps(1e-5, "eps"),
            Word("use_global_stats", "training", None, NOT),
            Word("mean", "running_mean", way=OVER_FACTOR),
            Word("variance", "running_var", way=OVER_FACTOR),
            Word("scale_factor", "divisor"),
            Word("scale", "weight"),
            Word("bias", "bias"),
        ),
        running="unbiased",
        source=_CAFFE_DOCS + "batchnorm.html",
        notes=(
            "mean, variance, scale_factor: the three blobs of BatchNorm, sums that scale_factor divides.",
            "scale, bias: the blobs of the Scale layer after it; without one there are none here.",
            "the first batches weigh more there, until scale_factor has reached its limit; from then on "
            "momentum = 1 − moving_average_fraction is exact.",
        ),
        **_CAFFE_SHARED,
    ),
    Convention(
        row="instance",
        layer="MVN",
        words=(
            _eps(1e-9, "eps"),
            Word("normalize_variance", default=True, only=_among(True)),
            Word("across_channels", default=False, only=_among(False)),
        ),
        placement="outside",
        source=_CAFFE_DOCS + "mvn.html",
        notes=("across_channels=True: layer normalisation of a sample.",),
        **_CAFFE_SHARED,
    ),
    Convention(
        row="local_response",
        layer="LRN",
        words=(
            Word("local_size", "size", 5, only=ODD, why="Caffe refuses it too."),
            Word("alpha", "alpha", 1.0),
            Word("beta", "beta", 0.75),
            Word("k", "k", 1.0),
            Word(
                "norm_region",
                default="ACROSS_CHANNELS",
                only=_among("ACROSS_CHANNELS", 0),
                why="WITHIN_CHANNEL pools over space.",
            ),
        ),
        window="odd only",
        source=_CAFFE_DOCS + "lrn.html",
        notes=("alpha is divided by local_size, as in torch.",),
        **_CAFFE_SHARED,
    ),
)

CONVENTIONS: Mapping[tuple[str, str], Convention] = MappingProxyType(
    {
        (entry.framework, entry.row): entry
        for entries in (_TORCH, _KERAS, _TENSORFLOW, _FLAX, _ONNX, _PADDLE, _CAFFE)
        for entry in entries
    }
)
ROWS = tuple(dict.fromkeys(row for _, row in CONVENTIONS))


def readings_of_alpha() -> tuple[str, str]:
    """Which frameworks divide local response norm's α by the size of the window, and which do not.

    >>> readings_of_alpha()
    ('torch, ONNX, Paddle and Caffe', 'TensorFlow')
    """
    words = {
        FRAMEWORKS[name]: convention.word("alpha")
        for (name, row), convention in CONVENTIONS.items()
        if row == "local_response"
    }
    divide = [name for name, word in words.items() if word and word.ours == word.formula]
    return _listed(divide), _listed([name for name in words if name not in divide])


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def find(framework: str, row: str) -> Convention:
    """The convention of that framework for that row.

    >>> find("keras", "batch").layer
    'keras.layers.BatchNormalization'
    >>> find("kears", "batch")
    Traceback (most recent call last):
    normlab.errors.SettingError: No framework 'kears'. Did you mean 'keras'? The table has torch, keras, \
tensorflow, flax, onnx, paddle, caffe.
    >>> find("keras", "local_response")
    Traceback (most recent call last):
    normlab.errors.SettingError: Keras has no 'local_response' in the table, only batch, layer, group, rms; \
torch, tensorflow, onnx, paddle, caffe have it.
    """
    row = find_row(row).name
    if framework not in FRAMEWORKS:
        hint = did_you_mean(framework, FRAMEWORKS)
        raise SettingError(
            f"No framework {framework!r}.{hint} The table has {', '.join(FRAMEWORKS)}."
        )
    if (framework, row) not in CONVENTIONS:
        own = ", ".join(has for name, has in CONVENTIONS if name == framework)
        others = ", ".join(name for name, has in CONVENTIONS if has == row)
        rest = (
            f"{others} {'have' if ',' in others else 'has'} it" if others else "no framework has it"
        )
        raise SettingError(
            f"{FRAMEWORKS[framework]} has no {row!r} in the table, only {own}; {rest}."
        )
    return CONVENTIONS[framework, row]
