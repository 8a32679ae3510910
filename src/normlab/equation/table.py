"""THE table: every normaliser that is a row of the equation. Needs no torch to be read."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from normlab.equation.domains import COUNT, NON_NEGATIVE, POSITIVE, SHAPE, one_of
from normlab.equation.papers import alexnet_settings
from normlab.equation.pools import Axes, ChannelWindow, Learned, Surround
from normlab.equation.row import Norm, Setting, Sigma, Source
from normlab.errors import SettingError, did_you_mean

_EPS = Setting("eps", 1e-5, NON_NEGATIVE, "added to the variance; units of x²", "ε")
_LAST = Setting(
    "normalized_shape",
    None,
    SHAPE.or_none("all but the batch axis"),
    "sizes of the last dimensions, pooled together",
)
_SIGMA = Setting("sigma", 1.0, NON_NEGATIVE, "semi-saturation, in units of x", "σ")
_AFFINE = {"γ": "weight", "β": "bias"}

_BATCH = Norm(
    name="batch",
    title="Batch normalisation",
    pool=Axes("n s"),
    center=True,
    sigma=Sigma("eps"),
    affine="channel",
    running=True,
    layer="normlab.nn.BatchNorm",
    extent="num_features",
    settings=(_EPS,),
    source=Source(
        "Ioffe & Szegedy",
        2015,
        "Batch normalization: accelerating deep network training",
        "arXiv:1502.03167, algorithm 1",
    ),
    symbols={"μ_B": "center", "σ²_B": "pool", "ε": "eps", **_AFFINE},
    torch=("torch.nn.BatchNorm1d", "torch.nn.BatchNorm2d", "torch.nn.BatchNorm3d"),
    conventions=(
        "momentum: torch weighs the new batch by it (0.1), Keras and Flax the old average (0.99).",
        "running variance: torch stores the unbiased one (n − 1) and normalises with the biased; "
        "Keras and Flax store the biased one.",
        "eps: torch 1e-5, Keras 1e-3; always inside the root, never std + eps.",
    ),
)

_LAYER = Norm(
    name="layer",
    title="Layer normalisation",
    pool=Axes("g c s", shape="normalized_shape"),
    center=True,
    sigma=Sigma("eps"),
    affine="shape",
    layer="normlab.nn.LayerNorm",
    extent="normalized_shape",
    settings=(_EPS, _LAST),
    source=Source("Ba, Kiros & Hinton", 2016, "Layer normalization", "arXiv:1607.06450, eq. 3"),
    symbols={"μ": "center", "σ": "square root of pool", "g": "weight", "b": "bias"},
    torch=("torch.nn.LayerNorm",),
    conventions=(
        "axes: torch takes the last dimensions (normalized_shape); Keras and Flax an axis, -1 by "
        "default; for images the paper's group of all units is c and s together.",
        "eps: torch 1e-5, Keras 1e-3, Flax 1e-6.",
    ),
)

_INSTANCE = Norm(
    name="instance",
    title="Instance normalisation",
    pool=Axes("s"),
    center=True,
    sigma=Sigma("eps"),
    affine="channel",
    layer="normlab.nn.InstanceNorm",
    extent="num_features",
    settings=(_EPS,),
    source=Source(
        "Ulyanov, Vedaldi & Lempitsky",
        2016,
        "Instance normalization: the missing ingredient for fast stylization",
        "arXiv:1607.08022",
    ),
    symbols={"μ_ti": "center", "σ²_ti": "pool", "ε": "eps"},
    torch=("torch.nn.InstanceNorm1d", "torch.nn.InstanceNorm2d", "torch.nn.InstanceNorm3d"),
    conventions=(
        "affine: off by default in torch, on in Keras and Flax.",
        "running statistics: torch can keep them (averaged over samples); the paper has none.",
    ),
)

_GROUP = Norm(
    name="group",
    title="Group normalisation",
    pool=Axes("c s", groups="num_groups"),
    center=True,
    sigma=Sigma("eps"),
    affine="channel",
    layer="normlab.nn.GroupNorm",
    extent="num_channels",
    settings=(
        Setting("num_groups", 1, COUNT, "number of channel groups; divides the channels", "G"),
        _EPS,
    ),
    source=Source("Wu & He", 2018, "Group normalization", "arXiv:1803.08494, eqs. 1, 2 and 7"),
    symbols={"μ_i": "center", "σ_i": "square root of pool", "G": "num_groups", **_AFFINE},
    torch=("torch.nn.GroupNorm",),
    conventions=(
        "limits: num_groups=1 pools a whole sample, num_groups=C is instance normalisation.",
        "one element in a group: its output is the bias, the data are erased.",
        "eps: torch 1e-5, Keras 1e-3, Flax 1e-6.",
    ),
)

_RMS = Norm(
    name="rms",
    title="RMS normalisation",
    pool=Axes("g c s", shape="normalized_shape"),
    sigma=Sigma("eps"),
    affine="shape",
    layer="normlab.nn.RMSNorm",
    extent="normalized_shape",
    settings=(
        Setting(
            "eps",
            None,
            NON_NEGATIVE.or_none("machine epsilon of the dtype computed in"),
            "added to the mean square; units of x²",
        ),
        _LAST,
    ),
    source=Source(
        "Zhang & Sennrich",
        2019,
        "Root mean square layer normalization",
        "arXiv:1910.07467, eq. 4",
    ),
    symbols={"RMS(a)": "scale", "g": "weight"},
    torch=("torch.nn.RMSNorm",),
    conventions=(
        "eps: none in the paper; torch takes machine epsilon (of float32 for half types), "
        "LLaMA 1e-6 or 1e-5, Keras 1e-6.",
        "weight: stored as g by LLaMA, as g − 1 by Gemma.",
        "half types: LLaMA casts back before it multiplies by the weight, torch after.",
    ),
)

_L2 = Norm(
    name="l2",
    title="L2 (unit length) normalisation",
    pool=Axes("g c s", "sum", shape="normalized_shape"),
    sigma=Sigma("eps", placement="clamp"),
    layer="normlab.nn.L2Norm",
    settings=(
        Setting("eps", 1e-12, NON_NEGATIVE, "smallest length divided by; units of x", "ε"),
        _LAST,
    ),
    source=Source(
        "Wang, Xiang, Cheng & Yuille",
        2017,
        "NormFace: L2 hypersphere embedding for face verification",
        "arXiv:1704.06369",
    ),
    symbols={"‖x‖₂": "scale", "ε": "eps"},
    torch=("torch.nn.functional.normalize",),
    conventions=(
        "eps: torch clamps the length at 1e-12, the paper and TensorFlow put it inside the root.",
        "axis: torch's normalize pools over dim=1 only; here, over all axes but the batch.",
    ),
)

_LOCAL_RESPONSE = Norm(
    name="local_response",
    title="Local response normalisation",
    pool=ChannelWindow(),
    sigma=Sigma("k"),
    p="beta",
    layer="normlab.nn.LocalResponseNorm",
    settings=(
        Setting("size", 5, COUNT, "channels in the window", "n"),
        Setting(
            "alpha", 1e-4, NON_NEGATIVE.single(), "strength; divided by size, as in torch", "α"
        ),
        Setting("beta", 0.75, POSITIVE.single(), "power of the scale", "β"),
        Setting("k", 1.0, NON_NEGATIVE, "added to the pool; units of alpha · x²", "k"),
    ),
    source=Source(
        "Krizhevsky, Sutskever & Hinton",
        2012,
        "ImageNet classification with deep convolutional neural networks",
        "NeurIPS 25, section 3.3",
    ),
    symbols={"a": "x", "b": "y", "n": "size", "α": "alpha/size", "β": "beta", "k": "k"},
    torch=("torch.nn.LocalResponseNorm",),
    conventions=(
        "alpha: torch, Caffe, ONNX and Paddle divide it by size, the paper and TensorFlow do not; "
        "the paper's constants are "
        + ", ".join(f"{name}={value:g}" for name, value in alexnet_settings().items())
        + " here.",
        "even windows: torch pads the extra channel before, ONNX after.",
        "window: TensorFlow's depth_radius r means size = 2r + 1.",
    ),
)

_LOCAL_CONTRAST = Norm(
    name="local_contrast",
    title="Local contrast normalisation",
    pool=Surround(),
    center=True,
    sigma=Sigma("sigma", raised=True),
    affine="channel",
    layer="normlab.nn.LocalContrastNorm",
    extent="num_channels",
    settings=(
        _SIGMA,
        Setting("size", 9, COUNT, "side of the spatial window, in samples"),
        Setting(
            "width",
            None,
            POSITIVE.or_none("size/4"),
            "standard deviation of the Gaussian, in samples; one, or one per output channel",
        ),
        Setting("window", "gaussian", one_of("gaussian", "box"), "shape of the window"),
    ),
    source=Source(
        "Jarrett, Kavukcuoglu, Ranzato & LeCun",
        2009,
        "What is the best multi-stage architecture for object recognition?",
        "ICCV 2009, section 2",
    ),
    symbols={"v_ijk": "x − center", "σ_jk": "square root of pool", "w_pq": "window"},
    conventions=(
        "σ: constant and inside the root here; the paper divides by max(c, σ_jk) with c the mean "
        "of σ_jk over the image: normlab.functional.local_contrast_norm(x, sigma='mean').",
        "window: 9 × 9 Gaussian in the paper, which does not give its width.",
        "edges: weights are renormalised here, so a constant image gives 0.",
    ),
)

_DIVISIVE = Norm(
    name="divisive",
    title="Divisive normalisation",
    pool=Axes("g c", "sum"),
    sigma=Sigma("sigma", raised=True),
    n="power",
    m="power",
    p=1.0,
    affine="channel",
    layer="normlab.nn.DivisiveNorm",
    extent="num_channels",
    settings=(
        _SIGMA,
        Setting("power", 2.0, POSITIVE.single(), "exponent of drive and pool", "n"),
    ),
    source=Source(
        "Carandini & Heeger",
        2012,
        "Normalization as a canonical neural computation",
        "Nature Reviews Neuroscience 13:51, eq. 10",
    ),
    symbols={"D_j": "x", "D_k": "x, or pool_input", "γ": "weight", "σ": "sigma", "n": "power"},
    conventions=(
        "pool: a sum over the population in the paper, a weighted mean in many models; with a sum, "
        "sigma has to grow with the number of channels.",
        "sign: the drive of a neuron is rectified in the paper; a signed x keeps its sign here.",
        "sigma: enters as sigma**power, so it is the drive at which a lone unit reaches half.",
    ),
)

_GDN_SOURCE = Source(
    "Ballé, Laparra & Simoncelli",
    2016,
    "Density modeling of images using a generalized normalization transformation",
    "arXiv:1511.06281",
)
_POOL_WEIGHT = Setting(
    "pool_weight",
    None,
    NON_NEGATIVE.or_none("0.1 · identity, where training starts"),
    "weights of channel j in the pool of channel i, shape (C, C)",
    "γ",
)

_GDN = Norm(
    name="gdn",
    title="Generalised divisive normalisation",
    pool=Learned(),
    sigma=Sigma("sigma", raised=True),
    layer="normlab.nn.GDN",
    extent="num_channels",
    settings=(_SIGMA, _POOL_WEIGHT),
    source=_GDN_SOURCE,
    symbols={"β_i": "sigma²", "γ_ij": "pool_weight", "α_ij": "2", "ε_i": "1/2"},
    conventions=(
        "β: the paper's is sigma² here; CompressAI and TensorFlow Compression store it as β.",
        "inverse (IGDN): multiplies by the scale instead of dividing.",
    ),
)

_GDN1 = Norm(
    name="gdn1",
    title="Simplified generalised divisive normalisation",
    pool=Learned(),
    n=1.0,
    sigma=Sigma("sigma", raised=True),
    layer="normlab.nn.GDN",
    extent="num_channels",
    settings=(_SIGMA, _POOL_WEIGHT),
    source=Source(
        "Johnston, Eban, Gordon & Ballé",
        2019,
        "Computationally efficient neural image compression",
        "arXiv:1912.08771",
    ),
    symbols={"β_i": "sigma", "γ_ij": "pool_weight"},
    conventions=("gdn: the square and the root are dropped, which is cheaper and trains as well.",),
)

_ROWS = {
    row.name: row
    for row in (
        _BATCH,
        _LAYER,
        _INSTANCE,
        _GROUP,
        _RMS,
        _L2,
        _LOCAL_RESPONSE,
        _LOCAL_CONTRAST,
        _DIVISIVE,
        _GDN,
        _GDN1,
    )
}
TABLE: Mapping[str, Norm] = MappingProxyType(_ROWS)
_OWN = frozenset(_ROWS)


@contextmanager
def extended(row: Norm) -> Iterator[None]:
    """The table with one more row, for as long as a `with` block lasts."""
    if row.name in _ROWS:
        raise SettingError(f"The table has a row {row.name!r} already; give yours another name.")
    _ROWS[row.name] = row
    try:
        yield
    finally:
        del _ROWS[row.name]


def added() -> tuple[Norm, ...]:
    """The rows that the table has for a while, which another process must be given."""
    return tuple(row for name, row in _ROWS.items() if name not in _OWN)


def find(row: str | Norm) -> Norm:
    """The row of that name; a row is returned as it is.

    >>> find("rms").title
    'RMS normalisation'
    >>> find("bach")
    Traceback (most recent call last):
    normlab.errors.SettingError: No normaliser 'bach'. Did you mean 'batch'? The table has batch, \
layer, instance, group, rms, l2, local_response, local_contrast, divisive, gdn, gdn1.
    """
    if isinstance(row, Norm):
        return row
    if row in _ROWS:  # not TABLE: a tracer cannot follow a proxy
        return _ROWS[row]
    hint = did_you_mean(row, TABLE)
    raise SettingError(f"No normaliser {row!r}.{hint} The table has {', '.join(TABLE)}.")
