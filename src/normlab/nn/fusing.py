"""Batch norms of this package in torch.ao.quantization.fuse_modules, which looks up exact classes."""

from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from normlab.errors import SettingError
from normlab.nn.batch import BatchNorm

_TORCHS: dict[type[nn.Module], type[_BatchNorm]] = {
    nn.Linear: nn.BatchNorm1d,
    nn.Conv1d: nn.BatchNorm1d,
    nn.Conv2d: nn.BatchNorm2d,
    nn.Conv3d: nn.BatchNorm3d,
    nn.ConvTranspose1d: nn.BatchNorm1d,
    nn.ConvTranspose2d: nn.BatchNorm2d,
    nn.ConvTranspose3d: nn.BatchNorm3d,
}
_BEFORE_RELU = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def fuse_custom_config() -> dict[str, Any]:
    """What `fuse_modules` and `fuse_modules_qat` take as `fuse_custom_config_dict`.

        W' = weight / √(running_var + eps) · W,   b' = weight / √(…) · (b − running_mean) + bias

    Fuses: (convolution, BatchNorm), (convolution, BatchNorm, ReLU), (linear, BatchNorm) and (transposed
        convolution, BatchNorm), each as torch fuses its own batch norm; in training by
        `fuse_modules_qat`, where torch's own batch norm takes over the parameters and statistics.
    Errors: SettingError for a batch norm without running statistics, or, in training, with a process_group.
    Limits: (BatchNorm, ReLU) without a convolution is not fused.
    Source: Jacob et al. 2018 (arXiv:1712.05877), section 3.2.

    >>> from torch.ao.quantization import fuse_modules
    >>> net = nn.Sequential(nn.Conv2d(3, 4, 3), BatchNorm(4)).eval()
    >>> fuse_modules(net, [["0", "1"]], fuse_custom_config_dict=fuse_custom_config())[1]
    Identity()
    """
    known = [(before, BatchNorm) for before in _TORCHS]
    relu = [(before, BatchNorm, nn.ReLU) for before in _BEFORE_RELU]
    return {"additional_fuser_method_mapping": dict.fromkeys([*known, *relu], _fused)}


def _fused(is_qat: bool, before: nn.Module, norm: BatchNorm, *after: nn.Module) -> nn.Module:
    from torch.ao.quantization.fuser_method_mappings import get_fuser_method

    modules = before, _as_torchs(is_qat, before, norm), *after
    return get_fuser_method(tuple(type(part) for part in modules))(is_qat, *modules)


def _as_torchs(is_qat: bool, before: nn.Module, norm: BatchNorm) -> _BatchNorm:
    """torch's batch norm with the very parameters and buffers of ours."""
    if norm.running_mean is None:
        raise SettingError(
            f"fuse_modules: {norm._name} has no running statistics, so that it depends on the batch and "
            f"no convolution can do its work; make it with track_running_stats=True and train it."
        )
    if is_qat and norm.process_group is not None:
        raise SettingError(
            f"fuse_modules_qat: {norm._name} has process_group={norm.process_group!r}, which torch's own "
            f"batch norm would lose; call normlab.nn.desynchronize(model) first."
        )
    made = _TORCHS[type(before)](norm.num_features, norm.eps, norm.momentum, norm.affine)
    made._parameters, made._buffers = norm._parameters, norm._buffers
    return made.train(norm.training)
