"""Real layers of torchvision, timm, transformers and compressai, and what `check` is to make of each.

docs and tests of check and of convert read this one table.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from libraries import compressai, timm, torchvision
from timm.layers import norm as plain
from torch import nn
from transformers.models.convnext.modeling_convnext import ConvNextLayerNorm
from transformers.models.gemma.modeling_gemma import GemmaRMSNorm
from transformers.models.llama.modeling_llama import LlamaRMSNorm
from transformers.models.mistral.modeling_mistral import MistralRMSNorm
from transformers.models.qwen3.modeling_qwen3 import Qwen3RMSNorm
from transformers.models.t5.modeling_t5 import T5LayerNorm

IMAGE, TOKENS, LAST = (4, 8, 6, 5), (4, 7, 8), (4, 6, 5, 8)
PLACES = "over the channels of each place"


@dataclass(frozen=True)
class Real:
    """How a layer is made, an input's shape, and its words ("" for no row)."""

    make: Callable[[], nn.Module]
    shape: tuple[int, ...]
    words: str = ""


tl, misc = timm.layers, torchvision.ops.misc
REAL: dict[str, Real] = {
    # torchvision
    "torchvision FrozenBatchNorm2d": Real(
        lambda: misc.FrozenBatchNorm2d(8), IMAGE, "frozen batch norm"
    ),
    "torchvision LayerNorm2d": Real(
        lambda: torchvision.models.convnext.LayerNorm2d(8), IMAGE, f"layer norm {PLACES}"
    ),
    "torchvision Permute": Real(lambda: misc.Permute([0, 2, 1]), (4, 8, 8)),
    # timm
    "timm BatchNormAct2d": Real(lambda: tl.BatchNormAct2d(8), IMAGE, "batch norm, then ReLU"),
    "timm BatchNormAct2d, SiLU": Real(
        lambda: tl.BatchNormAct2d(8, act_layer=nn.SiLU), IMAGE, "batch norm, then SiLU"
    ),
    "timm BatchNormAct2d, GELU": Real(
        lambda: tl.BatchNormAct2d(8, act_layer=nn.GELU),
        IMAGE,
        "batch norm, then GELU(approximate='none')",
    ),
    "timm BatchNormAct2d, leaky": Real(
        lambda: tl.BatchNormAct2d(8, act_layer=nn.LeakyReLU),
        IMAGE,
        "batch norm, then LeakyReLU(negative_slope=0.01)",
    ),
    "timm BatchNormAct2d, none": Real(
        lambda: tl.BatchNormAct2d(8, apply_act=False), IMAGE, "batch norm"
    ),
    "timm FrozenBatchNormAct2d": Real(
        lambda: tl.FrozenBatchNormAct2d(8), IMAGE, "frozen batch norm, then ReLU"
    ),
    "timm GroupNorm": Real(lambda: tl.GroupNorm(8, 4), IMAGE, "group norm of 4 groups"),
    "timm GroupNorm1": Real(lambda: tl.GroupNorm1(8), IMAGE, "group norm of 1 group"),
    "timm GroupNormAct": Real(
        lambda: tl.GroupNormAct(8, 2), IMAGE, "group norm of 2 groups, then ReLU"
    ),
    "timm GroupNorm1Act": Real(
        lambda: tl.GroupNorm1Act(8), IMAGE, "group norm of 1 group, then ReLU"
    ),
    "timm LayerNorm": Real(lambda: tl.LayerNorm(8), TOKENS, "layer norm"),
    "timm LayerNormFp32": Real(lambda: tl.LayerNormFp32(8), TOKENS, "layer norm, in float32"),
    "timm LayerNorm2d": Real(lambda: tl.LayerNorm2d(8), IMAGE, f"layer norm {PLACES}"),
    "timm LayerNorm2dFp32": Real(
        lambda: tl.LayerNorm2dFp32(8), IMAGE, f"layer norm {PLACES}, in float32"
    ),
    "timm LayerNormExp2d": Real(lambda: plain.LayerNormExp2d(8), IMAGE, f"layer norm {PLACES}"),
    "timm LayerNormAct": Real(lambda: tl.LayerNormAct(8), TOKENS, "layer norm, then ReLU"),
    "timm LayerNormAct2d": Real(
        lambda: tl.LayerNormAct2d(8), IMAGE, f"layer norm {PLACES}, then ReLU"
    ),
    "timm LayerNormAct2dFp32": Real(
        lambda: tl.LayerNormAct2dFp32(8), IMAGE, f"layer norm {PLACES}, in float32, then ReLU"
    ),
    "timm RmsNorm": Real(lambda: tl.RmsNorm(8), TOKENS, "RMS norm"),
    "timm RmsNormFp32": Real(lambda: tl.RmsNormFp32(8), TOKENS, "RMS norm, in float32"),
    "timm RmsNorm2d": Real(lambda: tl.RmsNorm2d(8), IMAGE, f"RMS norm {PLACES}"),
    "timm RmsNorm2dFp32": Real(
        lambda: tl.RmsNorm2dFp32(8), IMAGE, f"RMS norm {PLACES}, in float32"
    ),
    "timm RmsNormAct": Real(lambda: tl.RmsNormAct(8), TOKENS, "RMS norm, then ReLU"),
    "timm RmsNormAct2d": Real(lambda: tl.RmsNormAct2d(8), IMAGE, f"RMS norm {PLACES}, then ReLU"),
    "timm RmsNormAct2dFp32": Real(
        lambda: tl.RmsNormAct2dFp32(8), IMAGE, f"RMS norm {PLACES}, in float32, then ReLU"
    ),
    "timm SimpleNorm": Real(lambda: tl.SimpleNorm(8), TOKENS),
    "timm SimpleNorm2d": Real(lambda: tl.SimpleNorm2d(8), IMAGE),
    "timm FilterResponseNormAct2d": Real(
        lambda: tl.FilterResponseNormAct2d(8), IMAGE, "filter response norm, in float32, then ReLU"
    ),
    "timm FilterResponseNormTlu2d": Real(
        lambda: tl.FilterResponseNormTlu2d(8),
        IMAGE,
        "filter response norm, in float32, then the larger of it and tau",
    ),
    "timm EvoNorm2dB0": Real(lambda: tl.EvoNorm2dB0(8), IMAGE),
    "timm EvoNorm2dB1": Real(lambda: tl.EvoNorm2dB1(8), IMAGE),
    "timm EvoNorm2dS0": Real(lambda: tl.EvoNorm2dS0(8, groups=4), IMAGE),
    "timm SplitBatchNorm2d": Real(lambda: tl.SplitBatchNorm2d(8, num_splits=2), IMAGE),
    "timm GlobalResponseNorm": Real(
        lambda: timm.layers.grn.GlobalResponseNorm(8, channels_last=False), IMAGE
    ),
    # transformers
    "transformers LlamaRMSNorm": Real(lambda: LlamaRMSNorm(8), TOKENS, "RMS norm, in float32"),
    "transformers MistralRMSNorm": Real(lambda: MistralRMSNorm(8), TOKENS, "RMS norm, in float32"),
    "transformers Qwen3RMSNorm": Real(lambda: Qwen3RMSNorm(8), TOKENS, "RMS norm, in float32"),
    "transformers GemmaRMSNorm": Real(
        lambda: GemmaRMSNorm(8),
        TOKENS,
        "RMS norm, weight stored as its difference from 1, in float32",
    ),
    "transformers T5LayerNorm": Real(lambda: T5LayerNorm(8), TOKENS, "RMS norm, in float32"),
    "transformers ConvNextLayerNorm, channels first": Real(
        lambda: ConvNextLayerNorm(8, data_format="channels_first"), IMAGE, f"layer norm {PLACES}"
    ),
    "transformers ConvNextLayerNorm, channels last": Real(
        lambda: ConvNextLayerNorm(8, data_format="channels_last"), LAST, "layer norm"
    ),
    # compressai
    "compressai GDN": Real(lambda: compressai.layers.GDN(8), IMAGE, "GDN"),
    "compressai GDN1": Real(lambda: compressai.layers.GDN1(8), IMAGE, "simplified GDN"),
    "compressai GDN, inverse": Real(lambda: compressai.layers.GDN(8, inverse=True), IMAGE),
}


def drawn(module: nn.Module, seed: int) -> nn.Module:
    """With random weights, and running statistics that are not 0 and 1."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in [*module.named_parameters(), *module.named_buffers()]:
            if value.is_floating_point() and ("reparam" not in name):
                value.add_(0.1 + 0.5 * torch.rand(value.shape, generator=generator))
    return module


def random(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    """Of another deviation and mean for each seed."""
    generator = torch.Generator().manual_seed(100 + seed)
    deviation, mean = 10 ** (seed % 5 - 2.0), (seed % 3 - 1.0)
    return deviation * (torch.randn(shape, generator=generator) + mean)
