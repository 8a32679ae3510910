"""Every layer in its meaningful configurations, each made for x of shape SHAPE."""

from functools import partial

import pytest
import torch

from cases import example
from normlab import nn
from normlab.nn import beyond

SHAPE = (3, 4, 6, 6)
C, SIDE = SHAPE[1], SHAPE[-1]

CONFIGURATIONS = {
    "BatchNorm": partial(nn.BatchNorm, C),
    "BatchNorm, cumulative": partial(nn.BatchNorm, C, momentum=None),
    "BatchNorm, no statistics": partial(nn.BatchNorm, C, track_running_stats=False),
    "BatchNorm, not affine": partial(nn.BatchNorm, C, affine=False),
    "InstanceNorm": partial(nn.InstanceNorm, C, affine=True),
    "InstanceNorm, tracked": partial(nn.InstanceNorm, C, track_running_stats=True),
    "LayerNorm": partial(nn.LayerNorm, SIDE),
    "RMSNorm": partial(nn.RMSNorm, SIDE),
    "GroupNorm": partial(nn.GroupNorm, 2, C),
    "LayerNorm2d": partial(nn.LayerNorm2d, C),
    "L2Norm": nn.L2Norm,
    "LocalResponseNorm": partial(nn.LocalResponseNorm, 3, 0.6, 0.8, 1.5),
    "LocalContrastNorm": partial(nn.LocalContrastNorm, C, size=3),
    'LocalContrastNorm, sigma="mean"': partial(nn.LocalContrastNorm, C, size=3, sigma="mean"),
    "GDN": partial(nn.GDN, C),
    "GDN, simplified": partial(nn.GDN, C, simplified=True),
    "GDN, inverse": partial(nn.GDN, C, inverse=True),
    "DivisiveNorm": partial(nn.DivisiveNorm, C),
    "DivisiveNorm, window": partial(nn.DivisiveNorm, C, size=3),
    "DivisiveNorm, width": partial(nn.DivisiveNorm, C, width=0.8),
    "DivisiveNorm, learned pool": partial(nn.DivisiveNorm, C, learn_pool=True),
    "DivisiveNorm, learned power": partial(nn.DivisiveNorm, C, learn_power=True),
    "DivisiveNorm, one sigma": partial(nn.DivisiveNorm, C, shared_sigma=True),
    "DivisiveNorm, kernel": partial(nn.DivisiveNorm, C, kernel=(3, 3)),
    "DivisiveNorm, fixed sigma": partial(
        nn.DivisiveNorm, C, sigma=[0.5, 1, 2, 3], learn_sigma=False
    ),
    "DivisiveNorm, over the batch": partial(nn.DivisiveNorm, C, over="n s", reduce="mean"),
    "DivisiveNorm.ren": partial(nn.DivisiveNorm.ren, C, size=3),
    "DivisiveNorm.miller": partial(nn.DivisiveNorm.miller, C),
    "DivisiveNorm.schwartz_simoncelli": partial(nn.DivisiveNorm.schwartz_simoncelli, C),
    "DivisiveNorm.local_contrast": partial(nn.DivisiveNorm.local_contrast, C, size=3),
    "DivisiveNorm.alexnet": partial(nn.DivisiveNorm.alexnet, C),
    "DivisiveNorm.gdn": partial(nn.DivisiveNorm.gdn, C),
    "V1Block": partial(
        nn.V1Block, C, orientations=2, frequencies=(0.25,), phases=(0.0, 90.0), learn_pool=True
    ),
    "GhostBatchNorm": partial(beyond.GhostBatchNorm, C, 2),
    "FrozenBatchNorm": partial(beyond.FrozenBatchNorm, C),
    "BatchRenorm": partial(beyond.BatchRenorm, C),
    "FilterResponseNorm": partial(beyond.FilterResponseNorm, C),
    "FilterResponseNorm, learned eps": partial(beyond.FilterResponseNorm, C, learn_eps=True),
    "GlobalResponseNorm": partial(beyond.GlobalResponseNorm, C),
    "PositionalNorm": partial(beyond.PositionalNorm, C),
    "ScaleNorm": partial(beyond.ScaleNorm, SIDE),
    "DynamicTanh": partial(beyond.DynamicTanh, C),
    "DynamicTanh, channels_last": partial(beyond.DynamicTanh, SIDE, channels_last=True),
    "WeightStandardization": beyond.WeightStandardization,
}


def layer_of(name, dtype=torch.float64):
    """A layer whose parameters are positive and all different."""
    layer = CONFIGURATIONS[name]().to(dtype)
    with torch.no_grad():
        for seed, value in enumerate(layer.parameters()):
            value += 0.1 * example(value.shape, seed, dtype).abs()
    return layer


by_layer = pytest.mark.parametrize("layer", CONFIGURATIONS)
