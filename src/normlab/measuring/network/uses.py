"""What `Measured` becomes in torch, torchvision and scikit-learn."""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from normlab.errors import DataError, MissingExtraError, ShapeError
from normlab.measuring.network.affine import Standardize

if TYPE_CHECKING:
    from normlab.measuring.measured import Measured


def as_transform(measured: "Measured") -> nn.Module:
    """torchvision's Normalize with these statistics, or one that does the same where that is not installed.

        y = (x − mean) / std    per channel, biased std

    Shapes: x (…, C, height, width), on the scale that was measured (0 to 1 after ToTensor, or 0 to 255).
    A constant channel is divided by 1. Errors: DataError unless images were measured, or (N, C, …) arrays.
    """
    if measured.kind == "table":
        raise DataError(
            "as_transform: these statistics are of a table, and a transform is of images; use as_module() or "
            "as_sklearn()."
        )
    mean, std = _known(measured, "as_transform")
    normalize = _torchvision()
    if normalize is not None:
        return normalize(mean.tolist(), std.tolist())
    return Standardize(mean, std, axis=-3)


def _torchvision() -> Any:
    """Its class; None where it is missing, or was built for another torch."""
    try:
        from torchvision.transforms.v2 import Normalize  # pyright: ignore[reportMissingImports]
    except (ImportError, RuntimeError, OSError, AttributeError):
        return None
    return Normalize


def as_module(measured: "Measured", dtype: torch.dtype | None = torch.float32) -> Standardize:
    """A layer that normalises with these statistics, for the input of a network; features on axis 1.

    Biased std; a constant feature is divided by 1. Errors: DataError where a feature has no statistics.
    """
    return Standardize(*_known(measured, "as_module"), dtype=dtype)


def into_batch_norm(measured: "Measured", layer: nn.Module) -> nn.Module:
    """These statistics as a batch norm's running ones: exact, where training only approaches them.

    running_mean = mean, running_var = the unbiased variance, as torch keeps it; num_batches_tracked = 1.
    The layer is changed and returned. Errors: ShapeError for another number of features; DataError for a
    layer without running statistics, or where a feature has fewer than two values.
    """
    if not isinstance(layer, _NormBase) or layer.running_mean is None or layer.running_var is None:
        raise DataError(
            f"into_batch_norm: {type(layer).__name__} has no running statistics; give a batch norm with "
            f"track_running_stats=True."
        )
    mean, var = measured.mean, measured.var()
    if layer.num_features != len(mean):
        raise ShapeError(
            f"into_batch_norm: num_features={layer.num_features} given, and {len(mean)} features were "
            f"measured; they must be as many."
        )
    _refuse_nan(measured, mean + var, "into_batch_norm")
    with torch.no_grad():
        layer.running_mean.copy_(mean)
        layer.running_var.copy_(var)
        if layer.num_batches_tracked is not None:
            layer.num_batches_tracked.fill_(1)
    return layer


def as_sklearn(measured: "Measured") -> Any:
    """A fitted StandardScaler with these statistics: biased variance, 1 as the scale of a constant.

    Errors: MissingExtraError without scikit-learn; DataError where a feature has no statistics.
    """
    try:
        from sklearn.preprocessing import StandardScaler
    except ImportError as error:
        raise MissingExtraError.of("as_sklearn()", error.name, "sklearn") from error
    mean, std = _known(measured, "as_sklearn")
    scaler: Any = StandardScaler()
    scaler.mean_, scaler.scale_ = mean.numpy().copy(), std.numpy().copy()
    scaler.var_ = measured.var(0).numpy().copy()
    count = measured.count.numpy()
    same = len(set(count.tolist())) == 1
    scaler.n_samples_seen_ = np.int64(count[0]) if same else count.copy()
    scaler.n_features_in_ = len(count)
    if measured.kind == "table":
        scaler.feature_names_in_ = np.array(measured.names, dtype=object)
    return scaler


def _known(measured: "Measured", what: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and biased std, the std of a constant replaced by 1."""
    std = measured.std(0)
    _refuse_nan(measured, measured.mean + std, what)
    return measured.mean, torch.where(std == 0, torch.ones_like(std), std)


def _refuse_nan(measured: "Measured", values: torch.Tensor, what: str) -> None:
    unknown = [
        name for name, value in zip(measured.names, values.tolist(), strict=True) if value != value
    ]
    if unknown:
        raise DataError(
            f"{what}: {unknown[0]!r} has no statistics, since too few values were there; measure without it "
            f"(exclude=)."
        )
