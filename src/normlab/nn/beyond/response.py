"""Layers that look at the response of whole channels: filter response and global response."""

import torch
from torch import Tensor, nn

from normlab.dtypes import widened
from normlab.equation.masks import check_valid
from normlab.equation.pooling import pooled
from normlab.equation.pools import Axes
from normlab.equation.reference import normalize, positive_power
from normlab.equation.relatives import COMPETITION, FILTER_RESPONSE
from normlab.errors import SettingError
from normlab.nn.beyond.affine import Affine, over
from normlab.nn.checks import check_channels, check_settings
from normlab.tracing import recorded_layer

LEAST_EPS = 1e-6
FIRST_EPS = 1e-4


class FilterResponseNorm(Affine):
    """Filter response normalisation, and the thresholded linear unit that belongs to it.

        y = max(weight · x / √(mean_space x² + eps) + bias, tau)

    Args: num_channels; eps=1e-6; learn_eps=False: with True eps is 1e-6 + |raw_eps|, one a channel, from
        1e-4 (for maps of few elements, where eps decides what is left of x); threshold=True: with False
        there is no tau; affine=True.
    Shapes: x (N, C, *space); mask, boolean, True = valid, broadcastable to x or (N, *space);
        weight, bias, tau, raw_eps (C,).
    Statistics: mean square of each channel of each sample over its valid elements; none kept.
    Dtype: half types are computed in float32.
    Errors: ShapeError for another number of channels or without space; DtypeError; SettingError;
        DataError for a mask that is False everywhere or leaves NaN.
    Limits: zero → max(bias, tau); one element of space → ± weight where x² is well above eps. Where the
        two sides of the maximum are equal, each has half of the gradient.
    Source: Singh & Krishnan 2019 (arXiv:1911.09737), section 3.

    >>> import torch
    >>> FilterResponseNorm(1)(torch.tensor([[[1.0, -7.0]]])).detach()
    tensor([[[0.2000, 0.0000]]])
    """

    def __init__(
        self,
        num_channels: int,
        eps: float = LEAST_EPS,
        learn_eps: bool = False,
        threshold: bool = True,
        affine: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        kind = {"device": device, "dtype": dtype}
        super().__init__(num_channels, affine, kind)
        check_settings("FilterResponseNorm", FILTER_RESPONSE, eps=eps)
        if learn_eps and eps != LEAST_EPS:
            raise SettingError(
                f"FilterResponseNorm: eps={eps} and learn_eps=True given, but a learned eps starts from "
                f"{FIRST_EPS} and stays above {LEAST_EPS}; give one of them."
            )
        self._eps = eps
        self.raw_eps = nn.Parameter(torch.empty(num_channels, **kind)) if learn_eps else None
        self.tau = nn.Parameter(torch.empty(num_channels, **kind)) if threshold else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        super().reset_parameters()
        if self.raw_eps is not None:
            nn.init.constant_(self.raw_eps, FIRST_EPS)
        if self.tau is not None:
            nn.init.zeros_(self.tau)

    @property
    def eps(self) -> float | Tensor:
        """The number in use, or one for each channel where it is learned."""
        return self._eps if self.raw_eps is None else LEAST_EPS + self.raw_eps.abs()

    @recorded_layer
    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        check_channels(self, input, self.num_channels, "num_channels", least=3)
        valid = check_valid(self._name, input, mask)
        given = {"weight": self.weight, "bias": self.bias, "mask": valid}
        y = normalize(input, FILTER_RESPONSE, eps=self.eps, **given).y
        if self.tau is None:
            return y
        y = torch.maximum(y, over(self.tau, y))
        return y if valid is None else torch.where(valid, y, 0.0)

    def extra_repr(self) -> str:
        eps = "learned" if self.raw_eps is not None else self._eps
        return f"{self.num_channels}, eps={eps}, threshold={self.tau is not None}"


class GlobalResponseNorm(Affine):
    """Global response normalisation: channels of large norm are strengthened, the others less so.

        y = x + weight · x · G_c / (mean_c G_c + eps) + bias,   G_c = √(Σ_space x_c²)

    Args: num_channels; eps=1e-6.
    Shapes: x (N, C, *space), channels second (ConvNeXt V2 has them last); mask, boolean, True = valid,
        broadcastable to x or (N, *space); weight, bias (C,), both 0 at first: the layer starts as identity.
    Statistics: norm of each channel of each sample over its valid elements; none kept.
    Dtype: half types are computed in float32.
    Errors: ShapeError for another number of channels or without space; DtypeError; DataError for a mask
        that is False everywhere or leaves NaN.
    Limits: zero → bias; the gradient of the norm of a channel of zeros is taken as 0.
    Source: Woo et al. 2023 (arXiv:2301.00808), section 4. Not a row: it multiplies by its pool.

    >>> import torch
    >>> layer = GlobalResponseNorm(2)
    >>> _ = torch.nn.init.ones_(layer.weight)
    >>> layer(torch.tensor([[[3.0, 4.0], [0.0, 5.0]]])).detach()
    tensor([[[ 6.0000,  8.0000],
             [ 0.0000, 10.0000]]])
    """

    first_weight = 0.0

    def __init__(
        self,
        num_channels: int,
        eps: float = 1e-6,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__(num_channels, True, {"device": device, "dtype": dtype})
        check_settings("GlobalResponseNorm", COMPETITION, eps=eps)
        self.eps = eps
        self.reset_parameters()

    @recorded_layer
    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        check_channels(self, input, self.num_channels, "num_channels", least=3)
        valid = check_valid(self._name, input, mask)
        x = widened(input) if valid is None else torch.where(valid, widened(input), 0.0)
        size = positive_power(pooled(Axes("s", "sum"), x * x, valid, {}), 0.5)
        share = normalize(size, COMPETITION, eps=self.eps).y
        y = x * (1.0 + over(self.weight, x) * share) + over(self.bias, x)
        return (y if valid is None else torch.where(valid, y, 0.0)).to(input.dtype)

    def extra_repr(self) -> str:
        return f"{self.num_channels}, eps={self.eps}"
