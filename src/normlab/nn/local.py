"""Layers that divide by their neighbours: local response, local contrast, GDN."""

from typing import Any, Literal

import torch
from torch import Tensor, nn

from normlab import functional
from normlab.equation.domains import NON_NEGATIVE
from normlab.errors import SettingError
from normlab.functional.usual import own
from normlab.nn import dividing, mixing
from normlab.nn.checks import check_channels, check_count, check_number, check_settings
from normlab.nn.dividing import Form
from normlab.nn.nonnegative import LEAST_SHARE, FirstValues, lower, put, raw
from normlab.nn.reparametrized import translate
from normlab.nn.scripting import Unscripted
from normlab.tracing import plain, recorded_layer


class LocalResponseNorm(Unscripted, nn.LocalResponseNorm):
    """Local response normalisation: each channel divided by its neighbours' activity.

        y_c = x_c / (k + alpha/size · Σ_{c'} x_{c'}²)^beta

    Args: size, alpha=1e-4, beta=0.75, k=1.0, as in torch (the paper's α is alpha/size).
    Shapes: x (N, C, *), also (N, C), which torch's layer refuses; mask as in `normlab.normalize`, what
        it masks counting as zeros.
    Errors: SettingError for a size below 1; DtypeError; ShapeError.
    Limits: zero → zero.
    Source: Krizhevsky, Sutskever & Hinton 2012, section 3.3.  Same as: torch.nn.LocalResponseNorm

    >>> import torch
    >>> LocalResponseNorm(3, alpha=3.0, beta=0.5, k=0.0)(torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0):
        given = {"size": size, "alpha": alpha, "beta": beta, "k": k}
        check_settings("LocalResponseNorm", "local_response", **given)
        super().__init__(**given)

    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None and plain(input):
            settings = tuple((name, getattr(self, name)) for name in ("size", "alpha", "beta", "k"))
            y = dividing.usual(input, Form("local_response_norm", settings))
            if y is not None:
                return y
        return self._other_call(input, mask)

    @recorded_layer
    def _other_call(self, input: Tensor, mask: Tensor | None) -> Tensor:
        return functional.local_response_norm(
            input, self.size, self.alpha, self.beta, self.k, mask=mask
        )


class LocalContrastNorm(FirstValues):
    """Local contrast normalisation over a spatial window and all channels.

        v = x − mean_window x,   y = weight · v / √(sigma² + mean_window v²) + bias

    Args: num_channels; size=9 and width=size/4, the window's side and standard deviation in samples;
        window="gaussian" or "box"; sigma=1.0 (learned, kept >= 0), or "mean" for the published
        max(c, σ_jk), which has no weight and bias; affine=True.
    Shapes: x (N, C, *space); sigma a single value; weight, bias (C,).
    Errors: ShapeError, DtypeError, SettingError.
    Limits: a constant sample → bias.
    Source: Jarrett, Kavukcuoglu, Ranzato & LeCun 2009, section 2.

    >>> import torch
    >>> layer = LocalContrastNorm(1, size=3, window="box", sigma=2.0)
    >>> layer(torch.tensor([[[0.0, 3.0, 0.0]]])).detach()
    tensor([[[-0.5620,  0.7651, -0.5620]]])
    """

    def __init__(
        self,
        num_channels: int,
        *,
        size: int = 9,
        width: float | None = None,
        window: Literal["gaussian", "box"] = "gaussian",
        sigma: float | Literal["mean"] = 1.0,
        affine: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        kind = {"device": device, "dtype": dtype}
        self.num_channels, self.size, self.width = num_channels, size, width
        self.window: Literal["gaussian", "box"] = window
        learns = not isinstance(sigma, str)
        if not learns and sigma != "mean":
            raise SettingError(
                f"LocalContrastNorm: sigma={sigma!r} given; a number >= 0 or 'mean'."
            )
        check_count("LocalContrastNorm", "num_channels", num_channels)
        held = {"sigma": sigma} if learns else {}
        check_settings(
            "LocalContrastNorm", "local_contrast", size=size, width=width, window=window, **held
        )
        self.raw_sigma = raw(torch.full((1,), sigma, **kind)) if learns else None
        self.least_sigma = 0.0 if isinstance(sigma, str) else LEAST_SHARE * sigma
        self.weight = nn.Parameter(torch.ones(num_channels, **kind)) if affine and learns else None
        self.bias = nn.Parameter(torch.zeros(num_channels, **kind)) if affine and learns else None
        self.first = {"weight": 1.0, "bias": 0.0}
        if not isinstance(sigma, str):
            self.first["raw_sigma"] = float(sigma)

    @property
    def sigma(self) -> Tensor | Literal["mean"]:
        """The semi-saturation in use, at least 0.001 of its first value, or "mean"."""
        if self.raw_sigma is None:
            return "mean"
        return lower(self.raw_sigma, self.least_sigma).squeeze(0)

    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        # torch.fx records what is read of a layer: nothing, where only the layer is to be recorded
        if mask is None and type(self) is LocalContrastNorm and plain(input):
            y = self._usual(input)
            if y is not None:
                return y
        return self._other_call(input, mask)

    def _usual(self, x: Tensor) -> Tensor | None:
        if self.raw_sigma is None:
            return None
        settings = ("size", self.size), ("width", self.width), ("window", self.window)
        form = Form("local_contrast_norm", settings, self.least_sigma)
        return dividing.usual(x, form, self.num_channels, self.raw_sigma, self.weight, self.bias)

    @recorded_layer
    def _other_call(self, input: Tensor, mask: Tensor | None) -> Tensor:
        check_channels(self, input, self.num_channels, "num_channels", least=3)
        return functional.local_contrast_norm(
            input,
            sigma=self.sigma,
            size=self.size,
            width=self.width,
            window=self.window,
            weight=self.weight,
            bias=self.bias,
            mask=mask,
        )

    def extra_repr(self) -> str:
        return f"{self.num_channels}, size={self.size}, width={self.width}, window={self.window!r}"


class GDN(FirstValues):
    """Generalised divisive normalisation with learned weights between channels.

        y_i = x_i / √(sigma_i² + Σ_j pool_weight_ij · x_j²);   simplified: x_i / (sigma_i + Σ_j … |x_j|)

    Args: num_channels; simplified=False (True: GDN1); inverse=False (True: IGDN, which multiplies by the
        scale, the approximate inverse of `normlab.functional.gdn`); sigma=1.0 and pool=0.1, the values
        that training starts from (pool times the identity), both kept >= 0.
    Shapes: x (N, C, *); sigma (C,); pool_weight (C, C).
    Weights: `load_state_dict` also takes those of CompressAI's GDN (simplified: its GDN1), β and γ
        with their reparametrisation, by themselves or in the state of a whole model.
    Errors: ShapeError, DtypeError, SettingError.
    Limits: zero → zero.
    Source: Ballé, Laparra & Simoncelli 2016; GDN1: Johnston et al. 2019.

    >>> import torch
    >>> GDN(2, pool=0.75)(torch.tensor([[2.0, 1.0]])).detach()
    tensor([[1.0000, 0.7559]])
    """

    def __init__(
        self,
        num_channels: int,
        *,
        simplified: bool = False,
        inverse: bool = False,
        sigma: float = 1.0,
        pool: float = 0.1,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        check_count("GDN", "num_channels", num_channels)
        check_settings("GDN", "gdn1" if simplified else "gdn", sigma=sigma)
        check_number("GDN", "pool", pool, NON_NEGATIVE)
        kind = {"device": device, "dtype": dtype}
        self.num_channels, self.simplified, self.inverse = num_channels, simplified, inverse
        self.raw_sigma = raw(torch.full((num_channels,), sigma, **kind))
        self.least_sigma = LEAST_SHARE * sigma
        self.raw_pool_weight = raw(pool * torch.eye(num_channels, **kind))
        self.first = {"raw_sigma": float(sigma)}
        self.first_pool = pool

    def reset_parameters(self) -> None:
        """Every parameter as it was when the layer was made."""
        super().reset_parameters()
        kind: Any = {"device": "cpu", "dtype": self.raw_pool_weight.dtype}
        put(self.raw_pool_weight, self.first_pool * torch.eye(len(self.raw_pool_weight), **kind))

    @property
    def sigma(self) -> Tensor:
        """The semi-saturation in use, at least 0.001 of its first value, one per channel."""
        return lower(self.raw_sigma, self.least_sigma)

    @property
    def pool_weight(self) -> Tensor:
        """The weights of channel j in the pool of channel i, >= 0."""
        return lower(self.raw_pool_weight)

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        least = translate(state_dict, prefix, 1 if self.simplified else 2)
        if least is not None:
            self.least_sigma = least
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None and type(self) is GDN:  # another class may have weights of its own
            form = mixing.Form(self.least_sigma, self.simplified, self.inverse)
            given = self.num_channels, *own(self, "raw_sigma", "raw_pool_weight")
            y = mixing.usual(input, *given, form)
            if y is not None:
                return y
        return self._other_call(input, mask)

    @recorded_layer
    def _other_call(self, input: Tensor, mask: Tensor | None) -> Tensor:
        check_channels(self, input, self.num_channels, "num_channels", least=2)
        forms = {"simplified": self.simplified, "inverse": self.inverse}
        return functional.gdn(input, self.sigma, self.pool_weight, mask=mask, **forms)

    def extra_repr(self) -> str:
        inverse = ", inverse=True" if self.inverse else ""
        return f"{self.num_channels}, simplified={self.simplified}{inverse}"
