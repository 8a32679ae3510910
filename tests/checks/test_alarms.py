"""What must not be alarmed: right modules drawn at random, in every form that people write them."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import normlab
from normlab import nn as ours


def randomly(module, seed):
    """With random weights and statistics."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in [*module.parameters(), *module.buffers()]:
            if value.is_floating_point():
                value.add_(torch.rand(value.shape, generator=generator))
    return module


def differing(found):
    return {finding.check for finding in found.findings if finding.outcome == "differs"}


class LayerNorm2d(nn.LayerNorm):
    """timm, torchvision: a subclass with another forward."""

    def forward(self, x):
        affine = self.weight, self.bias, self.eps
        last = F.layer_norm(x.permute(0, 2, 3, 1), self.normalized_shape, *affine)
        return last.permute(0, 3, 1, 2)


class ChannelsFirst(nn.Module):
    """ConvNeXt: by hand."""

    def __init__(self, dim, eps=1e-6):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(dim)), nn.Parameter(torch.zeros(dim))
        self.eps = eps

    def forward(self, x):
        d = x - x.mean(1, keepdim=True)
        y = d / torch.sqrt((d * d).mean(1, keepdim=True) + self.eps)
        return self.weight[:, None, None] * y + self.bias[:, None, None]


class OneGroup(nn.GroupNorm):
    def __init__(self, dim):
        super().__init__(1, dim)


class RMSNorm2d(nn.Module):
    def __init__(self, dim, eps=1e-6):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(dim)), eps

    def forward(self, x):
        scale = torch.rsqrt((x * x).mean(1, keepdim=True) + self.eps)
        return x * scale * self.weight[:, None, None]


class InFloat32(nn.Module):
    """LLaMA's: in float32 whatever comes in."""

    def __init__(self, dim, eps=1e-6, offset=0.0):
        super().__init__()
        self.weight, self.variance_epsilon = nn.Parameter(torch.ones(dim) - offset), eps
        self.offset = offset

    def forward(self, x):
        wide = x.to(torch.float32)
        wide = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)
        return (self.offset + self.weight) * wide.to(x.dtype)


class T5(InFloat32):
    """Only its mean square is float32."""

    def forward(self, x):
        variance = x.to(torch.float32).pow(2).mean(-1, keepdim=True)
        return self.weight * (x * torch.rsqrt(variance + self.variance_epsilon))


class ScaledUnit(nn.Module):
    """x-transformers' RMSNorm: unit length times √d."""

    def __init__(self, dim):
        super().__init__()
        self.scale, self.g = dim**0.5, nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return F.normalize(x, dim=-1) * self.scale * self.g


class Frozen(nn.Module):
    """torchvision's, all of it buffers."""

    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.eps = eps
        for name in ("weight", "bias", "running_mean", "running_var"):
            self.register_buffer(name, torch.full((dim,), float(name in ("weight", "running_var"))))

    def forward(self, x):
        scale = (self.weight * (self.running_var + self.eps).rsqrt()).view(1, -1, 1, 1)
        return x * scale + (
            self.bias.view(1, -1, 1, 1) - self.running_mean.view(1, -1, 1, 1) * scale
        )


class Activated(nn.BatchNorm2d):
    """timm's BatchNormAct2d."""

    def __init__(self, dim, act=None):
        super().__init__(dim)
        self.act = act or nn.ReLU(inplace=True)

    def forward(self, x):
        return self.act(super().forward(x))


class Textbook(nn.Module):
    """Buffers under other names, in the shape of the channels; the unbiased variance is kept, as in torch."""

    def __init__(self, dim):
        super().__init__()
        shape = (1, dim, 1, 1)
        self.gamma, self.beta = nn.Parameter(torch.ones(shape)), nn.Parameter(torch.zeros(shape))
        self.register_buffer("moving_mean", torch.zeros(shape))
        self.register_buffer("moving_var", torch.ones(shape))

    def forward(self, x):
        mean, var = self.moving_mean, self.moving_var
        if self.training:
            mean, var = (f((0, 2, 3), keepdim=True) for f in (x.mean, x.var))
            with torch.no_grad():
                self.moving_mean = 0.9 * self.moving_mean + 0.1 * mean
                self.moving_var = 0.9 * self.moving_var + 0.1 * var
            var = ((x - mean) ** 2).mean((0, 2, 3), keepdim=True)
        return self.gamma * (x - mean) / torch.sqrt(var + 1e-5) + self.beta


