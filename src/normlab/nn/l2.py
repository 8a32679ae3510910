"""L2 normalisation as a layer."""

from collections.abc import Sequence

from torch import Tensor

from normlab.equation.reference import normalize
from normlab.nn.checks import check_settings
from normlab.nn.scripting import Unscripted
from normlab.tracing import recorded_layer


class L2Norm(Unscripted):
    """L2 normalisation: every sample, or its last dimensions, scaled to length 1.

        y = x / max(√(Σ x²), eps)

    Args: normalized_shape=None, the last dimensions, or None: all but the batch axis; eps=1e-12.
    Shapes: x (N, *); mask, boolean, True = valid, broadcastable to x or (N, *).
    Errors: ShapeError when x does not end in normalized_shape; DtypeError; SettingError for eps < 0.
    Limits: zero → zero.
    Source: Wang, Xiang, Cheng & Yuille 2017.  Same as: torch.nn.functional.normalize of (N, C)

    >>> import torch
    >>> L2Norm()(torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """

    def __init__(
        self, normalized_shape: int | Sequence[int] | None = None, eps: float = 1e-12
    ) -> None:
        super().__init__()
        given = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
        self.normalized_shape = None if given is None else tuple(given)
        self.eps = eps
        check_settings("L2Norm", "l2", eps=eps, normalized_shape=self.normalized_shape)

    @recorded_layer
    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        shape = self.normalized_shape
        return normalize(input, "l2", eps=self.eps, normalized_shape=shape, mask=mask).y

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}"
