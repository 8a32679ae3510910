"""The doctor on architectures with random weights: no crash, and nothing said that is not true of them."""

import pytest
import torch
from architectures import TIMM, TORCHVISION, images, made, untrue
from libraries import timm
from torch import nn

from normlab.doctor import examine, fold

KINDS = nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm


def test_there_are_fifty():
    assert len({*TORCHVISION, *TIMM}) == 50


@pytest.mark.parametrize("name", TORCHVISION + TIMM)
def test_nothing_untrue_is_said_of_random_weights(name):
    model = made(name)
    report = examine(model, images(name))
    assert not untrue(name, {finding.code for finding in report.findings})
    there = sum(isinstance(part, KINDS) for part in model.modules())
    assert len(report.layers) + len(report.not_examined) >= there


def with_statistics(model):
    """As if it had been trained: statistics, weights and biases that are not those of a new layer."""
    generator = torch.Generator().manual_seed(1)
    for norm in model.modules():
        if isinstance(norm, nn.modules.batchnorm._BatchNorm):
            for value, low in (
                (norm.running_mean, -0.5),
                (norm.running_var, 0.5),
                (norm.weight, 0.5),
            ):
                value.data.uniform_(low, low + 1, generator=generator)
    return model


@pytest.mark.parametrize("act", [nn.ReLU, nn.SiLU, None])
def test_timms_norm_with_an_activation_goes_into_the_convolution(act):
    norm = timm.layers.BatchNormAct2d(4, act_layer=act, apply_act=act is not None)
    model = with_statistics(nn.Sequential(nn.Conv2d(3, 4, 3), norm)).eval()
    x = torch.randn(2, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    fixed = fold(model, [x])
    assert [row.status for row in fixed.table] == ["done"]
    assert not any(isinstance(part, nn.BatchNorm2d) for part in fixed.model.modules())
    assert torch.allclose(fixed.model(x), model(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["test_byobnet", "test_resnet", "mobilenetv3_small_050"])
def test_whole_networks_of_timm_are_folded(name):
    model = with_statistics(made(name))
    fixed = fold(model, images(name))
    [row] = fixed.table
    assert row.status == "done" and row.refused == ()
    assert not any(isinstance(part, nn.BatchNorm2d) for part in fixed.model.modules())
    assert row.exact <= 1e-12
