"""The exercises: the right answer of each, and the usual wrong ones with what explains them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from normlab.equation.papers import ALEXNET
from normlab.lab.chapter.brain import POWER, SIGMA

EPS, PART = 1e-5, 0.9


class Ways(tuple[Any, ...]):
    """Several answers with the same mistake."""


@dataclass(frozen=True)
class Exercise:
    """An exercise: what is right, and what is wrong in a way that can be explained.

    right: a value, or a function, which is then called with each of `inputs`. An answer that gives what one
    of `mistakes` gives, or of its `Ways`, is told its words; `otherwise` is said of any other wrong value.
    """

    right: Any
    praise: str
    mistakes: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[tuple[Any, ...], ...] = ()
    otherwise: str = ""


def _numbers(*shape: int, seed: int = 0) -> Tensor:
    """Numbers far from zero and of unequal spread, as measured data are."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(*shape, generator=generator, dtype=torch.float64)
    size = torch.logspace(0, 1, shape[-1], dtype=torch.float64)
    return drawn * size + 3 * size


def _images(*shape: int) -> Tensor:
    """Images whose channels have sizes of their own."""
    return _numbers(shape[0], *shape[2:], shape[1]).movedim(-1, 1).contiguous()


def _scaled(
    x: Tensor, dims: Any = 0, correction: int = 0, moved: bool = True, power: int = 1
) -> Tensor:
    mean, std = x.mean(dims, keepdim=True), x.std(dims, correction=correction, keepdim=True)
    return (x - mean if moved else x) / std**power


def _either(**how: Any) -> Ways:
    """The same slip with the biased standard deviation and with torch's default."""
    return Ways((lambda x: _scaled(x, **how), lambda x: _scaled(x, correction=1, **how)))


STANDARDISE = Exercise(
    lambda x: _scaled(x),
    "Every feature now has mean 0 and standard deviation 1, whatever its units were.",
    {
        "you use the unbiased standard deviation, std's default, whose sum of squares is divided by "
        "n − 1. Ask for the biased one: x.std(0, correction=0).": lambda x: _scaled(
            x, correction=1
        ),
        "your mean and standard deviation are those of all numbers together. Each feature has its own: "
        "tell mean and std the axis, here 0.": _either(dims=(0, 1)),
        "your mean and standard deviation run along axis 1, over the features of one point. A feature is "
        "a column: its points lie along axis 0.": _either(dims=1),
        "you divide by the standard deviation, and the mean is still there.": _either(moved=False),
        "you subtract the mean, and the standard deviation is still there.": lambda x: (
            x - x.mean(0)
        ),
        "you divide by the variance. In which units would the result be, if x were in metres? Divide by "
        "its root.": _either(power=2),
    },
    ((_numbers(12, 3),), (_numbers(5, 2, seed=1),)),
)

# c^n / (σ^n + c^n) = part, solved for c
NINETY = Exercise(
    SIGMA * (PART / (1 - PART)) ** (1 / POWER),
    "At this contrast the neuron gives nine tenths: cⁿ is nine times σⁿ.",
    {
        "that would be right for n = 1. Here cⁿ is nine times σⁿ, so c is σ times the n-th root of "
        "9.": SIGMA * PART / (1 - PART),
        "you took the n-th root of 0.9. The ratio of cⁿ to σⁿ is 0.9 / (1 − 0.9) = 9.": SIGMA
        * PART ** (1 / POWER),
        "that is cⁿ; c itself is its n-th root.": SIGMA**POWER * PART / (1 - PART),
    },
    otherwise="at this contrast the neuron does not give nine tenths of its maximum.",
)

ALPHA = Exercise(
    ALEXNET["alpha"] * ALEXNET["size"],
    "torch divides alpha by the size of the window, so it has to be given that many times the paper's.",
    {
        "that is the paper's own α, which torch divides by the size of the window.": ALEXNET[
            "alpha"
        ],
        "you divided. torch divides already, so you have to multiply.": ALEXNET["alpha"]
        / ALEXNET["size"],
    },
    otherwise="with this alpha torch's layer is not the paper's.",
)


def _image_norm(
    x: Tensor, eps: float, dims: Any = (0, 2, 3), correction: int = 0, outside: bool = False
) -> Tensor:
    var = x.var(dims, correction=correction, keepdim=True)
    divisor = var.sqrt() + eps if outside else (var + eps).sqrt()
    return (x - x.mean(dims, keepdim=True)) / divisor


IMAGE_NORM = Exercise(
    _image_norm,
    "These are the layer's numbers, to rounding.",
    {
        "ε stands outside the root, as in the chapter. In the layer it is added to the variance, and the "
        "root is taken of the sum.": lambda x, e: _image_norm(x, e, outside=True),
        "you use the unbiased variance, var's default. To normalise, the squares are divided by n: add "
        "correction=0.": lambda x, e: _image_norm(x, e, correction=1),
        "you use the unbiased variance, and ε stands outside the root.": lambda x, e: _image_norm(
            x, e, correction=1, outside=True
        ),
        "ε is missing. What would a constant channel be divided by?": lambda x, e: _image_norm(
            x, 0.0
        ),
        "the root is missing: you divide by the variance.": lambda x, e: (
            (x - x.mean((0, 2, 3), keepdim=True))
            / (x.var((0, 2, 3), correction=0, keepdim=True) + e)
        ),
        "you pool over the batch alone. The places of an image, axes 2 and 3, belong to the channel "
        "too.": lambda x, e: _image_norm(x, e, 0),
        "you pool over space alone, each sample for itself. That is instance "
        "normalisation.": lambda x, e: _image_norm(x, e, (2, 3)),
        "you pool over each sample by itself. That is layer normalisation.": lambda x, e: (
            _image_norm(x, e, (1, 2, 3))
        ),
        "you pool everything together. Each channel has a mean and a variance of its own: leave out "
        "axis 1.": lambda x, e: _image_norm(x, e, (0, 1, 2, 3)),
        "you subtract the mean, and do not divide.": lambda x, e: (
            x - x.mean((0, 2, 3), keepdim=True)
        ),
    },
    ((_images(4, 3, 2, 5), EPS), (_images(3, 2, 4, 4), 0.1)),
)


