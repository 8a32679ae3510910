"""The doctor on architectures with random weights: no crash, and nothing said that is not true of them."""

import pytest
import torch
from libraries import timm, torchvision
from torch import nn

from normlab.doctor import examine

TORCHVISION = ["alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "efficientnet_v2_s", "googlenet", "inception_v3", "maxvit_t", "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small", "regnet_x_400mf", "regnet_y_400mf", "resnet18", "resnet50", "resnext50_32x4d", "shufflenet_v2_x0_5", "squeezenet1_1", "swin_t", "swin_v2_t", "vgg11_bn", "vit_b_32", "wide_resnet50_2"]
TIMM = ["test_byobnet", "test_convnext", "test_convnext2", "test_efficientnet", "test_efficientnet_evos", "test_efficientnet_gn", "test_mambaout", "test_nfnet", "test_resnet", "test_vit", "test_vit2", "mobilenetv3_small_050", "ghostnet_050", "hardcorenas_a", "lcnet_050", "mobileone_s0", "repvgg_a0", "rexnet_100", "semnasnet_075", "spnasnet_100", "tf_efficientnet_lite0", "tinynet_e", "dla34", "hgnetv2_b0", "resnetv2_18", "efficientvit_b0", "fastvit_t8"]
OTHER_SIZES = {
    "inception_v3": 75,
    "swin_t": 64,
    "maxvit_t": 224,
    "vit_b_32": 224,
    "mobileone_s0": 64,
}
# what is true of a new network: its statistics are those of new layers, biases before norms, layers to fold
TRUE_OF_NEW = {"NRM102", "NRM401", "NRM402"}
# and of these: momentum 0.99 in torchvision's MaxViT (pytorch/vision#8250)
TRUE_OF = {"maxvit_t": {"NRM303"}}


def made(name):
    torch.manual_seed(0)
    if name in TORCHVISION:
        more = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        return getattr(torchvision.models, name)(weights=None, num_classes=5, **more)
    fixed = {"img_size": 64} if "vit" in name.split("_")[1:2] or name.startswith("test_vit") else {}
    return timm.create_model(name, num_classes=5, pretrained=False, **fixed)


def codes_of(name, batches):
    model = made(name).eval()
    return model, examine(model, batches)


@pytest.mark.parametrize("name", TORCHVISION + TIMM)
def test_nothing_untrue_is_said_of_random_weights(name):
    size = OTHER_SIZES.get(name, 64)
    model = made(name).eval()
    x = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    report = examine(model, [x, 1 - x])
    found = {finding.code for finding in report.findings if finding.code != "NRM201"}
    assert found <= TRUE_OF_NEW | TRUE_OF.get(name, set())
    kinds = nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm
    there = sum(isinstance(part, kinds) for part in model.modules())
    assert len(report.layers) + len(report.not_examined) >= there
