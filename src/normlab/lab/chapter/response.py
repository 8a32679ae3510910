"""Section 3: local response normalisation, as in AlexNet, and the α against α/n trap."""

import numpy as np
import torch

from normlab.conventions.frameworks import readings_of_alpha
from normlab.equation.papers import ALEXNET, alexnet_settings
from normlab.equation.reference import normalize
from normlab.lab.chapter.catalogue import INHIBITED, SAME
from normlab.lab.chapter.drawings import curves
from normlab.lab.chapter.setup import Setup, arrays
from normlab.report.page import Formula, Note, Numbers, Prose

SIZE, ALPHA, BETA, K = (ALEXNET[name] for name in ("size", "alpha", "beta", "k"))
HERE = alexnet_settings()
CHANNELS, STRONG, QUIET, LOUD = 16, 8, 20.0, 400.0


def section(setup: Setup) -> None:
    record = setup.record
    x = torch.full((1, CHANNELS), QUIET, dtype=torch.float64)
    x[0, STRONG] = LOUD
    paper = normalize(x, "local_response", **HERE)
    trap = normalize(x, "local_response", **ALEXNET)
    layer = torch.nn.LocalResponseNorm(**HERE)
    difference = ((layer(x[..., None])[..., 0] - paper.y) / paper.y).abs().max()
    record.claim(SAME, difference)
    gain = K**BETA / paper.scale[0]
    trapped = K**BETA / trap.scale[0]
    beside = record.number(
        "response.beside", gain[STRONG - 1], "gain of a strong channel's neighbour"
    )
    record.number("response.beside.trap", trapped[STRONG - 1], "the same where α is divided by n")
    record.claim(INHIBITED, paper.y[0, STRONG - 1] / paper.y[0, 0])
    picture = record.figure(
        "response",
        curves.lateral_inhibition,
        f"Left: sixteen channels with activity {QUIET:g}, one with {LOUD:g}. The two on either side of "
        f"it are inhibited, those further off are not. Right: the same α = {ALPHA:g} read as the paper "
        f"means it, and as torch and Caffe do, who divide it by the window's size.",
        "Bars of activity before and after, lower beside the strong channel; two curves of gain, the "
        "one with alpha over n dipping far less.",
        channels=np.arange(CHANNELS),
        before=arrays(x[0]),
        after=arrays(paper.y[0] * K**BETA),
        gains={"α, the paper": arrays(gain), "α/n, torch": arrays(trapped)},
        alone=1.0,
    )
    divide, multiply = readings_of_alpha()
    record.section(
        "In AlexNet: local response normalisation",
        Prose(
            "AlexNet brought the same idea to deep networks: a channel is divided by the activity of "
            "its neighbours at the same place, as in lateral inhibition. Batch normalisation has since "
            "taken its place."
        ),
        Formula(
            r"b_i = \frac{a_i}{\left(k + \alpha \sum_{j \approx i} a_j^2\right)^{\beta}}, \qquad "
            r"k = 2,\; n = 5,\; \alpha = 10^{-4},\; \beta = 0.75"
        ),
        picture,
        Numbers(
            "A neighbour of the strong channel, with its operands",
            ("reading of α", "alpha here", "pool", "(k + pool)^β", "output", "gain"),
            tuple(
                (
                    name,
                    alpha,
                    float(o.pool[0, STRONG - 1]),
                    float(o.scale[0, STRONG - 1]),
                    float(o.y[0, STRONG - 1]),
                    float(g[STRONG - 1]),
                )
                for name, alpha, o, g in (
                    ("the paper's, α", HERE["alpha"], paper, gain),
                    ("the trap, α/n", ALPHA, trap, trapped),
                )
            ),
        ),
        Note(
            f"{divide} divide α by n; {multiply} and the paper do not. To get the "
            f"paper's layer from torch write `LocalResponseNorm(size={SIZE}, alpha={HERE['alpha']:g}, "
            f"beta={BETA:g}, k={K:g})`. With `alpha={ALPHA:g}` the inhibition is {SIZE} times weaker "
            f"inside the bracket: the neighbour keeps {trapped[STRONG - 1]:.0%} of its activity instead "
            f"of {beside:.0%}.",
            "warning",
        ),
    )
