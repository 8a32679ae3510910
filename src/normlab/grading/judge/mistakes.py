"""THE table of mistakes: each with its words and the part of the recipe that it replaces.

A mistake is named when its recipe, run on the scenarios, gives what the learner's code gave.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from normlab.equation.row import Norm, Sigma
from normlab.grading.judge import kinds
from normlab.grading.judge.recipe import Change, Recipe
from normlab.grading.rows import sized

When = Callable[[Norm], bool]  # whether a row can have a mistake, by its columns


@dataclass(frozen=True)
class Mistake:
    """One mistake: its name, what is wrong, a hint that does not give it away, and the solution.

    `change` turns the right recipe into the one with this mistake; without it the mistake is seen at once
    and needs no model. `needs` names what the signature must offer for it to be possible.
    """

    name: str
    sentence: str
    hint: str
    solution: str
    when: When = kinds.always
    change: Callable[[Recipe], Recipe] | None = None
    needs: str = ""


def _setting(name: str, change: Change) -> Callable[[Recipe], Recipe]:
    return lambda recipe: recipe.setting(name, change)


def _axes(over: str) -> Callable[[Recipe], Recipe]:
    return lambda recipe: replace(recipe, over=over)


def _with(**fields) -> Callable[[Recipe], Recipe]:
    return lambda recipe: replace(recipe, **fields)


def _row(**columns) -> Callable[[Recipe], Recipe]:
    return lambda recipe: recipe.with_row(**columns)


def _sigma(recipe: Recipe) -> Recipe:
    return recipe.setting(recipe.row.sigma.setting, lambda value, values: value * 0.0)


def _sigma_at(placement: str, squared: bool = False) -> Callable[[Recipe], Recipe]:
    def change(recipe: Recipe) -> Recipe:
        held = Sigma(recipe.row.sigma.setting, placement, raised=squared)  # type: ignore[arg-type]
        return recipe.with_row(sigma=held)

    return change


def _diagonal(value, values):
    import torch

    return torch.diag(torch.diagonal(torch.as_tensor(value)))


_POOL_WORDS = {
    "n": "over the batch alone",
    "c": "over the channels alone",
    "s": "over space alone",
    "n c": "over batch and channels",
    "n s": "over batch and space",
    "c s": "over channels and space",
    "n c s": "over everything at once",
    "last": "over the last axis alone",
    "but last": "over all axes but the last",
}
_LAST_WORDS = {
    "n": "over the batch alone",
    "c": "over axis 1 alone",
    "s": "over the axes from 2 on alone",
    "n c": "over axes 0 and 1",
    "n s": "over all axes but 1",
    "c s": "over all axes but the batch",
}
_AXES_HINT = "Write down, for one output number, which input numbers its mean should be made of."
_RIGHT_WORDS = {  # of the axes that papers pool
    "n s": "runs over batch and space: all axes but 1",
    "s": "runs over space alone, for each sample and channel: axes 2 and on",
    "c": "runs over the channels (axis 1), at each place of each sample",
}


def _right_words(row: Norm) -> str:
    """Over what the pool runs, as the solution says it."""
    reduce = "sum" if kinds.summed(row) else "mean"
    if row.grouped:
        return f"each {reduce} runs over the channels of one group and space, for each sample"
    if sized(row):
        last = "all but the batch" if kinds.length(row) else "normalized_shape"
        return f"each {reduce} runs over the last dimensions ({last}), for each sample"
    over = kinds.right_axes(row) or ""
    lead = {"n s": f"each channel's {reduce}", "c": f"the {reduce}"}.get(over, f"each {reduce}")
    return f"{lead} {_RIGHT_WORDS.get(over, f'runs {_POOL_WORDS[over]}')}"


def _wrong_axes(row: Norm) -> list[Mistake]:
    """Every way to pool over whole axes that is not the row's."""
    right = kinds.right_axes(row)
    if right is None:
        return []
    places = ["n", "n c", "n c s", "n s", "c", "s", "c s", *(["but last", "last"] * sized(row))]
    words = _POOL_WORDS | (_LAST_WORDS if sized(row) else {})
    return [
        Mistake(
            "wrong_axis", f"pools {words[over]}, which is wrong here", _AXES_HINT,
            f"{_right_words(row)}.", change=_axes(over),
        )
        for over in places if over != right
    ]  # fmt: skip


