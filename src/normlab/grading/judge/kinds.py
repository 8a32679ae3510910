"""Which rows can have a mistake, by their columns."""

from normlab.equation.pools import Axes, ChannelWindow, Learned, Surround
from normlab.equation.row import Norm
from normlab.grading.rows import sized


def always(row: Norm) -> bool:
    return True


def centered(row: Norm) -> bool:
    return row.center


def weighted(row: Norm) -> bool:
    return row.affine is not None


def squares(row: Norm) -> bool:
    """Whether the pool is of squares and a root is taken of it."""
    return row.number("n") == 2.0 and not isinstance(row.n, str) and row.p is None


def variance(row: Norm) -> bool:
    """Whether it divides by the root of a variance about the mean that it subtracts."""
    return with_eps(row) and row.center


def plain(row: Norm) -> bool:
    """Whether x itself is divided, not a power of it, by whole axes."""
    return row.m == 1.0 and isinstance(row.pool, Axes)


def deviation(row: Norm) -> bool:
    return squares(row) and row.center


def with_eps(row: Norm) -> bool:
    """Whether ε is added to a mean of squares over whole axes, under the root."""
    added = row.sigma.placement == "inside" and not row.sigma.raised
    return squares(row) and added and isinstance(row.pool, Axes) and row.pool.reduce == "mean"


def mean_square(row: Norm) -> bool:
    return with_eps(row) and not row.center


def length(row: Norm) -> bool:
    """Whether it divides by a length, or by ε where that is larger."""
    return row.sigma.placement == "clamp"


def inside(row: Norm) -> bool:
    """Whether the constant is added to the pool as it is."""
    return row.sigma.placement == "inside" and not row.sigma.raised


def inside_any(row: Norm) -> bool:
    """Whether the constant, or a power of it, is added to the pool."""
    return row.sigma.placement == "inside"


def element_squares(row: Norm) -> bool:
    """Whether squares are pooled and a constant, or its square, is added to the pool."""
    return inside_any(row) and row.n == 2.0


def element_squares_of_x(row: Norm) -> bool:
    """The same, of x itself: about their mean, numbers with their signs add up to nothing."""
    return element_squares(row) and not row.center


def whole_axes(row: Norm) -> bool:
    """Whether whole axes of x are pooled, which can be kept or dropped."""
    return isinstance(row.pool, Axes) and not row.grouped


def other_sigma(row: Norm) -> bool:
    return not with_eps(row) and not length(row)


def raised(row: Norm) -> bool:
    """Whether σ enters as a power of its own."""
    return row.sigma.raised and row.number("n") != 1.0


def raised_squares(row: Norm) -> bool:
    return raised(row) and squares(row)


def scaled(row: Norm) -> bool:
    """Whether weight and bias are tested; windows and learned pools are tested without."""
    return row.affine is not None and isinstance(row.pool, Axes)


def by_channel(row: Norm) -> bool:
    return scaled(row) and row.affine == "channel"


def by_shape(row: Norm) -> bool:
    return row.affine == "shape"


def grouped(row: Norm) -> bool:
    return row.grouped


def running(row: Norm) -> bool:
    return row.running


def running_of_samples(row: Norm) -> bool:
    """Whether the running variance is of a pool within one sample."""
    return row.running and isinstance(row.pool, Axes) and "n" not in row.pool.over.split()


def window(row: Norm) -> bool:
    return isinstance(row.pool, ChannelWindow)


def surround(row: Norm) -> bool:
    return isinstance(row.pool, Surround)


def local_squares(row: Norm) -> bool:
    """Whether squares are pooled with weights, not over whole axes."""
    return row.n == 2.0 and not isinstance(row.pool, Axes)


def learned(row: Norm) -> bool:
    return isinstance(row.pool, Learned)


def simplified(row: Norm) -> bool:
    return learned(row) and row.n == 1.0


def free_power(row: Norm) -> bool:
    """Whether the drive's power is a setting, and no root is taken."""
    return isinstance(row.m, str) and row.m == row.n and row.p == 1.0


def drive(row: Norm) -> bool:
    """The same, over the channels at each place."""
    return free_power(row) and right_axes(row) == "c"


def summed(row: Norm) -> bool:
    return isinstance(row.pool, Axes) and row.pool.reduce == "sum"


def right_axes(row: Norm) -> str | None:
    """The axes of the pool; those of groups and of the last dimensions are no whole axes of x."""
    if not isinstance(row.pool, Axes):
        return None
    whole = not row.grouped and not sized(row)
    return " ".join(a for a in ("n", "c", "s") if a in row.pool.touches) if whole else ""
