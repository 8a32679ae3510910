"""Local response normalisation as lateral inhibition, and what six papers and frameworks mean by its α."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from normlab.conventions.convention import Convention
from normlab.conventions.frameworks import CONVENTIONS, FRAMEWORKS, readings_of_alpha
from normlab.equation.papers import ALEXNET, alexnet_settings
from normlab.equation.reference import Normalized, normalize
from normlab.functional.divisive import divisive_norm
from normlab.lab.canonical.drawings import channels
from normlab.lab.canonical.setup import Study
from normlab.report.page import Ask, Formula, Note, Numbers, Picture, Prose

CHANNELS, QUIET, LOUD, EDGE = 24, 20.0, 400.0, 100.0
SINGLE, DOUBLE = 6, (15, 17)  # a strong channel, and two with one between them
_PLACES = (SINGLE - 1, DOUBLE[0] + 1, SINGLE)  # beside a loud one, between two, a loud one
KRIZHEVSKY = "Krizhevsky 2012"

Layer = Callable[..., Normalized]


def profile() -> Tensor:
    """The one input: quiet channels, a loud one, and two loud ones two apart; (1, CHANNELS)."""
    x = torch.full((1, CHANNELS), QUIET, dtype=torch.float64)
    x[0, [SINGLE, *DOUBLE]] = LOUD
    return x


def step() -> Tensor:
    """The lower half of the channels quiet, the upper at EDGE."""
    x = torch.full((1, CHANNELS), QUIET, dtype=torch.float64)
    x[0, CHANNELS // 2 :] = EDGE
    return x


def layer(x: Tensor, **settings: Any) -> Normalized:
    """The row, with torch's settings: x / (k + alpha/size · Σ x²)^beta."""
    return normalize(x, "local_response", **settings)


def readings() -> Mapping[str, Convention]:
    """Every framework of the table of conventions that has the layer, by its printed name."""
    return {
        FRAMEWORKS[framework]: convention
        for (framework, row), convention in CONVENTIONS.items()
        if row == "local_response"
    }


def typed(convention: Convention) -> dict[str, float]:
    """The paper's four numbers in the framework's words, each as it is printed; the window as wide."""
    theirs: dict[str, float] = {
        w.name: ALEXNET[w.ours] for w in convention.words if w.ours in ALEXNET
    }
    size = convention.word("size")
    assert size is not None
    wide = (n for n in range(1, 20) if size.way.of(n, {}) == ALEXNET["size"])
    return theirs | {size.name: next(wide)}


def literal() -> dict[str, dict[str, float]]:
    """What each makes of the paper's numbers typed as printed, in the row's terms; the paper first."""
    made = {name: _settings(c, typed(c)) for name, c in readings().items()}
    return {KRIZHEVSKY: alexnet_settings()} | made


def defaults() -> dict[str, dict[str, float]]:
    """Each with its own defaults (a window as wide as the paper's where it has none)."""
    made = {}
    for name, convention in readings().items():
        size = convention.word("size")
        assert size is not None
        given = {size.name: ALEXNET["size"]} if size.default is None else {}
        made[name] = _settings(convention, given)
    return {KRIZHEVSKY: alexnet_settings()} | made


def _settings(convention: Convention, given: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in convention.ours(given).items() if name in ALEXNET}


def measure(study: Study, layer: Layer = layer) -> None:
    """Measure and judge; another layer can be put in the place of the row's."""
    paper = alexnet_settings()
    _same(study, layer, paper)
    slopes = _inhibition(study, layer, paper)
    edge = _edge(study, layer, paper)
    outputs = {name: layer(profile(), **settings) for name, settings in literal().items()}
    own = {name: layer(profile(), **settings) for name, settings in defaults().items()}
    ratio = _conventions(study, layer, outputs)
    study.found = f"paper's α typed as printed: {ratio:.0f} times too small in {_divide(outputs)}"
    _show(study, slopes, edge, outputs, own)


