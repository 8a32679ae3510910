"""Mistakes with running statistics, and with the two modes."""

from dataclasses import replace
from itertools import product

from normlab.grading.judge import keeping, kinds
from normlab.grading.judge.mistakes.record import Mistake, parts
from normlab.grading.judge.recipe import Recipe

TRAINING = (
    Mistake(
        "train_uses_running",
        "normalises with the running statistics in training",
        "What should the mean of the very first output in training be?",
        "in training normalise with the batch's own mean and variance.",
        kinds.running,
        parts(trains="running"),
        "running_mean",
        basic=True,
    ),
    Mistake(
        "train_uses_running",
        "updates the running statistics in training, and then normalises with them",
        "What should the mean of the very first output in training be?",
        "in training normalise with the batch's own mean and variance.",
        kinds.running,
        parts(trains="running", updates_first=True),
        "running_mean",
        basic=True,
    ),
)

_HOW_MANY = "Which variance estimates that of the whole data without bias?"
_UNBIASED = "multiply the variance by n / (n − 1) before it goes into running_var"
_FACTORS = {  # what is kept instead of var · n / (n − 1)
    "biased": "keeps the biased variance (n) as running variance, where torch keeps the unbiased one (n − 1)",
    "upside down": "multiplies the variance that it keeps by (n − 1) / n, where n / (n − 1) is meant",
    "n + 1": "multiplies the variance that it keeps by n / (n + 1), where n / (n − 1) is meant",
    "n − 2": "multiplies the variance that it keeps by n / (n − 2), where n / (n − 1) is meant",
    "twice": "multiplies the variance that it keeps by n / (n − 1) twice",
    "times n": "multiplies the variance that it keeps by n",
    "over n − 1": "divides the variance that it keeps by n − 1, as if it were a sum of squares",
    "times n − 1": "multiplies the variance that it keeps by n · (n − 1)",
    "over n and n − 1": "divides the variance that it keeps by n · (n − 1)",
    "negative": "multiplies the variance that it keeps by −n",
    "alone": "keeps n / (n − 1) alone, without the variance",
    "divides": "divides n / (n − 1) by the variance that it keeps",
    **{
        word: f"takes {word} for n in n / (n − 1), where n is how many numbers each channel has"
        for word in keeping.OTHER_COUNTS
    },
}
_KEPT_OVER = {
    "c": "over the channels", "s": "over space alone",
    "n c s": "of all numbers", "last": "over the last axis", "n c": "over batch and channels",
}  # fmt: skip
RUNNING = (
    *(
        Mistake(
            "bessel_missing_in_running" if factor == "biased" else "bessel_in_running",
            sentence, _HOW_MANY, f"{_UNBIASED}, where n is how many numbers are in its pool.",
            kinds.running_of_samples if factor == keeping.OVER_SAMPLES else kinds.running,
            parts(kept=factor), "running_var", rare=factor != "biased",
        )
        for factor, sentence in _FACTORS.items()
    ),
    *(
        Mistake(
            "running_over_wrong_axes",
            f"keeps the variance {words} as running variance, where each channel has its own",
            "Print the shape of the variance that you keep: how many channels are there?",
            "keep the variance that was pooled over all axes but 1, times n / (n − 1).",
            kinds.running, parts(kept_over=over), "running_var", rare=True,
        )
        for over, words in _KEPT_OVER.items()
    ),
    Mistake(
        "eps_in_running",
        "adds ε to the variance before it keeps it, so that ε is in the divisor of evaluation twice",
        "Evaluate a constant channel: how often is ε in the divisor?",
        "put the variance into running_var as it is, and add eps under the root alone.",
        kinds.running,
        parts(kept_eps=True),
        "running_var",
    ),
    Mistake(
        "running_plain_mean",
        "gives every batch the same weight, whatever momentum is",
        "With momentum 0.1, how much of running_mean should the tenth batch change?",
        "running = (1 − momentum) · running + momentum · batch, from one batch to the next.",
        kinds.running,
        parts(alike=True, blends=(keeping.TORCH, keeping.TORCH)),
        "running_mean",
    ),
    Mistake(
        "running_restarted",
        "starts its averages again with the first batch, and forgets statistics that were loaded",
        "Save a trained layer, load it, and train for one more batch: what is running_mean then?",
        "go on from the running_mean and running_var that the layer has.",
        kinds.running,
        parts(restarts=True),
        "running_mean",
    ),
    Mistake(
        "running_std",
        "keeps the standard deviation as running variance",
        "Which units has running_var?",
        "put the variance into running_var, before ε and the root.",
        kinds.running,
        parts(kept_root=True),
        "running_var",
    ),
    Mistake(
        "running_var_starts_at_zero",
        "starts its running variance at 0, where it must be 1",
        "Evaluate a layer that has seen no batch: what is it divided by?",
        "start running_var with ones.",
        kinds.running,
        parts(start=(0.0, 0.0)),
        "running_var",
    ),
)  # fmt: skip
MODES = (
    Mistake(
        "mean_and_variance_swapped",
        "takes the running variance for the mean, and the running mean for the variance, in evaluation",
        "Evaluate a layer that has seen no batch: what does it give for x = 1?",
        "subtract running_mean, and divide by the root of (running_var + eps).",
        kinds.running,
        parts(evaluates="swapped"),
        "running_mean",
    ),
    Mistake(
        "running_always_updated",
        "updates its running statistics in evaluation too",
        "Print running_mean before and after a batch in evaluation.",
        "update the running statistics only where self.training is true.",
        kinds.running,
        parts(updates="always"),
        "running_mean",
    ),
    Mistake(
        "running_always_updated",
        "updates its running statistics in evaluation too, and then normalises with them",
        "Print running_mean before and after a batch in evaluation.",
        "update the running statistics only where self.training is true.",
        kinds.running,
        parts(updates="always", updates_first=True),
        "running_mean",
    ),
    Mistake(
        "eval_uses_batch",
        "uses the batch's own statistics in evaluation",
        "In evaluation, should the output for one sample depend on the others?",
        "where self.training is false, normalise with running_mean and running_var.",
        kinds.running,
        parts(evaluates="batch"),
        "running_mean",
    ),
    Mistake(
        "eval_uses_batch",
        "uses the batch's own statistics in evaluation, and updates the running ones",
        "In evaluation, should the output for one sample depend on the others?",
        "ask for self.training: only then use and update with the batch's statistics.",
        kinds.running,
        parts(evaluates="batch", updates="always"),
        "running_mean",
    ),
)

