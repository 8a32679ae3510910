"""Mistakes in how mean and variance, or a mean of squares, are taken."""

from normlab.grading.judge import kinds
from normlab.grading.judge.mistakes.record import Mistake, columns, element, parts

_SPREADS = {  # how the variance is taken: see operands.SPREADS
    "about zero": "subtracts the mean, and divides by the root of the mean of x², not of (x − mean)²",
    "about minus": "takes the mean of (x + mean)² for the variance, where (x − mean)² is meant",
    "square added": "takes mean x² + (mean x)² for the variance, where the second is subtracted",
    "not squared": "takes mean x² − mean x for the variance, where the mean is squared too",
}
VARIANCE = (
    Mistake(
        "bessel_in_batch",
        "normalises with the unbiased variance (n − 1), where the biased one (n) is meant",
        "How large is the variance of the output, to three digits?",
        "use x.var(..., correction=0): normalising divides the squares by n.",
        kinds.variance,
        parts(correction=1),
    ),
    *(
        Mistake(
            "variance_about_wrong_mean",
            sentence,
            "Add 100 to the whole input: does the variance change?",
            "take the variance about the mean: ((x − mean) ** 2).mean(...), or x.var(..., correction=0).",
            kinds.variance,
            parts(spread=spread),
        )
        for spread, sentence in _SPREADS.items()
    ),
    Mistake(
        "mean_and_variance_swapped",
        "takes the variance for the mean, and the mean for the variance",
        "Print both for an input that you know. torch.var_mean gives the variance first.",
        "subtract the mean, and divide by the root of (var + eps).",
        kinds.variance,
        parts(swapped=True),
    ),
    *(
        Mistake(
            "median_for_mean",
            sentence,
            "What is the mean of 0, 0 and 9, and what does yours subtract?",
            "subtract the mean: the sum divided by how many there are, or .mean(...).",
            kinds.variance,
            parts(median=middle, about_median=about),
            rare=True,
        )
        for about, sentence in (
            (False, "subtracts the median, where the mean is meant"),
            (True, "takes the median for the mean, and the variance about it"),
        )
        for middle in ("lower", "midpoint")
    ),
    Mistake(
        "sum_for_mean",
        "takes the sum for the mean, and the variance about it",
        "What should the mean of the output be, and what is it?",
        "divide the sum by how many there are, or take .mean(...).",
        kinds.variance,
        parts(center_summed=1, spread="about the sum"),
    ),
    Mistake(
        "sum_for_mean",
        "subtracts the sum, where the mean is meant",
        "What should the mean of the output be, and what is it?",
        "divide the sum by how many there are, or take .mean(...).",
        kinds.variance,
        parts(center_summed=1),
    ),
    Mistake(
        "bessel_in_batch",
        "divides the sum of squares by n + 1, where n is meant",
        "How large is the variance of the output, to three digits?",
        "use x.var(..., correction=0): normalising divides the squares by n.",
        kinds.variance,
        parts(correction=-1),
    ),
    Mistake(
        "bessel_in_batch",
        "divides the sum of squares by n − 2, where n is meant",
        "How large is the variance of the output, to three digits?",
        "use x.var(..., correction=0): normalising divides the squares by n.",
        kinds.variance,
        parts(correction=2),
    ),
    Mistake(
        "sum_for_mean",
        "divides by the root of the sum of squares, where their mean is meant",
        "What should the variance of the output be, and what is it?",
        "divide the sum of squares by how many there are, or take .mean(...).",
        kinds.with_eps,
        parts(summed=1),
    ),
    *(
        Mistake(
            "multiplied_by_count",
            f"multiplies the sum {words} by how many there are, where it is divided by that",
            "What is the mean of 2, 2 and 2, and what does yours give?",
            "divide the sum by how many there are, or take .mean(...).",
            when,
            parts(**changed),
            rare=True,
        )
        for words, when, changed in (
            ("of squares", kinds.with_eps, {"summed": 2}),
            ("in the mean", kinds.variance, {"center_summed": 2}),
            (
                "in the mean, about which the variance is taken,",
                kinds.variance,
                {"center_summed": 2, "spread": "about the multiplied"},
            ),
        )
    ),
    Mistake(
        "not_squared",
        "pools the absolute values, where the squares are meant",
        "Double one number of the input: how much larger is its part of the pool?",
        "square the values before they are averaged.",
        kinds.with_eps,
        columns(n=1.0, p=0.5),
    ),
    Mistake(
        "not_squared",
        "pools the values themselves, with their signs, where the squares are meant",
        "Double one number of the input: how much larger is its part of the pool?",
        "square the values before they are pooled.",
        kinds.element_squares_of_x,
        element("itself"),
        rare=True,
    ),
    Mistake(
        "not_squared",
        "pools the cubes, where the squares are meant",
        "Double one number of the input: how much larger is its part of the pool?",
        "square the values before they are pooled.",
        kinds.element_squares,
        element("cubed"),
        rare=True,
    ),
    *(
        Mistake(
            "not_squared",
            f"sums {what}, where the squares are meant",
            "What is the length of (3, 4)?",
            "take the root of the sum of squares.",
            kinds.length,
            element(which),
            rare=True,
        )
        for which, what in (("itself", "the values with their signs"), ("cubed", "the cubes"))
    ),
)

# recognised within coarse rounding alone, and so after all others
ROUNDING = (
    Mistake(
        "not_squared",
        "pools the distances from the mean with their signs, which add up to nothing",
        "Work the variance of 1 and 3 out by hand: what do the distances add up to?",
        "square the distances before they are averaged.",
        kinds.variance,
        parts(poolless=True, loose=0.3),
    ),
    Mistake(
        "half_precision",
        "computes in a half precision dtype (bfloat16), whose numbers have two to three digits",
        "How many digits of the output are right? Print x.dtype before every step.",
        "compute in float32 (x.float()), and go back to the input's dtype at the end.",
        kinds.always,
        parts(half="bfloat16"),
    ),
    Mistake(
        "half_precision",
        "computes in a half precision dtype (float16), whose numbers have three digits",
        "How many digits of the output are right? Print x.dtype before every step.",
        "compute in float32 (x.float()), and go back to the input's dtype at the end.",
        kinds.always,
        parts(half="float16"),
    ),
)
