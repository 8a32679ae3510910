"""Six small networks of torch modules, each the way its family puts normalisers to use."""

import torch
from torch import nn


def conv(a, b, **more):
    return nn.Sequential(
        nn.Conv2d(a, b, 3, padding=1, bias=False, **more), nn.BatchNorm2d(b), nn.ReLU()
    )


class ResNetLike(nn.Module):
    """Residual blocks, a strided shortcut with a norm of its own."""

    def __init__(self):
        super().__init__()
        self.stem = conv(3, 8)
        self.body = nn.Sequential(conv(8, 8), nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8))
        self.down = nn.Sequential(nn.Conv2d(8, 16, 1, stride=2), nn.BatchNorm2d(16))
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        x = self.stem(x)
        return self.head(self.down(torch.relu(x + self.body(x))).mean((2, 3)))


class MobileNetLike(nn.Module):
    """Inverted bottleneck with a depthwise convolution."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            conv(3, 12),
            conv(12, 12, groups=12),
            nn.Conv2d(12, 6, 1, bias=False),
            nn.BatchNorm2d(6, eps=1e-3, momentum=0.01),
        )
        self.head = nn.Linear(6, 5)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))


class UNetLike(nn.Module):
    def __init__(self):
        super().__init__()
        self.down, self.deep, self.up = conv(3, 8), conv(8, 16), conv(24, 8)
        self.last = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        high = self.down(x)
        low = self.deep(nn.functional.max_pool2d(high, 2))
        low = nn.functional.interpolate(low, scale_factor=2.0)
        return self.last(self.up(torch.cat([high, low], 1)))


class DenseNetLike(nn.Module):
    """Norm before activation before convolution, channels growing."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(c), nn.ReLU(), nn.Conv2d(c, 4, 3, padding=1))
            for c in (3, 7, 11)
        )
        self.norm, self.head = nn.BatchNorm2d(15), nn.Linear(15, 5)

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, layer(x)], 1)
        return self.head(self.norm(x).relu().mean((2, 3)))


class TransformerLike(nn.Module):
    """Layer norms without a bias, before attention and after it."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(3, 16)
        self.layer = nn.TransformerEncoderLayer(
            16, 2, 32, dropout=0.0, batch_first=True, norm_first=True, bias=False
        )
        self.norm, self.head = nn.LayerNorm(16, bias=False), nn.Linear(16, 5)

    def forward(self, x):
        tokens = self.embed(x.flatten(2).movedim(1, 2))
        return self.head(self.norm(self.layer(tokens)).mean(1))


class Shared(nn.Module):
    """One norm under two names, used twice, and one weight shared by two norms."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.again = self.norm
        self.tied = nn.BatchNorm2d(8)
        self.tied.weight = self.norm.weight
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x = self.norm(self.first(x)).relu()
        x = self.again(self.second(x)).relu()
        return self.head(self.tied(x).mean((2, 3)))


ALL = {
    "ResNet": ResNetLike,
    "MobileNet": MobileNetLike,
    "UNet": UNetLike,
    "DenseNet": DenseNetLike,
    "Transformer": TransformerLike,
    "shared": Shared,
}


def trained_like(kind, seed=0):
    """In evaluation, its affine and statistics moved as training would: seen data, weights drawn."""
    torch.manual_seed(seed)
    model = kind().double()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d | nn.LayerNorm):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            if module.bias is not None:
                nn.init.normal_(module.bias, std=0.3)
    for batch in batches():
        model(batch)
    return model.eval()


def batches(number=3):
    return [
        torch.randn(8, 3, 8, 8, generator=torch.Generator().manual_seed(i), dtype=torch.float64)
        + 0.5
        for i in range(number)
    ]
