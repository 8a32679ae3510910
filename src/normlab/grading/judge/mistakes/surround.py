"""Mistakes in how a window in space is made: its weights, its width, its edges, its channels."""

from collections.abc import Callable
from typing import Any

from normlab.grading.judge import kinds
from normlab.grading.judge.mistakes.record import Mistake, parts, setting
from normlab.grading.judge.surrounds import LINES, Surround

_EXPONENT = "weigh a place at distance d by exp(−d² / (2 · width²))."
_ALIKE = next(said for said in LINES if "alike" in said)

# what the exponent is taken for, and the width of the Gaussian that it then is
_WIDTHS: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("leaves out the 2 in the exponent of the Gaussian, −d² / width²", lambda w: w / 2**0.5),
    ("squares the 2 in the exponent of the Gaussian, −d² / (2 · width)²", lambda w: w * 2**0.5),
    ("leaves out the ½ and the square of the width, −d² / width", lambda w: (w / 2) ** 0.5),
    ("does not square the width in the exponent of the Gaussian, −d² / (2 · width)", lambda w: w**0.5),
    ("takes the third power of the width, −d² / (2 · width³)", lambda w: w**1.5),
    ("multiplies the distance by the width, −d² · width² / 2", lambda w: 1 / w),
    ("multiplies by 2 · width² in the exponent of the Gaussian", lambda w: 1 / (2 * w)),
    ("multiplies the squared distance by 2, −2 · d² / width²", lambda w: w / 2),
    ("leaves the width out of the exponent, −d² / 2", lambda w: 1.0),
    ("leaves the width out of the exponent, −d²", lambda w: 0.5**0.5),
)  # fmt: skip


def _a_quarter(width: Any, values: Any) -> Any:
    return values["size"] / 4


SURROUND = (
    Mistake(
        "window_edges",
        "counts zeros beyond the edges of the image, so that a constant image does not give 0",
        "What is the local mean at the corner of an image of ones?",
        "divide by the sum of the weights that lie inside: pooled(x) / pooled(torch.ones_like(x)).",
        kinds.surround,
        parts(surround=Surround(whole=True)),
    ),
    Mistake(
        "window_not_normalised",
        "takes the weighted sum over the window, where the weighted mean is meant",
        "What is the local mean of an image of ones?",
        "divide by the sum of the weights that lie inside: pooled(x) / pooled(torch.ones_like(x)).",
        kinds.surround,
        parts(surround=Surround(summed=True)),
    ),
    Mistake(
        "window_channels",
        "takes each channel for itself, where the window holds all channels",
        "Change one channel of the input: should the output of the others change?",
        "take the mean over the channels too.",
        kinds.surround,
        parts(surround=Surround(channels="each")),
    ),
    Mistake(
        "window_channels",
        "sums over the channels, where their mean is meant",
        "Give the input each channel twice: should the output change?",
        "take the mean over the channels.",
        kinds.surround,
        parts(surround=Surround(channels="sum")),
    ),
    Mistake(
        "window_one_axis",
        "lets its window reach along the last axis of the image alone",
        "Change one row of an image: which rows of the output should notice?",
        "the window is a square: weigh places by their distance along both axes.",
        kinds.surround,
        parts(surround=Surround(lines=1)),
    ),
    Mistake(
        "ignored_setting",
        "takes width and goes on with size / 4, whatever is given",
        "Call it twice with very different width: does anything change?",
        "use the width that is given; size / 4 is for width=None alone.",
        kinds.surround,
        setting("width", _a_quarter),
        needs="width",
    ),
    *(
        Mistake(
            "window_width",
            said,
            "How much does a place at a distance of one width count? It should be e^(−½) of the middle.",
            _EXPONENT,
            kinds.surround,
            setting("width", lambda width, values, taken=taken: taken(width)),
            rare=True,
        )
        for said, taken in _WIDTHS
    ),
    *(
        Mistake(
            "window_weights",
            said,
            "Print the weights of a window of size 3: which place counts most, and which count the same?",
            _EXPONENT,
            kinds.surround,
            parts(surround=Surround(line=said)),
            rare=said != _ALIKE,
        )
        for said in filter(None, LINES)
    ),
)
