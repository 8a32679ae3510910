"""A small Transformer that reads an image as the sequence of its inked pixels, padded to one length."""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, relu

from normlab.errors import SettingError
from normlab.lab.training.engine.cell import Training
from normlab.lab.training.engine.data import Data
from normlab.lab.training.engine.networks.images import shrink
from normlab.lab.training.engine.networks.parts import needs_images, normalizer

INK = 0.25  # of the image's largest value; below it, a pixel is background
_FAR = -1e9  # a score whose softmax is 0 exactly

Order = Literal["pre", "post"]


class Tokens(nn.Module):
    """Raw images (N, C, H, W) ≥ 0 → tokens (N, L, 3) of row, column, intensity, and mask (N, L).

    The `length` most inked pixels in order of their ink; True in the mask where there is ink. Rows and
    columns run from −1 to 1, intensity from 0 to 1. `extra` more tokens of padding follow, all zeros.
    """

    grid: Tensor

    def __init__(self, data: Data, length: int):
        super().__init__()
        self.shrink, self.extra = shrink(data), 0
        height, width = self.shrink(data.x[:1]).shape[2:]
        rows, columns = torch.linspace(-1, 1, height), torch.linspace(-1, 1, width)
        grid = torch.cartesian_prod(rows, columns)
        self.length = min(length, len(grid))
        self.register_buffer("grid", grid)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        ink = self.shrink(image).mean(1).flatten(1)
        ink = ink / ink.amax(1, keepdim=True).clamp(min=1e-12)
        value, place = ink.sort(dim=1, descending=True, stable=True)
        value, place = value[:, : self.length], place[:, : self.length]
        mask = value >= INK
        tokens = torch.cat([self.grid[place], value[..., None]], -1) * mask[..., None]
        more = (0, self.extra)
        return pad(tokens, (0, 0, *more)), pad(mask.to(tokens.dtype), more) > 0


class Attention(nn.Module):
    """softmax(q kᵀ/√d + mask) v in several heads: Vaswani et al. 2017 (arXiv:1706.03762), eq. 1."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.three, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        n, length, width = x.shape
        split = self.three(x).reshape(n, length, 3, self.heads, -1)
        q, k, v = split.permute(2, 0, 3, 1, 4).unbind(0)
        scores = q @ k.transpose(-1, -2) / math.sqrt(width / self.heads)
        scores = scores.masked_fill(~mask[:, None, None], _FAR)
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, length, width))


class Layer(nn.Module):
    """Attention and two linear layers, each added to what came in; the norm before or after (pre, post).

    pre: x + f(norm(x)), post: norm(x + f(x)): Xiong et al. 2020 (arXiv:2002.04745), figure 1.
    """

    def __init__(self, cell: Training, width: int, heads: int, order: Order, masked: bool):
        super().__init__()
        self.attention = Attention(width, heads)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.norm_0 = Place(cell, width, masked)
        self.norm_1 = Place(cell, width, masked)
        self.order: Order = order

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        if self.order == "pre":
            x = x + self.attention(self.norm_0(x, mask), mask)
            return x + self._two(self.norm_1(x, mask))
        x = self.norm_0(x + self.attention(x, mask), mask)
        return self.norm_1(x + self._two(x), mask)

    def _two(self, x: Tensor) -> Tensor:
        return self.down(relu(self.up(x)))


class Place(nn.Module):
    """A normaliser for tokens that is told which are padding, or is not."""

    def __init__(self, cell: Training, width: int, masked: bool):
        super().__init__()
        self.norm, self.masked = normalizer(cell, width, "tokens"), masked

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return self.norm(x, mask) if self.masked else self.norm(x)


class Transformer(nn.Module):
    """Tokens, a linear embedding, layers, the mean over what is not padding, a linear readout."""

    def __init__(self, tokens: Tokens, embed: nn.Linear, layers: list[Layer], readout: nn.Module):
        super().__init__()
        self.tokens, self.embed = tokens, embed
        self.layers, self.readout = nn.ModuleList(layers), readout

    def forward(self, image: Tensor) -> Tensor:
        tokens, mask = self.tokens(image)
        x = self.embed(tokens)
        for layer in self.layers:
            x = layer(x, mask)
        weight = mask[..., None].to(x.dtype)
        return self.readout((x * weight).sum(1) / weight.sum(1).clamp(min=1))


def transformer(
    cell: Training,
    data: Data,
    *,
    width: int = 32,
    depth: int = 1,
    heads: int = 4,
    length: int = 32,
    order: Order = "pre",
    masked: bool = False,
) -> nn.Module:
    """For raw images (N, C, H, W), so the cell must say standardize=False.

    masked: whether the normalisers are called with the mask, for which they must take one.
    """
    needs_images(data)
    if order not in ("pre", "post"):
        raise SettingError(f"order={order!r} given; it must be 'pre' or 'post'.")
    tokens = Tokens(data, length)
    embed = nn.Linear(3, width)
    layers = [Layer(cell, width, heads, order, masked) for _ in range(depth)]
    return Transformer(tokens, embed, layers, nn.Linear(width, len(data.classes)))
