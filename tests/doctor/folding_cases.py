"""Pairs of a layer and the norm after it, with an input: each can be folded, and its bias dropped."""

import torch
from torch import Tensor, nn


def _x(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1)) + 0.5


def trained(model: nn.Module) -> nn.Module:
    """With numbers that are all different from what torch begins with."""
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for name, value in [*model.named_parameters(), *model.named_buffers()]:
            if value.is_floating_point():
                drawn = torch.rand(value.shape, generator=generator) + 0.3
                value.copy_(drawn if "var" in name else 2 * drawn - 1.6)
    return model.eval()


def _pair(layer: nn.Module, norm: nn.Module) -> nn.Module:
    return trained(nn.Sequential(layer, norm, nn.ReLU()))


CASES = {
    "conv1d": (lambda: _pair(nn.Conv1d(3, 4, 3), nn.BatchNorm1d(4)), _x(5, 3, 9)),
    "conv2d": (lambda: _pair(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)), _x(5, 3, 7, 7)),
    "conv3d": (lambda: _pair(nn.Conv3d(2, 4, 2), nn.BatchNorm3d(4)), _x(4, 2, 4, 4, 4)),
    "conv without bias": (
        lambda: _pair(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4)),
        _x(5, 3, 7, 7),
    ),
    "grouped conv": (
        lambda: _pair(nn.Conv2d(4, 6, 3, groups=2, stride=2), nn.BatchNorm2d(6)),
        _x(5, 4, 7, 7),
    ),
    "depthwise conv, reflecting": (
        lambda: _pair(
            nn.Conv2d(4, 4, 3, groups=4, padding=1, padding_mode="reflect"), nn.BatchNorm2d(4)
        ),
        _x(5, 4, 7, 7),
    ),
    "transposed 1d": (
        lambda: _pair(nn.ConvTranspose1d(3, 4, 3), nn.BatchNorm1d(4)),
        _x(5, 3, 6),
    ),
    "transposed 2d": (
        lambda: _pair(nn.ConvTranspose2d(3, 4, 3, stride=2), nn.BatchNorm2d(4)),
        _x(5, 3, 4, 4),
    ),
    "grouped transposed": (
        lambda: _pair(nn.ConvTranspose2d(4, 6, 3, groups=2), nn.BatchNorm2d(6)),
        _x(5, 4, 4, 4),
    ),
    "transposed 3d, no bias": (
        lambda: _pair(nn.ConvTranspose3d(2, 4, 2, bias=False), nn.BatchNorm3d(4)),
        _x(4, 2, 3, 3, 3),
    ),
    "linear": (lambda: _pair(nn.Linear(3, 4), nn.BatchNorm1d(4)), _x(6, 3)),
    "linear, no affine": (
        lambda: _pair(nn.Linear(3, 4), nn.BatchNorm1d(4, affine=False)),
        _x(6, 3),
    ),
    "conv, no affine": (
        lambda: _pair(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, affine=False)),
        _x(5, 3, 7, 7),
    ),
    "norm without bias": (
        lambda: _pair(nn.Linear(3, 4), nn.BatchNorm1d(4, bias=False)),
        _x(6, 3),
    ),
    "synchronised": (
        lambda: _pair(nn.Conv2d(3, 4, 3), nn.SyncBatchNorm(4)),
        _x(5, 3, 7, 7),
    ),
}
