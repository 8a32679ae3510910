"""What every function asks of its arguments before torch sees them."""

import math

from torch import Tensor

from normlab.dtypes import computed_in
from normlab.equation.resolved import check_floating
from normlab.equation.table import find
from normlab.errors import DtypeError


def check_arguments(name: str, x: Tensor, *own: Tensor | None) -> None:
    """Refuse whole numbers, and weights or statistics in a dtype that torch does not mix with x's."""
    kind = x.dtype
    if not kind.is_floating_point:
        check_floating(name, x)
    for value in own:
        if value is not None and value.dtype != kind and value.dtype != computed_in(kind):
            x_is, other = (str(a.dtype).removeprefix("torch.") for a in (x, value))
            raise DtypeError(
                f"{name}: x is {x_is}, weights or statistics are {other}; give both in one dtype, for "
                f"example x.to(torch.{other}). (With float32 weights x may also be half.)"
            )


def check_eps(name: str, eps: float) -> None:
    """Refuse what the row of batch norm refuses; layer, group, instance and RMS norm take all, as torch's."""
    if not 0 <= eps < math.inf:  # the row knows the words
        find("batch").resolve({"eps": eps}, name)


def of_nothing(x: Tensor, *own: Tensor | None) -> Tensor:
    """The y of an x of no element: as x, and the gradients of all are zeros."""
    y = x + 0.0
    for value in own:
        y = y if value is None else y + value.sum().to(x.dtype)
    return y
