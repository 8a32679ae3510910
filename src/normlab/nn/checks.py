"""What every layer asks of its input, in words."""

from typing import Any

from torch import Tensor, nn

from normlab.dtypes import COMPUTED
from normlab.equation.domains import COUNT, Domain
from normlab.equation.resolved import check_floating
from normlab.equation.row import Norm
from normlab.equation.table import find
from normlab.errors import SettingError, ShapeError
from normlab.functional import checks


def check_settings(layer: str, row: str | Norm, **given: Any) -> None:
    """Refuse a setting outside its domain, which the row knows, by the layer's name."""
    find(row).resolve(given, layer)


def check_number(layer: str, argument: str, value: Any, domain: Domain) -> None:
    """Refuse an argument that is no setting of a row, outside a domain."""
    if value not in domain:
        raise SettingError(f"{layer}: {argument}={value} given, but it must be {domain.words}.")


def check_count(layer: str, argument: str, value: Any) -> None:
    """Refuse a number of channels that is none."""
    check_number(layer, argument, value, COUNT)


def check_channels(layer: nn.Module, x: Tensor, expected: int, argument: str, least: int) -> None:
    """Refuse what the layer cannot normalise, saying what was given and what to give."""
    known = isinstance(x, Tensor) and x.dtype in COMPUTED
    if known and x.dim() >= least and x.size(1) == expected:
        return
    name = f"{type(layer).__name__}({argument}={expected})"
    check_floating(name, x)
    if x.dim() < least:
        space = ", *space" if least > 2 else ", *"
        raise ShapeError(
            f"{name}: x has shape {tuple(x.shape)}; it must be (batch, channels{space})."
        )
    raise ShapeError(
        f"{name}: x has {x.shape[1]} channels (shape {tuple(x.shape)}). "
        f"Use {argument}={x.shape[1]}."
    )


def check_ending(layer: nn.Module, x: Tensor, shape: tuple[int, ...]) -> None:
    """Refuse what does not end in the shape that the layer normalises."""
    known = isinstance(x, Tensor) and x.dtype in COMPUTED
    if known and x.shape[-len(shape) :] == tuple(shape):
        return
    name = f"{type(layer).__name__}({tuple(shape)})"
    check_floating(name, x)
    checks.check_ending(name, x, shape)
