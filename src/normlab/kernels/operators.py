"""Operators of torch that its own functions guard more narrowly than the equation needs."""

import torch
from torch import Tensor

from normlab.errors import SettingError


def batch_norm(
    x: Tensor,
    mean: Tensor | None,
    var: Tensor | None,
    weight: Tensor | None,
    bias: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
) -> Tensor:
    """torch.nn.functional.batch_norm with eps = 0 too, refused there: by 2.10 always, later in training."""
    if eps < 0:
        raise SettingError(f"batch normalisation: eps={eps} given, but it must be >= 0.")
    cudnn = torch.backends.cudnn.enabled
    return torch.batch_norm(x, weight, bias, mean, var, training, momentum, eps, cudnn)
