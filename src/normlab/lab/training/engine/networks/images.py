"""Small convolutional networks for images of any size, each with places for a normaliser."""

import math

from torch import Tensor, nn
from torch.nn.functional import relu

from normlab.errors import SettingError
from normlab.lab.training.engine.cell import Training
from normlab.lab.training.engine.data import Data
from normlab.lab.training.engine.networks.parts import Tap, needs_images, normalizer

SIDE = 12  # larger images are averaged over squares first, so that one network's step stays cheap


def shrink(data: Data, side: int = SIDE) -> nn.Module:
    """Averages over squares of pixels, as small as leave at most `side` in height and width."""
    needs_images(data)
    height, width = data.x.shape[2:]
    by = (math.ceil(height / side), math.ceil(width / side))
    return nn.Identity() if by == (1, 1) else nn.AvgPool2d(by, ceil_mode=True)


def _pool(height: int, width: int) -> nn.Module:
    """Halves both sides where there are two pixels to pool."""
    return nn.MaxPool2d(2) if min(height, width) >= 2 else nn.Identity()


def cnn(
    cell: Training, data: Data, *, channels: tuple[int, ...] = (8, 16), place: str = "before"
) -> nn.Module:
    """For each of `channels` (3 × 3 convolution, norm, ReLU, max pooling), means over four quarters, linear
    readout.

    place: the norm "before" or "after" the ReLU. Taps: input_i and normed_i around norm i, output_i before
    the pooling. Input (N, C, H, W).
    """
    if place not in ("before", "after"):
        raise SettingError(f"place={place!r} given; it must be 'before' or 'after' the ReLU.")
    parts = nn.Sequential()
    parts.add_module("shrink", shrink(data))
    height, width = (min(side, SIDE) for side in data.x.shape[2:])
    before = data.x.shape[1]
    for i, after in enumerate(channels):
        parts.add_module(f"conv_{i}", nn.Conv2d(before, after, 3, padding=1))
        if place == "after":
            parts.add_module(f"relu_{i}", nn.ReLU())
        parts.add_module(f"input_{i}", Tap())
        parts.add_module(f"norm_{i}", normalizer(cell, after, "images"))
        parts.add_module(f"normed_{i}", Tap())
        if place == "before":
            parts.add_module(f"relu_{i}", nn.ReLU())
        parts.add_module(f"output_{i}", Tap())
        parts.add_module(f"pool_{i}", _pool(height, width))
        height, width, before = max(1, height // 2), max(1, width // 2), after
    parts.add_module("mean", nn.AdaptiveAvgPool2d(2))
    parts.add_module("flat", nn.Flatten())
    parts.add_module("readout", nn.Linear(4 * before, len(data.classes)))
    return parts


class Block(nn.Module):
    """relu(x + norm(conv(relu(norm(conv x))))): He et al. 2016 (arXiv:1512.03385), figure 2."""

    def __init__(self, cell: Training, channels: int):
        super().__init__()
        self.conv_0 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm_0 = normalizer(cell, channels, "images")
        self.conv_1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm_1 = normalizer(cell, channels, "images")

    def forward(self, x: Tensor) -> Tensor:
        inner = relu(self.norm_0(self.conv_0(x)))
        return relu(x + self.norm_1(self.conv_1(inner)))


def resnet(cell: Training, data: Data, *, channels: int = 8, blocks: int = 3) -> nn.Module:
    """A convolution with norm, residual blocks of one width, global mean, linear readout.

    The sides are halved after the first block. Input (N, C, H, W).
    """
    shrunk = shrink(data)
    height, width = (min(side, SIDE) for side in data.x.shape[2:])
    stem = [
        nn.Conv2d(data.x.shape[1], channels, 3, padding=1),
        normalizer(cell, channels, "images"),
        nn.ReLU(),
    ]
    body: list[nn.Module] = [Block(cell, channels) for _ in range(blocks)]
    body.insert(1, _pool(height, width))
    readout = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, len(data.classes))]
    return nn.Sequential(shrunk, *stem, *body, *readout)
