"""Mistakes that only the gradient shows."""

from normlab.grading.judge import kinds
from normlab.grading.judge.mistakes.record import Mistake, parts

GRADIENT = (
    Mistake(
        "gradient_cut",
        "takes mean and variance as constants, so that the gradient does not flow through them",
        "Shift the whole batch a little: the output does not move. Does your gradient know?",
        "leave out detach(), .data, .item() and no_grad() around the statistics of the batch.",
        kinds.centered,
        parts(detached=frozenset({"center", "pool"})),
    ),
    Mistake(
        "gradient_cut",
        "takes the divisor as a constant, so that the gradient does not flow through it",
        "Double the whole input: the output hardly moves. Does your gradient know?",
        "leave out detach(), .data, .item() and no_grad() around what x is divided by.",
        kinds.always,
        parts(detached=frozenset({"pool"})),
    ),
    Mistake(
        "gradient_cut",
        "takes the mean as a constant, so that the gradient does not flow through it",
        "Shift the whole batch a little: the output does not move. Does your gradient know?",
        "leave out detach(), .data, .item() and no_grad() around the mean.",
        kinds.centered,
        parts(detached=frozenset({"center"})),
    ),
    Mistake(
        "gradient_cut",
        "gives an output that has no gradient at all",
        "What is y.requires_grad, for an x that requires one?",
        "leave out detach(), .data, .numpy(), torch.tensor(...) and no_grad() on the way from x to y.",
        kinds.always,
        parts(detached=frozenset({"y"})),
    ),
    Mistake(
        "gradient_without_weight",
        "gives the gradient of x as if all weights were 1",
        "Double the weight of a channel: how much faster does y change with x there?",
        "multiply dout by weight before it goes back through the normalisation.",
        kinds.weighted,
        parts(weightless=True),
        "backward",
    ),
)
