"""Given statistics as a layer of torch."""

import torch
from torch import Tensor, nn

from normlab.errors import ShapeError


class Standardize(nn.Module):
    """Normalises with given statistics, which nothing changes: no weight is trained, no batch is looked at.

        y = (x − mean) / std

    Args: mean, std, of the features' shape; axis: the first axis of x that the features are on.
    Shapes: x (…, *features, …) with the features from `axis` on → y of x's shape.
    Dtype: y has x's; the statistics are kept in float32 unless `dtype` says otherwise, and go with
        `.to()`, `state_dict()` and export as buffers do.
    Errors: ShapeError where x has other features there.
    Limits: NaN stays NaN.

    >>> layer = Standardize(torch.tensor([1.0, 10.0]), torch.tensor([2.0, 5.0]))
    >>> layer(torch.tensor([[3.0, 0.0]]))
    tensor([[ 1., -2.]])
    >>> layer.inverse(torch.tensor([[1.0, -2.0]]))
    tensor([[3., 0.]])
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, mean: Tensor, std: Tensor, axis: int = 1, dtype: torch.dtype | None = torch.float32
    ) -> None:
        super().__init__()
        if mean.shape != std.shape or not mean.dim():
            raise ShapeError(
                f"Standardize: mean and std have shapes {tuple(mean.shape)} and {tuple(std.shape)}; they "
                f"must be the same, of one dimension or more."
            )
        self.axis = axis
        self.register_buffer("mean", mean.detach().clone().to(dtype))
        self.register_buffer("std", std.detach().clone().to(dtype))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self._over(self.mean, x)) / self._over(self.std, x)

    def inverse(self, y: Tensor) -> Tensor:
        """x from y: y · std + mean."""
        return y * self._over(self.std, y) + self._over(self.mean, y)

    def _over(self, value: Tensor, x: Tensor) -> Tensor:
        """A statistic shaped and typed as x."""
        axis = self.axis % x.dim() if x.dim() else 0
        here = x.shape[axis : axis + value.dim()]
        if here != value.shape:
            raise ShapeError(
                f"Standardize: x of shape {tuple(x.shape)} given; from axis {self.axis} on it must have "
                f"{tuple(value.shape)}, as the statistics have."
            )
        return value.to(x.dtype).reshape(*value.shape, *[1] * (x.dim() - axis - value.dim()))

    def extra_repr(self) -> str:
        return f"features={tuple(self.mean.shape)}, axis={self.axis}"
