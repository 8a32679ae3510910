"""How far two responses depend on each other, and how heavy the tails of one are."""

import math

import torch
from torch import Tensor

BINS = 16


def mutual_information(a: Tensor, b: Tensor, bins: int = BINS) -> float:
    """Mutual information of two samples in bits, from a histogram of their ranks.

    Each variable is cut into `bins` equally full parts, so that only the dependence counts and not the
    shape of either. The bias of a histogram, (bins − 1)²/2N nats, is taken off; what is left of
    independent data is about 0, and may be a little below.

    Shapes: a, b (N,).
    Limits: less than the whole information where it is concentrated within a bin; at most log₂ bins.
    Source: Miller 1955 (the bias).

    >>> round(mutual_information(torch.arange(1600.0), -torch.arange(1600.0)), 2)  # log₂ 16, less bias
    3.9
    """
    count = len(a)
    joint = torch.bincount(_bin(a, bins) * bins + _bin(b, bins), minlength=bins * bins)
    share = joint[joint > 0].double() / count
    nats = 2 * math.log(bins) + (share * share.log()).sum().item() - (bins - 1) ** 2 / (2 * count)
    return nats / math.log(2)


def _bin(x: Tensor, bins: int) -> Tensor:
    order = torch.empty(len(x), dtype=torch.int64)
    order[x.argsort()] = torch.arange(len(x))
    return order * bins // len(x)


def excess_kurtosis(x: Tensor) -> float:
    """Fourth moment over the squared variance, less the 3 of a Gaussian.

    >>> excess_kurtosis(torch.tensor([-1.0, 1.0]))
    -2.0
    """
    x = x.double() - x.double().mean()
    return (x.pow(4).mean() / x.square().mean().square()).item() - 3


def bow_tie(a: Tensor, b: Tensor, share: float = 0.1) -> float:
    """Spread of b where |a| is among its largest tenth, over that where it is among its smallest.

    1 where the spread of one does not depend on the size of the other; more where conditional
    histograms have the shape of a bow tie.

    >>> a = torch.linspace(-1, 1, 101)
    >>> round(bow_tie(a, a), 1) > 10
    True
    """
    order, count = a.abs().argsort(), max(int(len(a) * share), 2)
    large, small = b[order[-count:]].std(), b[order[:count]].std()
    return (large / small).item()
