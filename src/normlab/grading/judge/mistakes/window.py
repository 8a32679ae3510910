"""Mistakes in a window of neighbouring channels, and in α and β."""

from dataclasses import replace
from itertools import product

from normlab.grading.judge import kinds
from normlab.grading.judge.mistakes.record import Mistake, parts, setting
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


WINDOW = (
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