def _backward(
    upstream: Tensor, normalised: Tensor, divisor: Tensor, mean: bool = True, spread: bool = True
) -> Tensor:
    through_mean = upstream.mean(0) if mean else 0.0
    through_spread = normalised * (upstream * normalised).mean(0) if spread else 0.0
    return (upstream - through_mean - through_spread) / divisor


_HAT = _scaled(_numbers(8, 2, seed=3))
BACKWARD = Exercise(
    _backward,
    "This is what autograd gives. You have written the backward pass of batch normalisation.",
    {
        "the way through the mean is missing: subtract the mean of the gradients.": lambda g, h, s: (
            _backward(g, h, s, mean=False)
        ),
        "the way through the variance is missing: subtract x̂ times the mean of gradient times "
        "x̂.": lambda g, h, s: _backward(g, h, s, spread=False),
        "that is the gradient where mean and variance are constants. But they were made of these very "
        "points, and pass the gradient on to all of them.": lambda g, h, s: g / s,
        "the division by the standard deviation is missing.": lambda g, h, s: _backward(g, h, 1.0),  # type: ignore[arg-type]
        "you subtract sums, where means belong: each of the n points has a part of 1/n in mean and "
        "variance.": lambda g, h, s: (g - g.sum(0) - h * (g * h).sum(0)) / s,
    },
    ((_numbers(8, 2, seed=4), _HAT, torch.tensor([0.5, 2.0], dtype=torch.float64)),),
)

RUNNING = Exercise(
    lambda running, batch, momentum: (1 - momentum) * running + momentum * batch,
    "The new batch comes in with the weight `momentum`, and the old average keeps the rest.",
    {
        "you weigh the old average by momentum. That is the convention of Keras; in torch momentum is "
        "the weight of the new batch.": lambda r, b, m: m * r + (1 - m) * b,
        "you add the batch to the old average, whose own weight has to go down to "
        "1 − momentum.": lambda r, b, m: r + m * b,
        "that forgets the old average.": lambda r, b, m: b,
        "that never takes in the batch.": lambda r, b, m: r,
        "that weighs both alike, whatever momentum says.": lambda r, b, m: (r + b) / 2,
    },
    ((2.0, 10.0, 0.1), (-1.0, 4.0, 0.25)),
)

# the axes of images (N, C, H, W)
_FORGOTTEN = "space is missing: the places of an image are pooled too, in axes 2 and 3."
POOLED_BATCH = Exercise(
    (0, 2, 3),
    "Each channel is pooled over all samples and places.",
    {
        _FORGOTTEN: (0,),
        "those are the axes of layer normalisation.": (1, 2, 3),
        "axis 1 counts the channels, and each of them has statistics of its own.": Ways(
            ((1,), (0, 1))
        ),
        "those are the axes of instance normalisation, which leaves the samples apart.": (2, 3),
        "that pools everything; each channel has statistics of its own, so axis 1 stays.": (
            0,
            1,
            2,
            3,
        ),
    },
    otherwise="write the pooled axes in brackets, such as (0, 1).",
)
POOLED_LAYER = Exercise(
    (1, 2, 3),
    "Each sample is pooled over its channels and places, and needs no other sample.",
    {
        "space is missing: the places of an image are pooled too, in axes 2 and 3. (Some layers do leave "
        "it out; they are often called LayerNorm2d.)": (1,),
        "those are the axes of batch normalisation.": (0, 2, 3),
        "axis 0 counts the samples, and each of them has statistics of its own.": Ways(
            ((0,), (0, 1))
        ),
        "those are the axes of instance normalisation, which leaves the channels apart.": (2, 3),
        "that pools everything; each sample has statistics of its own, so axis 0 stays.": (
            0,
            1,
            2,
            3,
        ),
    },
    otherwise="write the pooled axes in brackets, such as (0, 1).",
)

TRANSFORMER = Exercise(
    "layer",
    "Most Transformers use layer normalisation; recent language models often use RMS normalisation, which "
    "leaves out the mean.",
    {
        "that is what the chapter says, but sentences have unequal lengths, and statistics over the batch "
        "would mix them. Most Transformers use a normaliser that looks at one token alone.": "batch",
        "recent language models do use it; the first Transformer, and most after it, used the one that "
        "subtracts the mean as well.": "rms",
    },
    otherwise="write the name of a row of the table in quotation marks, such as 'group'.",
)

EXERCISES: Mapping[str, Exercise] = {
    "standardise": STANDARDISE,
    "ninety": NINETY,
    "alpha": ALPHA,
    "image_norm": IMAGE_NORM,
    "backward": BACKWARD,
    "running": RUNNING,
    "pooled_batch": POOLED_BATCH,
    "pooled_layer": POOLED_LAYER,
    "transformer": TRANSFORMER,
}
