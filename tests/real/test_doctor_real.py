"""The doctor on architectures with random weights: no crash, and nothing said that is not true of them."""

import pytest
import torch
from libraries import timm, torchvision
from torch import nn

from normlab.doctor import examine

TORCHVISION = """
alexnet densenet121 googlenet inception_v3 mnasnet0_5 mobilenet_v2 mobilenet_v3_small regnet_x_400mf
resnet18 shufflenet_v2_x0_5 squeezenet1_1 vgg11_bn
""".split()  # noqa: SIM905
TIMM = """
test_byobnet test_convnext test_convnext2 test_efficientnet test_efficientnet_evos test_efficientnet_gn
test_mambaout test_nfnet test_resnet test_vit test_vit2 ghostnet_050 lcnet_050 mobilenetv3_small_050
tinynet_e
""".split()  # noqa: SIM905
OTHER_SIZES = {"inception_v3": 75}
# what is true of a new network: its statistics are those of new layers, biases before norms, layers to fold
TRUE_OF_NEW = {"NRM102", "NRM401", "NRM402"}
# the stem of MambaOut ends with a layer norm, and its first block begins with one
TRUE_OF = {"test_mambaout": {"NRM403"}}


def made(name):
    torch.manual_seed(0)
    if name in TORCHVISION:
        more = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        return getattr(torchvision.models, name)(weights=None, num_classes=5, **more)
    fixed = {"img_size": 64} if name.startswith("test_vit") else {}
    return timm.create_model(name, num_classes=5, pretrained=False, **fixed)


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
