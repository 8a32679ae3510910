"""What stands beside THE table: which of it is a row, and why the rest is none. Needs no torch to be read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

from normlab.equation import formula
from normlab.equation.domains import NON_NEGATIVE
from normlab.equation.pools import Axes
from normlab.equation.row import Norm, Setting, Sigma, Source
from normlab.equation.table import TABLE
from normlab.errors import SettingError, did_you_mean

Answer = Literal["yes", "yes, plus one step", "yes, applied to the weights", "no"]


@dataclass(frozen=True)
class Relative:
    """A normaliser beside the table: its formula, whether it is a row (`norm` then), and where it lives."""

    name: str
    title: str
    formula: str
    row: Answer
    why: str
    source: Source
    where: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    norm: Norm | None = None
    conventions: tuple[str, ...] = ()


def _eps(default: float, meaning: str = "added to the variance; units of x²") -> Setting:
    return Setting("eps", default, NON_NEGATIVE, meaning, "ε")


_BEYOND = "normlab.nn.beyond."

FILTER_RESPONSE = replace(
    TABLE["instance"],
    name="filter_response",
    title="Filter response normalisation",
    center=False,
    settings=(_eps(1e-6, "added to the mean square; units of x²"),),
    source=Source(
        "Singh & Krishnan",
        2019,
        "Filter response normalization layer: eliminating batch dependence in the training of deep "
        "neural networks",
        "arXiv:1911.09737, section 3",
    ),
    symbols={"ν²": "pool", "ε": "eps", "γ": "weight", "β": "bias"},
    torch=(),
    conventions=("eps: the paper 1e-6, timm 1e-5.",),
)

POSITIONAL = replace(
    TABLE["layer"],
    name="positional",
    title="Positional normalisation",
    pool=Axes("g c"),
    affine="channel",
    settings=(_eps(1e-5),),
    source=Source(
        "Li, Wu, Weinberger & Belongie",
        2019,
        "Positional normalization",
        "arXiv:1907.04312, section 3",
    ),
    symbols={"μ_b,h,w": "center", "σ_b,h,w": "scale", "ε": "eps"},
    torch=(),
    conventions=(
        "variance: biased in the paper, as here; the authors' code takes the unbiased one.",
        "channels last: it is torch's LayerNorm(C) there.",
    ),
)

SCALE = replace(
    TABLE["l2"],
    name="scale",
    title="ScaleNorm",
    settings=(
        _eps(1e-5, "smallest length divided by; units of x"),
        *(s for s in TABLE["l2"].settings if s.name != "eps"),
    ),
    source=Source(
        "Nguyen & Salazar",
        2019,
        "Transformers without tears: improving the normalization of self-attention",
        "arXiv:1910.05895",
    ),
    symbols={"‖x‖": "scale", "g": "weight, a single one"},
    torch=(),
    conventions=("g: starts at √d, d the number of features; some codes keep g/√d instead.",),
)

# the part of global response normalisation that is a row: norms of channels, divided by their mean
COMPETITION = replace(
    TABLE["divisive"],
    name="competition",
    title="Competition of channels",
    pool=Axes("g c"),
    n=1.0,
    m=1.0,
    affine=None,
    sigma=Sigma("eps"),
    settings=(_eps(1e-6, "added to the mean norm; units of x"),),
    source=Source(
        "Woo et al.",
        2023,
        "ConvNeXt V2: co-designing and scaling ConvNets with masked autoencoders",
        "arXiv:2301.00808, section 4",
    ),
    symbols={"G(X)": "x", "N": "y"},
    conventions=(),
)

ALL = (
    Relative(
        name="filter_response",
        title="Filter response normalisation with a thresholded linear unit",
        formula="y = max(weight · x / √(mean_s x² + eps) + bias, τ)",
        row="yes, plus one step",
        why="the instance row that subtracts nothing; the threshold τ is an activation after it.",
        source=FILTER_RESPONSE.source,
        where=(f"{_BEYOND}FilterResponseNorm",),
        also=("frn", "tlu"),
        norm=FILTER_RESPONSE,
        conventions=(
            *FILTER_RESPONSE.conventions,
            "1 × 1 maps: y is nearly the sign of x there, so ε is learned: 1e-6 + |ε|, from 1e-4.",
        ),
    ),
    Relative(
        name="global_response",
        title="Global response normalisation",
        formula="y = x + weight · x · G_c / (mean_c G_c + eps) + bias,   G_c = √(Σ_s x_c²)",
        row="no",
        why="it multiplies x by what a row would divide by; G_c / (mean_c G_c + eps) alone is a row, "
        "of the channels' norms.",
        source=COMPETITION.source,
        where=(f"{_BEYOND}GlobalResponseNorm",),
        also=("grn",),
        norm=COMPETITION,
        conventions=("axes: channels last in ConvNeXt V2, second here.",),
    ),
    Relative(
        name="positional",
        title=POSITIONAL.title,
        formula="y = weight · (x − mean_c x) / √(var_c x + eps) + bias, at each place",
        row="yes",
        why="the layer row over other axes: the channels of one place.",
        source=POSITIONAL.source,
        where=(
            f"{_BEYOND}PositionalNorm",
            f"{_BEYOND}moment_shortcut",
            "normlab.nn.LayerNorm2d",
        ),
        also=("pono", "layernorm2d"),
        norm=POSITIONAL,
        conventions=POSITIONAL.conventions,
    ),
    Relative(
        name="scale_norm",
        title=SCALE.title,
        formula="y = weight · x / max(‖x‖, eps), one weight for all",
        row="yes",
        why="the l2 row with a single learned gain.",
        source=SCALE.source,
        where=(f"{_BEYOND}ScaleNorm",),
        also=("scale", "scalenorm"),
        norm=SCALE,
        conventions=SCALE.conventions,
    ),
    Relative(
        name="weight_standardization",
        title="Weight standardisation",
        formula="Ŵ_o = (W_o − mean W_o) / √(var W_o + eps), for each output channel o",
        row="yes, applied to the weights",
        why="the layer row with the output channels of a weight in place of the samples.",
        source=Source(
            "Qiao, Wang, Liu, Shen & Yuille",
            2019,
            "Micro-batch training with batch-channel normalization and weight standardization",
            "arXiv:1903.10520, section 3",
        ),
        where=(f"{_BEYOND}standardize_weights", f"{_BEYOND}WeightStandardization"),
        also=("ws",),
        norm=TABLE["layer"],
        conventions=(
            "eps: inside the root here (1e-6, as timm); the authors' code adds 1e-5 to the unbiased "
            "deviation.",
        ),
    ),
    Relative(
        name="ghost_batch",
        title="Ghost batch normalisation",
        formula="y = weight · (x − mean_B) / √(var_B + eps) + bias, for each ghost batch B of the batch",
        row="yes",
        why="the batch row, applied to parts of the batch.",
        source=Source(
            "Hoffer, Hubara & Soudry",
            2017,
            "Train longer, generalize better: closing the generalization gap in large batch training "
            "of neural networks",
            "arXiv:1705.08741, algorithm 1",
        ),
        where=(f"{_BEYOND}GhostBatchNorm",),
        also=("ghost", "gbn"),
        norm=TABLE["batch"],
        conventions=(
            "running statistics: updated by one ghost batch after the other, each with the momentum, as "
            "in the paper; others keep one pair for each ghost batch and average them to evaluate.",
            "remainder: shared out here, so that no ghost batch is smaller than asked; others make the "
            "last one smaller.",
        ),
    ),
    Relative(
        name="frozen_batch",
        title="Frozen batch normalisation",
        formula="y = weight · (x − running_mean) / √(running_var + eps) + bias, nothing learned",
        row="yes",
        why="the batch row with given statistics and a fixed weight and bias.",
        source=Source(
            "Ioffe & Szegedy",
            2015,
            "Batch normalization: accelerating deep network training",
            "arXiv:1502.03167, algorithm 2 (inference)",
        ),
        where=(f"{_BEYOND}FrozenBatchNorm",),
        also=("frozen",),
        norm=TABLE["batch"],
        conventions=("eps: 1e-5 in torchvision today, 0 in its first versions.",),
    ),
    Relative(
        name="batch_renorm",
        title="Batch renormalisation",
        formula="y = weight · ((x − mean_B)/σ_B · r + d) + bias,   r = clip(σ_B/σ, 1/rmax, rmax),   "
        "d = clip((mean_B − mean)/σ, −dmax, dmax)",
        row="no",
        why="two sets of statistics at once, the batch's and the running ones, and no gradient through r "
        "and d; with rmax = 1, dmax = 0 it is the batch row.",
        source=Source(
            "Ioffe",
            2017,
            "Batch renormalization: towards reducing minibatch dependence in batch-normalized models",
            "arXiv:1702.03275, algorithm 1",
        ),
        where=(f"{_BEYOND}BatchRenorm",),
        also=("renorm", "brn"),
        conventions=(
            "running σ: the average of √(biased variance + eps), as in the paper; torchrl averages the "
            "unbiased variance.",
            "limits: the paper's rise from 1 and 0 at step 5000 to rmax=3 at 40 000, dmax=5 at 25 000.",
        ),
    ),
    Relative(
        name="dynamic_tanh",
        title="Dynamic tanh",
        formula="y = weight · tanh(alpha · x) + bias",
        row="no",
        why="it pools nothing: each element is mapped by itself.",
        source=Source(
            "Zhu, Chen, He, LeCun & Liu",
            2025,
            "Transformers without normalization",
            "arXiv:2503.10622, section 4",
        ),
        where=(f"{_BEYOND}DynamicTanh",),
        also=("dyt",),
        conventions=(
            "alpha: a single one, from 0.5; larger models use other values in attention.",
        ),
    ),
    Relative(
        name="weight_norm",
        title="Weight normalisation",
        formula="w_o = g_o · v_o / ‖v_o‖, for each output channel o",
        row="yes, applied to the weights",
        why="the l2 row with a gain, output channels in place of the samples; nothing keeps ‖v‖ from 0.",
        source=Source(
            "Salimans & Kingma",
            2016,
            "Weight normalization: a simple reparameterization to accelerate training of deep neural "
            "networks",
            "arXiv:1602.07868, eq. 2",
        ),
        where=("torch.nn.utils.parametrizations.weight_norm",),
        norm=TABLE["l2"],
    ),
    Relative(
        name="spectral_norm",
        title="Spectral normalisation",
        formula="Ŵ = W / σ_max(W), the largest singular value, by power iteration",
        row="no",
        why="σ_max is not a weighted sum of powers of the elements: rotating W leaves it, reordering "
        "its elements does not.",
        source=Source(
            "Miyato, Kataoka, Koyama & Yoshida",
            2018,
            "Spectral normalization for generative adversarial networks",
            "arXiv:1802.05957",
        ),
        where=("torch.nn.utils.parametrizations.spectral_norm",),
    ),
    Relative(
        name="whitening",
        title="Whitening (decorrelated batch normalisation)",
        formula="y = Σ^(−½) (x − mean), Σ the channels' covariance",
        row="no",
        why="it divides by a matrix, so that each output mixes all channels; not here.",
        source=Source(
            "Huang, Yang, Lang & Deng",
            2018,
            "Decorrelated batch normalization",
            "arXiv:1804.08450",
        ),
        also=("dbn",),
    ),
    Relative(
        name="switchable",
        title="Switchable normalisation",
        formula="y = weight · (x − Σ_k w_k mean_k) / √(Σ_k w'_k var_k + eps) + bias,   k of instance, "
        "layer, batch",
        row="no",
        why="its mean and its variance are mixed with weights of their own, so that no single pool has "
        "both; not here.",
        source=Source(
            "Luo, Ren, Peng, Zhang & Li",
            2018,
            "Differentiable learning-to-normalize via switchable normalization",
            "arXiv:1806.10779",
        ),
    ),
)

RELATIVES: Mapping[str, Relative] = MappingProxyType({one.name: one for one in ALL})
_NAMES = {name: one for one in ALL for name in (one.name, *one.also)}


def known(name: str) -> bool:
    """Whether something beside the table has this name.

    >>> known("frn"), known("batch")
    (True, False)
    """
    return name in _NAMES


def find(name: str) -> Relative:
    """The relative of that name, long or short.

    >>> find("grn").title
    'Global response normalisation'
    """
    if known(name):
        return _NAMES[name]
    hint = did_you_mean(name, _NAMES)
    raise SettingError(
        f"Nothing beside the table is called {name!r}.{hint} There are {', '.join(RELATIVES)}."
    )


def text(name: str) -> str:
    """What `normlab show` prints of it.

    >>> print(text("dyt"))
    Dynamic tanh (dynamic_tanh), beside the table
    <BLANKLINE>
      y = weight · tanh(alpha · x) + bias
    <BLANKLINE>
    Is it a row of the equation?
      no: it pools nothing: each element is mapped by itself.
    <BLANKLINE>
    Lives in:
      normlab.nn.beyond.DynamicTanh
    <BLANKLINE>
    Where conventions differ:
      alpha: a single one, from 0.5; larger models use other values in attention.
    <BLANKLINE>
    Source:
      Zhu, Chen, He, LeCun & Liu (2025), Transformers without normalization, arXiv:2503.10622, section 4
    """
    one = find(name)
    as_row = [] if one.norm is None else [f"{one.norm.name}: {formula.text(one.norm)}"]
    blocks = {
        "Is it a row of the equation?": [f"{one.row}: {one.why}"],
        "The row:": as_row,
        "Lives in:": list(one.where) or ["nowhere in normlab or torch"],
        "Where conventions differ:": list(one.conventions),
        "Source:": [str(one.source)],
    }
    parts = [
        "\n".join([head, *(f"  {a}" for a in lines)]) for head, lines in blocks.items() if lines
    ]
    return "\n\n".join([f"{one.title} ({one.name}), beside the table\n\n  {one.formula}", *parts])


def json(name: str) -> dict[str, Any]:
    """The same as plain data.

    >>> json("pono")["row_formula"]
    'y = weight · d / (eps + mean[g,c] |d|²)^½ + bias,  d = x − mean[g,c] x'
    """
    one = find(name)
    return {
        "name": one.name,
        "also": list(one.also),
        "title": one.title,
        "formula": one.formula,
        "row": one.row,
        "why": one.why,
        "row_formula": None if one.norm is None else formula.text(one.norm),
        "where": list(one.where),
        "conventions": list(one.conventions),
        "source": str(one.source),
    }


def page() -> str:
    """docs/explanation/beyond.md: everything beside the table, in Markdown."""
    head = [
        "# Beside the table",
        "Other normalisers. Some are rows of the equation, built from rows of the table; for the others, the "
        "reason why not is given. The layers are in `normlab.nn.beyond`; `normlab show NAME` takes the "
        "short names too.",
        "| name | a row? | lives in |\n| --- | --- | --- |\n" + "\n".join(map(_line, ALL)),
    ]
    return "\n\n".join([*head, *map(_section, ALL)]) + "\n"


def _line(one: Relative) -> str:
    where = ", ".join(f"`{path}`" for path in one.where) or "not here"
    return f"| {', '.join([one.name, *one.also])} | {one.row} | {where} |"


def _section(one: Relative) -> str:
    row = [] if one.norm is None else [f"The row: `{formula.text(one.norm)}`"]
    conventions = "\n".join(f"- {line}" for line in one.conventions)
    parts = [
        f"## {one.title}",
        f"```text\n{one.formula}\n```",
        f"A row? {one.row.capitalize()}: {one.why}",
        *row,
        *([conventions] if conventions else []),
        f"Source: {one.source}.",
    ]
    return "\n\n".join(parts)
