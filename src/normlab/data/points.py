"""The chapter's points."""

from collections.abc import Sequence

import torch

from normlab.data.columns import reason
from normlab.data.table import Table
from normlab.errors import DataError


def chapter_points(
    samples: int = 128,
    mean: Sequence[float] = (10.0, -5.0),
    std: Sequence[float] = (4.0, 1.0),
    seed: int = 0,
) -> Table:
    """The chapter's points: `randn(samples, len(mean)) * std + mean`, float32, one row a point.

    With the defaults they are, bit for bit, what the chapter draws after `torch.manual_seed(0)`;
    torch's global generator is left alone. Raises DataError unless samples >= 1, mean and std are
    finite and equally long, and std >= 0.

    >>> points = chapter_points()
    >>> points.values.shape, points.columns
    (torch.Size([128, 2]), ('Feature 1', 'Feature 2'))
    >>> [round(m, 4) for m in points.values.mean(0).tolist()]
    [10.1462, -4.9851]
    """
    if not isinstance(samples, int) or samples < 1:
        raise DataError(f"samples is {samples!r}; it must be a whole number of at least 1")
    if len(mean) != len(std) or not len(mean):
        raise DataError(f"{len(mean)} means and {len(std)} stds; give one of each per feature")
    if min(std) < 0:
        raise DataError(f"std is {std}; a standard deviation cannot be negative")
    try:
        noise = torch.randn(samples, len(mean), generator=torch.Generator().manual_seed(seed))
    except (
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:  # seed of more than 64 bits, or no memory
        raise DataError(f"samples {samples}, seed {seed!r}: {reason(error)}") from error
    values = noise * torch.tensor(std, dtype=torch.float32)
    values = values + torch.tensor(mean, dtype=torch.float32)
    if not values.isfinite().all():
        raise DataError(f"mean {mean} and std {std} must be finite, and fit float32")
    names = tuple(f"Feature {i + 1}" for i in range(len(mean)))
    return Table(values, names, "the chapter's points")
