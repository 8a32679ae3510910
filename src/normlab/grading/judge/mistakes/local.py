"""Mistakes of rows with a power, a window or a learned pool of their own, and of lengths."""

from dataclasses import replace
from itertools import product

from normlab.equation.row import Sigma
from normlab.grading.judge import kinds
from normlab.grading.judge.mistakes.record import (
    Mistake,
    columns,
    diagonal,
    parts,
    setting,
    sigma_at,
    without_sigma,
)
from normlab.grading.judge.operands import REACHES
from normlab.grading.judge.recipe import Recipe

_RIGHT = ("size // 2", "(size − 1) // 2")
_OTHERS = [word for word in REACHES if word not in _RIGHT]
_NAMED = (
    _RIGHT,
    (_RIGHT[0], "size // 2 − 1"),
    ("size", "size"),
)  # by mistakes of their own, or right


def _meant(reach: tuple[str, str]) -> bool:
    """Whether a window is another than these, and holds any channel."""
    holds = any(sum(REACHES[word](size) for word in reach) >= 0 for size in (3, 5, 7))
    return reach not in _NAMED and holds


# of odd sizes, for which the two right words mean the same
_WINDOWS = [*filter(_meant, product((_RIGHT[0], *_OTHERS), (_RIGHT[1], *_OTHERS)))]


def _without_sum(recipe: Recipe) -> Recipe:
    constant = recipe.setting("k", lambda k, values: k + values["alpha"] / values["size"])
    return replace(constant, poolless=True)