def _same(study: Study, layer: Layer, paper: dict[str, float]) -> None:
    """(k + a Σ)^β = a^β (k/a + Σ)^β with a = α/size: the divisive row with σ² = k/a."""
    share = paper["alpha"] / paper["size"]
    x = profile()
    found = divisive_norm(
        x,
        power=2.0,
        drive_power=1.0,
        outer_power=paper["beta"],
        channel_size=int(paper["size"]),
        sigma=(paper["k"] / share) ** 0.5,
    )
    expected = layer(x, **paper).y
    study.claim("same", ((found / share ** paper["beta"] - expected) / expected).abs().max())


def _inhibition(study: Study, layer: Layer, paper: dict[str, float]) -> Tensor:
    """∂ ln y_i / ∂ ln x_j of the profile: how each channel moves when another grows."""
    x = profile()[0]
    slopes = torch.autograd.functional.jacobian(lambda a: layer(a[None], **paper).y[0], x)
    assert isinstance(slopes, Tensor)
    slopes = slopes * x / layer(x[None], **paper).y[0][:, None]
    away = (torch.arange(CHANNELS)[:, None] - torch.arange(CHANNELS)).abs()
    near, far = (away > 0) & (away <= paper["size"] // 2), away > paper["size"] // 2
    study.claim("inhibits", slopes[near].max())
    study.claim("reach", slopes[far].abs().max())
    study.number(
        "slope.loud", slopes[SINGLE - 1, SINGLE], "∂ ln y / ∂ ln x of a loud channel's neighbour"
    )
    return slopes


def _edge(study: Study, layer: Layer, paper: dict[str, float]) -> dict[str, np.ndarray]:
    """Beside an edge: the loud side overshoots its plateau, the quiet side falls below its own."""
    x, middle = step(), CHANNELS // 2
    y = layer(x, **paper).y[0]
    over = study.number(
        "edge.over", y[middle] / y[middle + 5], "loud side of an edge / its plateau"
    )
    under = study.number("edge.under", y[middle - 1] / y[middle - 6], "quiet side / its plateau")
    study.claim("overshoot", over)
    study.claim("undershoot", under)
    return {"input": x[0].numpy(), "output": y.numpy()}


def _conventions(study: Study, layer: Layer, outputs: dict[str, Normalized]) -> float:
    """How far the readings are apart, whether the table's conversion corrects it, and the α they mean."""
    ys = torch.cat([out.y for out in outputs.values()])
    study.claim("literal", ((ys.amax(0) - ys.amin(0)) / ys.amax(0)).max())
    alphas = {name: effective(out) for name, out in outputs.items()}
    study.curve("alpha", alphas, alphas.values(), "α that multiplies the sum, when 1e-4 is typed")
    reference = alphas[KRIZHEVSKY]
    ratio = max(reference / alpha for alpha in alphas.values())
    study.claim("fifth", abs(ratio / ALEXNET["size"] - 1))
    corrected = [layer(profile(), **_settings(c, converted(c))).y for c in readings().values()]
    expected = outputs[KRIZHEVSKY].y
    study.claim("converted", max(((y - expected) / expected).abs().max().item() for y in corrected))
    return ratio


def effective(out: Normalized) -> float:
    """The α that multiplies the sum of squares, from the pool that the layer used."""
    squares = profile().square()[0]
    window = squares[SINGLE - 2 : SINGLE + 3].sum()
    return (out.pool[0, SINGLE] / window).item()


def converted(convention: Convention) -> dict[str, float]:
    """Their words for the paper's layer: α such that the table's reading of it is the paper's."""
    words, alpha = typed(convention), convention.word("alpha")
    assert alpha is not None
    meant = convention.ours(words)["alpha"] / words[alpha.name]
    return words | {alpha.name: alexnet_settings()["alpha"] / meant}


def _divide(outputs: dict[str, Normalized]) -> str:
    """The names of those who divide α by the size."""
    reference = effective(outputs[KRIZHEVSKY])
    return ", ".join(n for n, out in outputs.items() if effective(out) < 0.9 * reference)


def _gain(out: Normalized, settings: Mapping[str, float]) -> np.ndarray:
    """Output over what a channel alone and silent would give, x / k^β."""
    return (out.y / profile())[0].numpy() * settings["k"] ** settings["beta"]


def _show(study: Study, slopes: Tensor, edge, outputs, own) -> None:
    paper = alexnet_settings()
    inhibition = study.figure(
        channels.inhibition,
        f"Left: {CHANNELS} channels with activity {QUIET:g}, three with {LOUD:g}; the two on either side "
        "of a loud one are inhibited, and the one between two loud ones most. Middle: an edge between "
        "channels, which is sharpened: it is highest at its loud side and lowest at its quiet side. "
        "Right: how each output (row) falls when another channel (column) grows.",
        "Bars of activity that dip beside the loud ones; a step with an overshoot and an undershoot; a "
        "narrow diagonal band.",
        part="inhibition",
        before=profile()[0].numpy(),
        after=_gain(outputs[KRIZHEVSKY], paper) * profile()[0].numpy(),
        edge=edge["input"],
        sharpened=edge["output"] * paper["k"] ** paper["beta"],
        slopes=slopes.numpy(),
    )
    _tell(study, inhibition, outputs, own)


def _tell(study: Study, inhibition: Picture, outputs, own) -> None:
    typed_in, by_default = literal(), defaults()
    six = study.figure(
        channels.readings,
        "The gain of every channel of that input (1: no inhibition) under the six readings. Left: the "
        "paper's four numbers typed into each as printed. Right: everybody's defaults.",
        "Two maps, a row for each reading and a column for each channel: in the left two kinds of rows, "
        "one with far darker spots beside the loud channels; in the right two rows are dark throughout.",
        part="readings",
        typed={name: _gain(out, typed_in[name]) for name, out in outputs.items()},
        defaults={name: _gain(out, by_default[name]) for name, out in own.items()},
    )
    divide, multiply = readings_of_alpha()
    study.show(
        Prose(
            "Local response normalisation divides a channel by the activity of its neighbours at the same "
            "place, as neurons do that inhibit each other. It is the divisive row with a window of "
            "channels, a drive of its own power 1, and an outer power β:"
        ),
        Formula(
            r"\frac{a_i}{\left(k + \alpha \sum_{j \approx i} a_j^2\right)^{\beta}} = \alpha^{-\beta}"
            r"\frac{a_i}{\left(k/\alpha + \sum_{j \approx i} a_j^2\right)^{\beta}}"
        ),
        inhibition,
        Ask(
            f"You type the paper's size {ALEXNET['size']}, α {ALEXNET['alpha']:g}, β {ALEXNET['beta']:g}, "
            f"k {ALEXNET['k']:g} into {len(readings())} libraries. How many layers do you get?",
            f"Two. In the paper and in {multiply} α multiplies the sum of squares; "
            f"{divide} divide it by the size, so that it is {ALEXNET['size']} times too small "
            f"there.",
        ),
        six,
        _table("The paper's numbers typed into each as printed", outputs, typed_in),
        _table("Everybody's defaults (size 5 where there is none)", own, by_default),
        Note(
            "How each reading was checked: "
            + "; ".join(f"{name}: {c.checked}" for name, c in readings().items())
            + ". Paddle's documentation prints a formula in which nothing is divided; the library divides."
        ),
    )


def _table(caption: str, outputs, settings) -> Numbers:
    rows = []
    for name, out in outputs.items():
        s, gain = settings[name], _gain(out, settings[name])
        alpha = s["alpha"] / s["size"]
        rows.append(
            (name, int(s["size"]), alpha, s["beta"], s["k"], *(float(gain[i]) for i in _PLACES))
        )
    header = (
        "reading",
        "size",
        "α of the sum",
        "β",
        "k",
        "beside a loud one",
        "between two",
        "loud",
    )
    return Numbers(caption, header, tuple(rows))