class GDNByHand(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.beta, self.gamma = nn.Parameter(torch.ones(dim)), nn.Parameter(0.1 * torch.eye(dim))

    def forward(self, x):
        pool = F.conv2d(x**2, self.gamma[..., None, None].abs(), self.beta.abs())
        return x * torch.rsqrt(pool)


IMAGE, LINE, TOKENS, TABLE = (5, 8, 5, 6), (5, 8, 6), (4, 7, 8), (16, 8)
PLACES = "over the channels of each place"
IN_FLOAT32 = "RMS norm, in float32"
# how it is made, the shape, and what it is
RIGHT = {
    "LayerNorm2d": (lambda: LayerNorm2d(8), IMAGE, f"layer norm {PLACES}"),
    "LayerNorm2d, as many places": (lambda: LayerNorm2d(8), (4, 8, 8, 8), f"layer norm {PLACES}"),
    "ConvNeXt": (lambda: ChannelsFirst(8), IMAGE, f"layer norm {PLACES}"),
    "ConvNeXt, as many places": (lambda: ChannelsFirst(8), (4, 8, 8, 8), f"layer norm {PLACES}"),
    "one group": (lambda: OneGroup(8), LINE, "group norm of 1 group"),
    "RMSNorm2d": (lambda: RMSNorm2d(8), IMAGE, f"RMS norm {PLACES}"),
    "LLaMA": (lambda: InFloat32(8), TOKENS, IN_FLOAT32),
    "T5": (lambda: T5(8), TOKENS, IN_FLOAT32),
    "Gemma": (
        lambda: InFloat32(8, offset=1.0),
        TOKENS,
        "RMS norm, weight stored as its difference from 1, in float32",
    ),
    "x-transformers": (lambda: ScaledUnit(8), TOKENS, "RMS norm"),
    "frozen": (lambda: Frozen(8), IMAGE, "frozen batch norm"),
    "ReLU": (lambda: Activated(8), IMAGE, "batch norm, then ReLU"),
    "GELU": (lambda: Activated(8, nn.GELU()), IMAGE, "batch norm, then GELU(approximate='none')"),
    "textbook": (lambda: Textbook(8), IMAGE, "batch norm"),
    "GDN by hand": (lambda: GDNByHand(8), IMAGE, "GDN"),
    "torch BatchNorm1d": (lambda: nn.BatchNorm1d(8), TABLE, "batch norm"),
    "torch BatchNorm2d": (lambda: nn.BatchNorm2d(8), IMAGE, "batch norm"),
    "torch InstanceNorm2d": (
        lambda: nn.InstanceNorm2d(8, affine=True, track_running_stats=True),
        IMAGE,
        "instance norm",
    ),
    "torch LayerNorm": (lambda: nn.LayerNorm(8), TOKENS, "layer norm"),
    "torch RMSNorm": (lambda: nn.RMSNorm(8), TOKENS, "RMS norm"),
    "torch LocalResponseNorm": (lambda: nn.LocalResponseNorm(3), IMAGE, "local response norm"),
    "FrozenBatchNorm": (lambda: ours.beyond.FrozenBatchNorm(8), IMAGE, "frozen batch norm"),
    "PositionalNorm": (lambda: ours.beyond.PositionalNorm(8), IMAGE, f"layer norm {PLACES}"),
    "FilterResponseNorm": (
        lambda: ours.beyond.FilterResponseNorm(8),
        IMAGE,
        "filter response norm, then the larger of it and tau",
    ),
    "ScaleNorm": (lambda: ours.beyond.ScaleNorm(8), TOKENS, "ScaleNorm"),
    "LayerNorm2d of ours": (lambda: ours.LayerNorm2d(8), IMAGE, f"layer norm {PLACES}"),
    "BatchNorm of ours": (lambda: ours.BatchNorm(8), IMAGE, "batch norm"),
    "GroupNorm of ours": (lambda: ours.GroupNorm(4, 8), LINE, "group norm of 4 groups"),
    "GDN of ours": (lambda: ours.GDN(8), IMAGE, "GDN"),
    "DivisiveNorm": (lambda: ours.DivisiveNorm(8), IMAGE, "divisive norm"),
    "LocalContrastNorm": (lambda: ours.LocalContrastNorm(8, size=3), IMAGE, "local contrast norm"),
}


def checked(name, seed, dtype=torch.float32):
    make, shape, words = RIGHT[name]
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(shape, generator=generator, dtype=torch.float64)
    x = (10 ** (seed % 5 - 2.0) * (x + seed % 3 - 1)).to(dtype)
    return normlab.check(randomly(make(), seed).to(dtype), x), words


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_module_is_recognised_and_not_alarmed(name):
    for seed, dtype in enumerate([torch.float32, torch.float64, torch.float32]):
        found, words = checked(name, seed, dtype)
        assert found.words == words
        assert not differing(found), str(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", RIGHT)
def test_five_hundred_right_modules(name):
    """17 of each of 31 kinds."""
    for seed in range(17):
        found, words = checked(name, 100 + seed, (torch.float32, torch.float64)[seed % 2])
        assert found.words == words and not differing(found), f"seed {seed}: {found}"


NONE = {
    "GhostBatchNorm": (ours.beyond.GhostBatchNorm(8, 2), IMAGE, "applied to parts of the batch"),
    "BatchRenorm": (ours.beyond.BatchRenorm(8), IMAGE, "two sets of statistics at once"),
    "GlobalResponseNorm": (ours.beyond.GlobalResponseNorm(8), IMAGE, "multiplies x by"),
    "DynamicTanh": (ours.beyond.DynamicTanh(8), IMAGE, "it pools nothing"),
    "Identity": (nn.Identity(), IMAGE, "it pools nothing"),
    "Dropout": (nn.Dropout(0.0), IMAGE, "it pools nothing"),
    "Softmax": (nn.Softmax(1), IMAGE, "no row of the table"),
    "Linear": (nn.Linear(8, 8), TOKENS, "no row of the table"),
    "a mean of σ": (
        ours.LocalContrastNorm(8, size=3, sigma="mean"),
        IMAGE,
        "which is no row of the table",
    ),
    "rectified": (ours.DivisiveNorm(8, rectify=True), IMAGE, "not part of the equation"),
}


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_row_says_so_and_is_no_failure(name):
    module, shape, why = NONE[name]
    found = normlab.check(module, torch.randn(shape, generator=torch.Generator().manual_seed(0)))
    assert not found.recognised and found.agrees and found.findings == ()
    assert why in found.words and "is not recognised, so nothing was compared" in str(found)


def test_what_float16_cannot_hold_is_no_difference():
    x = 1e5 + 1e3 * torch.randn(8, 16, generator=torch.Generator().manual_seed(0))
    for module in (nn.LayerNorm(16), ours.LayerNorm(16), ours.BatchNorm(16), ours.RMSNorm(16)):
        found = normlab.check(module, x)
        assert not differing(found), str(found)
        assert found["float16 input"].outcome == "does not apply"
        assert "65504" in found["float16 input"].meaning


def test_what_float32_cannot_hold_is_said_as_it_is():
    found = normlab.check(nn.LayerNorm(16), 1e30 * torch.randn(8, 16))
    assert (
        found["output"].meaning
        == "y is NaN or infinite: an intermediate result is too large for its dtype."
    )
    assert found["the same twice"].outcome == "agrees"
