"""What every layer asks of its input, in words."""

from torch import Tensor, nn

from normlab.errors import DtypeError, ShapeError


def check_floating(name: str, x: Tensor) -> None:
    """Refuse whole numbers and complex ones."""
    if not x.is_floating_point():
        given = str(x.dtype).removeprefix("torch.")
        raise DtypeError(f"{name}: x is {given}; give a floating-point tensor, e.g. x.float().")


def check_channels(layer: nn.Module, x: Tensor, expected: int, argument: str, least: int) -> None:
    """Refuse what the layer cannot normalise, saying what was given and what to give."""
    name = f"{type(layer).__name__}({argument}={expected})"
    check_floating(name, x)
    if x.dim() < least:
        space = ", *space" if least > 2 else ", *"
        raise ShapeError(
            f"{name}: x has shape {tuple(x.shape)}; it must be (batch, channels{space})."
        )
    if x.shape[1] != expected:
        raise ShapeError(
            f"{name}: x has {x.shape[1]} channels (shape {tuple(x.shape)}). "
            f"Use {argument}={x.shape[1]}."
        )


def check_ending(layer: nn.Module, x: Tensor, shape: tuple[int, ...]) -> None:
    name = f"{type(layer).__name__}({tuple(shape)})"
    check_floating(name, x)
    if tuple(x.shape[-len(shape) :]) != tuple(shape):
        raise ShapeError(
            f"{name}: x has shape {tuple(x.shape)}, which does not end in {tuple(shape)}. "
            f"Use normalized_shape={tuple(x.shape[-len(shape) :])}."
        )
