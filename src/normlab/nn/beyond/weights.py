"""Weight standardisation: the layer row, applied to the weights of convolutions."""

from typing import TypeVar

from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize

from normlab.errors import SettingError, ShapeError
from normlab.functional import layer_norm
from normlab.nn.checks import check_settings
from normlab.nn.scripting import Unscripted
from normlab.tracing import recorded_layer

Model = TypeVar("Model", bound=nn.Module)


class WeightStandardization(Unscripted):
    """A parametrisation: the weights of each output channel get mean 0 and variance 1.

        Ŵ_o = (W_o − mean W_o) / √(var W_o + eps)

    Args: eps=1e-6; dim=0, the axis of the output channels, 1 for a transposed convolution, with its
        number of groups.
    Shapes: W (out, in, *), or (in, out / groups, *) with dim=1; Ŵ as W.
    Mask: none is taken, since this normalises weights, of which each one counts; the input's mask goes to
        the layers after the convolution.
    Dtype: half types are computed in float32.
    Errors: ShapeError for an output channel of one weight, which would become 0; SettingError.
    Limits: equal weights → 0. Ŵ is larger than usual first weights by the root of their number, so a
        normaliser has to follow.
    Source: Qiao, Wang, Liu, Shen & Yuille 2019 (arXiv:1903.10520), section 3.

    >>> import torch
    >>> WeightStandardization(eps=0.0)(torch.tensor([[1.0, 3.0], [10.0, 30.0]]))
    tensor([[-1.,  1.],
            [-1.,  1.]])
    """

    def __init__(self, eps: float = 1e-6, *, dim: int = 0, groups: int = 1):
        super().__init__()
        check_settings("WeightStandardization", "layer", eps=eps)
        if dim not in (0, 1):
            raise SettingError(
                f"WeightStandardization: dim={dim} given; it must be 0, or 1 for a transposed "
                f"convolution."
            )
        self.eps, self.dim, self.groups = eps, dim, groups

    @recorded_layer
    def forward(self, weight: Tensor, mask: None = None) -> Tensor:
        if mask is not None:
            raise SettingError(
                "WeightStandardization: mask given, but it normalises weights, of which each one counts; "
                "give the mask to the layers that take the input."
            )
        rows = weight if self.dim == 0 else self._turned(weight, self.groups)
        if rows.dim() < 2 or rows.shape[1:].numel() < 2:
            raise ShapeError(
                f"WeightStandardization: a weight of shape {tuple(weight.shape)} has one element for "
                f"each output channel, which would become 0; leave this layer out."
            )
        standard = layer_norm(rows, rows.shape[1:], eps=self.eps)
        return standard if self.dim == 0 else self._turned(standard, self.groups)

    @staticmethod
    def _turned(weight: Tensor, groups: int) -> Tensor:
        """(in, out / groups, *) ↔ (out, in / groups, *), which undoes itself."""
        return weight.unflatten(0, (groups, -1)).transpose(1, 2).flatten(0, 1)

    def right_inverse(self, weight: Tensor) -> Tensor:
        """A weight assigned to the layer is standardised when it is used."""
        return weight

    def extra_repr(self) -> str:
        return f"eps={self.eps}, dim={self.dim}, groups={self.groups}"


def standardize_weights(module: Model, eps: float = 1e-6) -> Model:
    """Standardise the weights of every convolution in a module, in place; returns it.

        Ŵ_o = (W_o − mean W_o) / √(var W_o + eps), for each output channel o

    Args: module, a convolution or a model with some; eps=1e-6. What is standardised already stays so.
    Undo: torch.nn.utils.parametrize.remove_parametrizations(layer, "weight").
    Errors: SettingError for a module without convolutions, or with one that is lazy and not yet
        initialised; ShapeError for one weight for each output channel.
    Limits: as of every parametrised module, its state_dict holds parametrizations.weight.original in place
        of weight, and it cannot be pickled.
    Source: Qiao, Wang, Liu, Shen & Yuille 2019 (arXiv:1903.10520), section 3.

    >>> conv = standardize_weights(nn.Conv2d(3, 4, 3))
    >>> [round(var, 2) for var in conv.weight.flatten(1).var(1, correction=0).tolist()]
    [1.0, 1.0, 1.0, 1.0]
    """
    found = [layer for layer in module.modules() if isinstance(layer, _ConvNd)]
    if not found:
        raise SettingError(
            f"standardize_weights: {type(module).__name__} has no convolution whose weights could be "
            f"standardised."
        )
    todo = [layer for layer in found if not _done(layer)]
    for layer in todo:
        if is_lazy(layer.weight):
            raise SettingError(
                f"standardize_weights: {type(layer).__name__} has no weight yet; call the model once "
                f"before."
            )
    ways = [_way(layer, eps) for layer in todo]
    for layer, way in zip(todo, ways, strict=True):
        parametrize.register_parametrization(layer, "weight", way)
    return module


def _way(layer: _ConvNd, eps: float) -> WeightStandardization:
    """The parametrisation of a layer, tried on its weight before anything is changed."""
    turned = isinstance(layer, _ConvTransposeNd)
    way = WeightStandardization(eps, dim=int(turned), groups=layer.groups if turned else 1)
    way(layer.weight)
    return way


def _done(layer: nn.Module) -> bool:
    if not parametrize.is_parametrized(layer, "weight"):
        return False
    parametrizations = layer.get_submodule("parametrizations.weight")
    return any(isinstance(each, WeightStandardization) for each in parametrizations.children())