LOCAL = (
    Mistake(
        "missing_eps",
        "leaves ε out, so that zeros become 0/0",
        "What is the length of a vector of zeros, and what is divided by it?",
        "divide by max(length, eps): norm.clamp_min(eps).",
        kinds.length,
        without_sigma,
    ),
    Mistake(
        "std_plus_eps",
        "divides by length + ε, where ε is the least length that is divided by",
        "Which length is an input of length 1 divided by?",
        "divide by max(length, eps): norm.clamp_min(eps).",
        kinds.length,
        sigma_at("outside"),
    ),
    Mistake(
        "eps_under_root",
        "puts ε under the root, where it is the least length that is divided by",
        "Which length is an input of length 1 divided by?",
        "divide by max(length, eps): norm.clamp_min(eps).",
        kinds.length,
        sigma_at("inside"),
    ),
    Mistake(
        "sigma_outside",
        "adds σ to the root of the pool, where σ² belongs under it",
        "Take an input as small as σ, and work the divisor out by hand.",
        "divide by (sigma ** 2 + pool) ** 0.5.",
        kinds.raised_squares,
        sigma_at("outside"),
    ),
    Mistake(
        "sigma_not_raised",
        "adds σ to the pool as it is, without the power that the pool has",
        "Which units has the pool, and which has σ?",
        "raise sigma to the power of the pool: sigma ** n + pool.",
        kinds.raised,
        sigma_at("inside"),
    ),
    Mistake(
        "alpha_not_divided",
        "multiplies the sum by α, where torch multiplies it by α/size",
        "Compare a window of 3 with one of 5 on a constant input.",
        "use alpha / size times the sum of squares.",
        kinds.window,
        setting("alpha", lambda alpha, values: alpha * values["size"]),
    ),
    *(
        Mistake(
            "alpha_misplaced",
            f"{said}, where the sum is multiplied by α/size",
            "Compare a window of 3 with one of 5 on a constant input.",
            "use alpha / size times the sum of squares.",
            kinds.window,
            change,
            rare=True,
        )
        for said, change in (
            ("leaves α/size out", setting("alpha", lambda alpha, values: values["size"])),
            ("divides the sum by size, without α", setting("alpha", lambda alpha, values: 1.0)),
            (
                "multiplies the sum by α and by size",
                setting("alpha", lambda alpha, values: alpha * values["size"] ** 2),
            ),
            ("adds α/size, and leaves the sum of squares out", _without_sum),
        )
    ),
    Mistake(
        "window_is_radius",
        "takes size for the reach to each side, so that the window has 2·size + 1 channels",
        "With size 3: how many channels does the middle one look at?",
        "the window has size channels: size // 2 before, and (size − 1) // 2 after.",
        kinds.window,
        lambda recipe: recipe.setting("size", lambda size, values: 2 * size + 1).setting(
            "alpha", lambda alpha, values: alpha * (2 * values["size"] + 1) / values["size"]
        ),
    ),
    Mistake(
        "window_is_radius",
        "takes size for the reach to each side, and multiplies the sum by α, not α/size",
        "With size 3: how many channels does the middle one look at?",
        "the window has size channels, and their sum of squares is multiplied by alpha / size.",
        kinds.window,
        lambda recipe: recipe.setting("size", lambda size, values: 2 * size + 1).setting(
            "alpha", lambda alpha, values: alpha * (2 * values["size"] + 1)
        ),
    ),
    Mistake(
        "window_too_short",
        "looks at one channel too few",
        "With size 3: how many channels does the middle one look at?",
        "the window has size channels: size // 2 before, and (size − 1) // 2 after.",
        kinds.window,
        lambda recipe: recipe.setting("size", lambda size, values: size - 1).setting(
            "alpha", lambda alpha, values: alpha * (values["size"] - 1) / values["size"]
        ),
    ),
    Mistake(
        "wrong_axis",
        "slides its window along the last axis, where it belongs to the channels (axis 1)",
        "Change one channel of the input: which outputs should notice?",
        "pool over neighbouring channels, at the same place.",
        kinds.window,
        parts(transposed=True),
    ),
    Mistake(
        "not_squared",
        "pools the absolute values, where the squares are meant",
        "Double the input: how much larger is the pool?",
        "square the values before they are summed.",
        kinds.local_squares,
        lambda recipe: recipe.with_row(n=1.0, p=recipe.row.p or 0.5),
    ),
    Mistake(
        "wrong_power",
        "divides by the scale without the power β",
        "With beta = 0.5 it must be a square root: is it?",
        "raise (k + alpha / size * sum) to the power beta.",
        kinds.window,
        setting("beta", lambda beta, values: 1.0),
    ),
    Mistake(
        "wrong_power",
        "takes a square root, where the power β is meant",
        "With beta = 1 there must be no root: is there?",
        "raise (k + alpha / size * sum) to the power beta.",
        kinds.window,
        setting("beta", lambda beta, values: 0.5),
    ),
    Mistake(
        "not_rooted",
        "leaves out the square root of the divisor",
        "If x were in metres, which units would your output have?",
        "divide by the root of (sigma² + pool).",
        kinds.raised_squares,
        columns(p=1.0),
    ),
    Mistake(
        "rooted",
        "takes the n-th root of the divisor, which has none here",
        "With σ = 0 and one channel the output should be 1: is it?",
        "divide x ** n by (sigma ** n + pool), without a root.",
        kinds.free_power,
        lambda recipe: recipe.with_row(p=None),
    ),
    Mistake(
        "rooted",
        "takes squares and a root, which the simplified form drops",
        "Which operations did the simplified form leave out?",
        "divide by sigma + pool_weight @ |x|.",
        kinds.simplified,
        columns(n=2.0, p=0.5),
    ),
    Mistake(
        "rooted",
        "takes squares and a root, which the simplified form drops",
        "Which operations did the simplified form leave out?",
        "divide by sigma + pool_weight @ |x|.",
        kinds.simplified,
        columns(n=2.0, p=0.5, sigma=Sigma("sigma")),
    ),
    Mistake(
        "sign_lost",
        "sums x with its sign, where |x| is meant",
        "Change the sign of one channel: should the others notice?",
        "divide by sigma + pool_weight @ |x|.",
        kinds.simplified,
        parts(signed=True),
    ),
    Mistake(
        "drive_not_raised",
        "divides x itself, where x to the power n is meant",
        "Which power of x stands above the fraction bar?",
        "divide x ** n by (sigma ** n + pool).",
        kinds.free_power,
        columns(m=1.0),
    ),
    Mistake(
        "pool_not_raised",
        "sums x itself, where x to the power n is meant",
        "Which power of x is summed under the fraction bar?",
        "sum x ** n over the channels.",
        kinds.free_power,
        lambda recipe: recipe.with_row(n=1.0, sigma=Sigma("sigma", raised=True)).setting(
            "sigma", lambda sigma, values: sigma ** values["power"]
        ),
    ),
    Mistake(
        "mean_for_sum",
        "divides by the mean, where the sum is meant",
        "Give the input more channels that are zero: should the other outputs change?",
        "sum over the pool; do not average.",
        kinds.summed,
        lambda recipe: recipe.with_row(pool=replace(recipe.row.pool, reduce="mean")),
    ),
    Mistake(
        "pool_weight_transposed",
        "uses the weights of the pool the other way round (transposed)",
        "Which index of pool_weight is the channel that is divided?",
        "output channel i divides by the sum over j of pool_weight[i, j] · x_j².",
        kinds.learned,
        setting("pool_weight", lambda weight, values: weight.T),
        "pool_weight",
    ),
    Mistake(
        "own_channel_only",
        "divides each channel by its own activity alone",
        "Change one channel of the input: do the others notice?",
        "sum over all channels j: torch.einsum('ij,nj...->ni...', pool_weight, x ** 2).",
        kinds.learned,
        setting("pool_weight", diagonal),
        "pool_weight",
    ),
    Mistake(
        "own_channel_only",
        "divides each channel by its own activity alone",
        "Change one channel of the input: do the others notice?",
        "sum over the channels: (x ** n).sum(1, keepdim=True).",
        kinds.drive,
        lambda recipe: replace(recipe, over=""),
    ),
    Mistake(
        "absolute_for_length",
        "divides by the sum of absolute values, where the Euclidean length is meant",
        "What is the length of (3, 4)?",
        "take the root of the sum of squares.",
        kinds.length,
        columns(n=1.0),
    ),
    Mistake(
        "not_rooted",
        "divides by the sum of squares, without the root",
        "What is the length of (3, 4)?",
        "take the root of the sum of squares.",
        kinds.length,
        columns(p=1.0),
    ),
    Mistake(
        "centered",
        "subtracts the mean, which is not part of it",
        "Add 100 to the whole input. Should the output change?",
        "divide x itself.",
        kinds.length,
        parts(centers=True),
    ),
    Mistake(
        "window_clipped",
        "divides the sum at the edge by the channels that the window has there, where torch divides by size",
        "For the first channel and size 3: by how many is the sum of squares divided?",
        "use alpha / size times the sum, at the edge too.",
        kinds.window,
        parts(clipped=True),
    ),
    *(
        Mistake(
            "not_squared",
            f"sums {what}, where the squares are meant",
            "Double one number of the input: how much larger is its part of the pool?",
            "square the values before they are summed.",
            kinds.window,
            parts(reach=_RIGHT, element=element),
            rare=True,
        )
        for element, what in (("itself", "the values with their signs"), ("cubed", "the cubes"))
    ),
    *(
        Mistake(
            "window_misplaced",
            f"reaches {before} channels before its own and {after} after, where {_RIGHT[0]} and "
            f"{_RIGHT[1]} are meant",
            "With size 5, which channels should the window of channel 4 hold?",
            "the window has size channels: size // 2 before, and (size − 1) // 2 after.",
            kinds.window,
            parts(reach=(before, after)),
            rare=True,
        )
        for before, after in _WINDOWS
    ),
)