def _ignored(row: Norm, defaults: Mapping[str, float]) -> list[Mistake]:
    """A setting that is taken and not used: its default, or torch's, holds instead."""
    found = []
    learned = ("normalized_shape", "pool_weight", "num_groups")  # which have no usual value
    names = [s.name for s in row.settings if s.name not in learned]
    for name in [*names, *(["momentum"] if row.running else [])]:
        own = row.defaults.get(name, 0.1)
        for value in dict.fromkeys((defaults.get(name), own)):
            if value is not None and not isinstance(value, str):
                words = f"takes {name} and goes on with {value:g}, whatever is given"
                found.append(
                    Mistake(
                        "ignored_setting", words,
                        f"Call it twice with very different {name}: does anything change?",
                        f"use the {name} that is given, not a number written into the code.",
                        change=_setting(name, lambda old, values, v=value: v), needs=name,
                    )
                )  # fmt: skip
    return found


_MISTAKES = (
    Mistake(
        "std_plus_eps",
        "divides by std + ε, where ε belongs under the root with the variance",
        "Take an input whose variance is as small as ε, and work the divisor out by hand.",
        "divide by (var + eps) ** 0.5, not by var ** 0.5 + eps.",
        kinds.with_eps,
        _sigma_at("outside"),
    ),
    Mistake(
        "missing_eps",
        "leaves ε out",
        "What happens when all numbers that are pooled are the same?",
        "add eps to the variance before the root.",
        kinds.with_eps,
        _sigma,
    ),
    Mistake(
        "missing_eps",
        "leaves ε out, so that zeros become 0/0",
        "What is the length of a vector of zeros, and what is divided by it?",
        "divide by max(length, eps): norm.clamp_min(eps).",
        kinds.length,
        _sigma,
    ),
    Mistake(
        "missing_sigma",
        "leaves out the constant of the divisor (ε, σ or k)",
        "What does a very small input give: should it not go to zero?",
        "add the constant to the pool before the power is taken.",
        kinds.other_sigma,
        _sigma,
    ),
    Mistake(
        "std_plus_eps",
        "divides by length + ε, where ε is the least length that is divided by",
        "Which length is an input of length 1 divided by?",
        "divide by max(length, eps): norm.clamp_min(eps).",
        kinds.length,
        _sigma_at("outside"),
    ),
    Mistake(
        "eps_under_root",
        "puts ε under the root, where it is the least length that is divided by",
        "Which length is an input of length 1 divided by?",
        "divide by max(length, eps): norm.clamp_min(eps).",
        kinds.length,
        _sigma_at("inside"),
    ),
    Mistake(
        "sigma_outside",
        "adds σ to the root of the pool, where σ² belongs under it",
        "Take an input as small as σ, and work the divisor out by hand.",
        "divide by (sigma ** 2 + pool) ** 0.5.",
        kinds.raised_squares,
        _sigma_at("outside"),
    ),
    Mistake(
        "sigma_not_raised",
        "adds σ to the pool as it is, without the power that the pool has",
        "Which units has the pool, and which has σ?",
        "raise sigma to the power of the pool: sigma ** n + pool.",
        kinds.raised,
        _sigma_at("inside"),
    ),
    Mistake(
        "bessel_in_batch",
        "normalises with the unbiased variance (n − 1), where the biased one (n) is meant",
        "How large is the variance of the output, to three digits?",
        "use x.var(..., correction=0): normalising divides the squares by n.",
        kinds.variance,
        _with(correction=1),
    ),
    Mistake(
        "bessel_missing_in_running",
        "keeps the biased variance (n) as running variance, where torch keeps the unbiased one (n − 1)",
        "Which variance estimates that of the whole data without bias?",
        "multiply the variance by n / (n − 1) before it goes into running_var.",
        kinds.running,
        _with(kept_correction=0),
        "running_var",
    ),
    Mistake(
        "variance_not_rooted",
        "divides by the variance, without the square root",
        "If x were in metres, which units would your output have?",
        "divide by the root of (var + eps).",
        kinds.with_eps,
        _row(p=1.0),
    ),
    Mistake(
        "rooted_twice",
        "divides by the root of the standard deviation, which is a root already",
        "If x were in metres, which units would your output have?",
        "take the root once: of (var + eps).",
        kinds.with_eps,
        _with(pool_rooted=True),
    ),
    Mistake(
        "not_centered",
        "divides by the standard deviation and subtracts nothing",
        "What should the mean of the output be, and what is it?",
        "subtract the mean before dividing.",
        kinds.deviation,
        _with(subtract=False),
    ),
    Mistake(
        "mean_square_for_variance",
        "subtracts nothing and divides by the root of the mean square, as RMS normalisation does",
        "Add 100 to the whole input. Should the output change?",
        "subtract the mean, and take the variance about it.",
        kinds.deviation,
        _row(center=False),
    ),
    Mistake(
        "centered",
        "subtracts the mean, which RMS normalisation does not",
        "Add 100 to the whole input. Should the output change?",
        "leave the mean alone: divide x by the root of (mean x² + eps).",
        kinds.mean_square,
        _row(center=True),
    ),
    Mistake(
        "one_pass_variance",
        "computes the variance as mean x² − (mean x)², which cancels where the mean is large",
        "Try it on numbers near 10 000 that differ by 1: what is left of x² − mean² in float32?",
        "subtract the mean first: ((x − mean) ** 2).mean(...), or torch.var.",
        kinds.variance,
        _with(cancels=True),
    ),
    Mistake(
        "groups_interleaved",
        "deals the channels out to the groups in turn, where neighbours belong together",
        "For 4 channels in 2 groups: which channel is the partner of channel 0?",
        "reshape to (N, G, C // G, ...), in this order, and pool over all but the first two axes.",
        kinds.grouped,
        _with(interleaved=True),
    ),
    Mistake(
        "groups_for_channels",
        "takes num_groups for the number of channels in a group",
        "For 6 channels and num_groups=2: how many numbers are in a group?",
        "there are num_groups groups of C // num_groups channels.",
        kinds.grouped,
        _setting("num_groups", lambda groups, values: values["channels"] // groups),
    ),
    Mistake(
        "affine_wrong_axis",
        "broadcasts weight and bias along the last axis, where they belong to the channels",
        "Print the shapes of x and weight, and line them up from the right, as broadcasting does.",
        "give weight and bias the shape (1, C, 1, ...) before multiplying.",
        kinds.by_channel,
        _with(along="last"),
        "weight",
    ),
    Mistake(
        "affine_wrong_axis",
        "broadcasts weight and bias along the batch, where they belong to the channels",
        "Print the shapes of x and weight, and line them up from the right, as broadcasting does.",
        "give weight and bias the shape (1, C, 1, ...) before multiplying.",
        kinds.by_channel,
        _with(along="first"),
        "weight",
    ),
    Mistake(
        "affine_wrong_axis",
        "broadcasts weight along axis 1, where it belongs to the last dimensions",
        "Print the shapes of x and weight, and line them up from the right, as broadcasting does.",
        "weight has normalized_shape and needs no reshaping.",
        kinds.by_shape,
        _with(along="last"),
        "weight",
    ),
    Mistake(
        "channels_last",
        "takes the last axis for the channels, where they are axis 1",
        "Which axis of an input (N, C, L) do num_features count?",
        "keep axis 1, and pool over all others: (0, 2) for (N, C, L), (0, 2, 3) for (N, C, H, W).",
        kinds.running,
        _with(over="but last", along="last"),
    ),
    Mistake(
        "bias_scaled",
        "adds the bias before it multiplies by the weight",
        "With weight 2 and bias 1: what should an output of 0 become?",
        "y = weight * normalised + bias.",
        kinds.scaled,
        _with(affine="bias scaled"),
        "bias",
    ),
    Mistake(
        "weight_and_bias_swapped",
        "multiplies by the bias and adds the weight",
        "With weight 2 and bias 0: what should an output of 1 become?",
        "y = weight * normalised + bias.",
        kinds.scaled,
        _with(affine="swapped"),
        "bias",
    ),
    Mistake(
        "weight_ignored",
        "does not use the weight",
        "With weight 2: does the output double?",
        "multiply the normalised x by the weight.",
        kinds.scaled,
        _with(affine="no weight"),
        "weight",
    ),
    Mistake(
        "bias_ignored",
        "does not use the bias",
        "With bias 1: what is the mean of the output?",
        "add the bias at the end.",
        kinds.scaled,
        _with(affine="no bias"),
        "bias",
    ),
    Mistake(
        "affine_ignored",
        "uses neither weight nor bias",
        "With weight 2 and bias 1: does anything change?",
        "y = weight * normalised + bias.",
        kinds.scaled,
        _with(affine="none"),
        "bias",
    ),
    Mistake(
        "one_plus_weight",
        "multiplies by 1 + weight",
        "With weight 1: is the output what it was before?",
        "multiply by the weight as it is.",
        kinds.scaled,
        _with(affine="one more"),
        "weight",
    ),
    Mistake(
        "momentum_reversed",
        "weighs the old average by momentum and the new batch by 1 − momentum",
        "With momentum 0.1, how much of running_mean should one batch change?",
        "running = (1 − momentum) * running + momentum * batch.",
        kinds.running,
        _with(turned=True),
        "running_mean",
    ),
    Mistake(
        "running_never_updated",
        "never updates its running statistics",
        "Print running_mean before and after a batch in training.",
        "in training, set running = (1 − momentum) * running + momentum * batch, and keep it on self.",
        kinds.running,
        _with(updates="never"),
        "running_mean",
    ),
    Mistake(
        "running_always_updated",
        "updates its running statistics in evaluation too",
        "Print running_mean before and after a batch in evaluation.",
        "update the running statistics only where self.training is true.",
        kinds.running,
        _with(updates="always"),
        "running_mean",
    ),
    Mistake(
        "running_always_updated",
        "updates its running statistics in evaluation too, and then normalises with them",
        "Print running_mean before and after a batch in evaluation.",
        "update the running statistics only where self.training is true.",
        kinds.running,
        _with(updates="always", updates_first=True),
        "running_mean",
    ),
    Mistake(
        "running_not_averaged",
        "keeps only the last batch as its running statistics",
        "Which batches should running_mean remember after three of them?",
        "running = (1 − momentum) * running + momentum * batch.",
        kinds.running,
        _setting("momentum", lambda old, values: 1.0),
        "running_mean",
    ),
    Mistake(
        "running_std",
        "keeps the standard deviation as running variance",
        "Which units has running_var?",
        "put the variance into running_var, before ε and the root.",
        kinds.running,
        _with(kept_root=True),
        "running_var",
    ),
    Mistake(
        "running_var_starts_at_zero",
        "starts its running variance at 0, where it must be 1",
        "Evaluate a layer that has seen no batch: what is it divided by?",
        "start running_var with ones.",
        kinds.running,
        _with(start=(0.0, 0.0)),
        "running_var",
    ),
    Mistake(
        "eval_uses_batch",
        "uses the batch's own statistics in evaluation",
        "In evaluation, should the output for one sample depend on the others?",
        "where self.training is false, normalise with running_mean and running_var.",
        kinds.running,
        _with(evaluates="batch"),
        "running_mean",
    ),
    Mistake(
        "eval_uses_batch",
        "uses the batch's own statistics in evaluation, and updates the running ones",
        "In evaluation, should the output for one sample depend on the others?",
        "ask for self.training: only then use and update with the batch's statistics.",
        kinds.running,
        _with(evaluates="batch", updates="always"),
        "running_mean",
    ),
    Mistake(
        "train_uses_running",
        "normalises with the running statistics in training",
        "What should the mean of the very first output in training be?",
        "in training normalise with the batch's own mean and variance.",
        kinds.running,
        _with(trains="running"),
        "running_mean",
    ),
    Mistake(
        "train_uses_running",
        "updates the running statistics in training, and then normalises with them",
        "What should the mean of the very first output in training be?",
        "in training normalise with the batch's own mean and variance.",
        kinds.running,
        _with(trains="running", updates_first=True),
        "running_mean",
    ),
    Mistake(
        "gradient_cut",
        "takes mean and variance as constants, so that the gradient does not flow through them",
        "Shift the whole batch a little: the output does not move. Does your gradient know?",
        "leave out detach(), .data, .item() and no_grad() around the statistics of the batch.",
        kinds.centered,
        _with(detached=frozenset({"center", "pool"})),
    ),
    Mistake(
        "gradient_cut",
        "takes the divisor as a constant, so that the gradient does not flow through it",
        "Double the whole input: the output hardly moves. Does your gradient know?",
        "leave out detach(), .data, .item() and no_grad() around what x is divided by.",
        kinds.always,
        _with(detached=frozenset({"pool"})),
    ),
    Mistake(
        "gradient_cut",
        "takes the mean as a constant, so that the gradient does not flow through it",
        "Shift the whole batch a little: the output does not move. Does your gradient know?",
        "leave out detach(), .data, .item() and no_grad() around the mean.",
        kinds.centered,
        _with(detached=frozenset({"center"})),
    ),
    Mistake(
        "gradient_cut",
        "gives an output that has no gradient at all",
        "What is y.requires_grad, for an x that requires one?",
        "leave out detach(), .data, .numpy(), torch.tensor(...) and no_grad() on the way from x to y.",
        kinds.always,
        _with(detached=frozenset({"y"})),
    ),
    Mistake(
        "alpha_not_divided",
        "multiplies the sum by α, where torch multiplies it by α/size",
        "Compare a window of 3 with one of 5 on a constant input.",
        "use alpha / size times the sum of squares.",
        kinds.window,
        _setting("alpha", lambda alpha, values: alpha * values["size"]),
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
        _with(transposed=True),
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
        _setting("beta", lambda beta, values: 1.0),
    ),
    Mistake(
        "wrong_power",
        "takes a square root, where the power β is meant",
        "With beta = 1 there must be no root: is there?",
        "raise (k + alpha / size * sum) to the power beta.",
        kinds.window,
        _setting("beta", lambda beta, values: 0.5),
    ),
    Mistake(
        "not_rooted",
        "leaves out the square root of the divisor",
        "If x were in metres, which units would your output have?",
        "divide by the root of (sigma² + pool).",
        kinds.raised_squares,
        _row(p=1.0),
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
        _row(n=2.0, p=0.5),
    ),
    Mistake(
        "rooted",
        "takes squares and a root, which the simplified form drops",
        "Which operations did the simplified form leave out?",
        "divide by sigma + pool_weight @ |x|.",
        kinds.simplified,
        _row(n=2.0, p=0.5, sigma=Sigma("sigma")),
    ),
    Mistake(
        "sign_lost",
        "sums x with its sign, where |x| is meant",
        "Change the sign of one channel: should the others notice?",
        "divide by sigma + pool_weight @ |x|.",
        kinds.simplified,
        _with(signed=True),
    ),
    Mistake(
        "drive_not_raised",
        "divides x itself, where x to the power n is meant",
        "Which power of x stands above the fraction bar?",
        "divide x ** n by (sigma ** n + pool).",
        kinds.free_power,
        _row(m=1.0),
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
        _setting("pool_weight", lambda weight, values: weight.T),
        "pool_weight",
    ),
    Mistake(
        "own_channel_only",
        "divides each channel by its own activity alone",
        "Change one channel of the input: do the others notice?",
        "sum over all channels j: torch.einsum('ij,nj...->ni...', pool_weight, x ** 2).",
        kinds.learned,
        _setting("pool_weight", _diagonal),
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
        _row(n=1.0),
    ),
    Mistake(
        "not_rooted",
        "divides by the sum of squares, without the root",
        "What is the length of (3, 4)?",
        "take the root of the sum of squares.",
        kinds.length,
        _row(p=1.0),
    ),
    Mistake(
        "centered",
        "subtracts the mean, which is not part of it",
        "Add 100 to the whole input. Should the output change?",
        "divide x itself.",
        kinds.length,
        _with(centers=True),
    ),
)

# seen at once, without a model
SEEN: Mapping[str, Mistake] = {
    mistake.name: mistake
    for mistake in (
        Mistake(
            "changes_input",
            "changes its input in place",
            "Print x before and after the call.",
            "do not use -=, /=, *= or methods that end in _ on x; write x = x - mean.",
        ),
        Mistake(
            "graph_kept",
            "keeps the gradient's graph in its running statistics, which then grows with every batch",
            "What is running_mean.requires_grad after a batch?",
            "update the running statistics with mean.detach() and var.detach(), or under no_grad().",
        ),
        Mistake(
            "wrong_shape",
            "gives an output of another shape than the input",
            "Print x.shape, mean.shape and y.shape.",
            "keep the pooled axes (keepdim=True), so that the statistics broadcast against x.",
        ),
        Mistake(
            "wrong_dtype",
            "gives an output of another dtype than the input",
            "Print x.dtype and y.dtype.",
            "end with y.to(x.dtype).",
        ),
        Mistake(
            "raises",
            "ends in an error",
            "Run it on the input that is shown, and read the last line of the error.",
            "the error names the line; the input that is shown must work.",
        ),
        Mistake(
            "other_start",
            "does not start with a weight of 1 and a bias of 0",
            "What does the layer do to an input that is normalised already, before any training?",
            "make weight with torch.ones and bias with torch.zeros.",
        ),
        Mistake(
            "endless",
            "does not come to an end within the time limit",
            "Which loop has a condition that never changes?",
            "let every loop end, or replace it with an operation on the whole tensor.",
        ),
        Mistake(
            "crash",
            "ends the whole process",
            "Does it call exit() or os._exit(), or recurse without end?",
            "return y instead of leaving the process.",
        ),
        Mistake(
            "memory",
            "asks for more memory than the limit",
            "How many numbers are in the largest tensor that is made?",
            "make no tensor much larger than the input.",
        ),
        Mistake(
            "unknown",
            "differs, and in a way that none of the known mistakes explains",
            "Work the smallest input through by hand, line by line.",
            "compare it with `normlab show {row}`.",
        ),
    )
}


def possible(row: Norm, offers: set[str], defaults: Mapping[str, float]) -> list[Mistake]:
    """The mistakes that an implementation of this row with these settings can have."""
    listed = [m for m in _MISTAKES if m.when(row)]
    every = [*listed, *_wrong_axes(row), *_ignored(row, defaults)]
    return [m for m in every if not m.needs or m.needs in offers]