_NAMES = {("1", "0"): "running_never_updated", ("0", "1"): "running_not_averaged"}
_WORDS = {
    ("1", "0"): "never updates",
    ("0", "1"): "keeps only the last batch as",
}
_HINTS = {
    "running_never_updated": "Print running_mean before and after a batch in training.",
    "running_not_averaged": "Which batches should running_mean remember after three of them?",
}
_FORMULAS = {  # of keeping.FORMS, with the weights of the old average and of the batch
    "old missing": "{0} + {1} · batch",
    "batch missing": "{0} · running + {1}",
    "old divides": "{0} / running + {1} · batch",
    "batch divides": "{0} · running + {1} / batch",
    "twice": "{0} · ({0} · running + {1} · batch) + {1} · batch: it updates {2} twice for each batch",
    "share added": "running + {1}",
    "share subtracted": "running − {1}",
    "difference divides": "running + {1} / (batch − running)",
}
_WHICH = ("its running statistics", "its running mean", "its running variance")


def blends(right: Recipe) -> list[Mistake]:
    """Ways to weigh the old average and the new batch that are not the right one."""
    old, new = right.blends[0]
    usual = [(new, old), ("1", "0"), ("0", "1")]
    ways = dict.fromkeys((*usual, *product(keeping.SHARES, keeping.SHARES)))
    ways.pop(right.blends[0])
    solution = f"running = {old} · running + {new} · batch."
    return [
        *(_blend(way, place, solution, right) for place in range(3) for way in ways),
        *(_formula(form, place, solution, right) for place in range(3) for form in _FORMULAS),
    ]


def _formula(form: str, place: int, solution: str, right: Recipe) -> Mistake:
    """place: as in `_blend`."""
    changed = {0: (form, form), 1: (form, ""), 2: ("", form)}[place]
    which = "it" if place else "them"
    return Mistake(
        "running_formula",
        f"updates {_WHICH[place]} as running = {_FORMULAS[form].format(*right.blends[0], which)}",
        "Work one update by hand: the average is 2, the batch's value 4, momentum 0.1.",
        solution,
        kinds.running,
        parts(forms=changed),
        "running_mean",
        "running",
        rare=True,
    )


def _blend(way: keeping.Blend, place: int, solution: str, right: Recipe) -> Mistake:
    """place: 0 for both averages, 1 for the mean alone, 2 for the variance alone."""
    held = right.blends[0]
    reversed_ = way == held[::-1]
    name = "momentum_reversed" if reversed_ else _NAMES.get(way, "running_weights")
    words = (
        f"weighs the old average by {way[0]} and the new batch by {way[1]} in {_WHICH[place]}, "
        f"where {held[0]} and {held[1]} are meant"
    )
    changed = {0: (way, way), 1: (way, held), 2: (held, way)}[place]
    return Mistake(
        name,
        f"{_WORDS[way]} {_WHICH[place]}" if way in _WORDS else words,
        _HINTS.get(name, "With momentum 0.1, how much of running_mean should one batch change?"),
        solution + (" Keep it on self, in training." if way == ("1", "0") else ""),
        kinds.running,
        lambda recipe: replace(recipe, blends=changed),
        "running_mean",
        "running",
        rare=place > 0 or name == "running_weights",
    )
