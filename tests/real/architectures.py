"""Fifty architectures of torchvision and timm with random weights, and what is true of them."""

import torch
from libraries import timm, torchvision
from torch import Tensor, nn

TORCHVISION = """
alexnet convnext_tiny densenet121 efficientnet_b0 googlenet inception_v3 mnasnet0_5 mobilenet_v2
mobilenet_v3_large mobilenet_v3_small regnet_x_400mf regnet_y_400mf resnet18 resnet34
shufflenet_v2_x0_5 shufflenet_v2_x1_0 squeezenet1_1 swin_t vgg11_bn
""".split()  # noqa: SIM905
TIMM = """
convnext_atto dla46_c edgenext_xx_small efficientvit_b0 fastvit_t8 ghostnet_050 hardcorenas_a
lcnet_050 mixnet_s mnasnet_small mobilenetv2_050 mobilenetv3_small_050 mobilenetv4_conv_small
mobilevit_xxs pvt_v2_b0 regnetx_002 repghostnet_050 resnet10t resnet18d test_byobnet test_convnext
test_convnext2 test_efficientnet test_efficientnet_evos test_efficientnet_gn test_mambaout
test_nfnet test_resnet test_vit test_vit2 tinynet_e
""".split()  # noqa: SIM905
OTHER_SIZES = {"inception_v3": 75}
# what is true of a new network: its statistics are those of new layers, biases before norms, layers to fold
TRUE_OF_NEW = {"NRM102", "NRM401", "NRM402"}
# stems that end with a layer norm, whose next block begins with one; a branch that is a batch norm alone, of
# what a batch norm gave
TRUE_OF = {"test_mambaout": {"NRM403"}, "swin_t": {"NRM403"}, "repghostnet_050": {"NRM403"}}


def made(name: str) -> nn.Module:
    torch.manual_seed(0)
    if name in TORCHVISION:
        more = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        return getattr(torchvision.models, name)(weights=None, num_classes=5, **more).eval()
    fixed = {"img_size": 64} if name.startswith("test_vit") else {}
    return timm.create_model(name, num_classes=5, pretrained=False, **fixed).eval()


def images(name: str) -> list[Tensor]:
    """Two batches of two, of the size that it takes."""
    size = OTHER_SIZES.get(name, 64)
    x = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    return [x, 1 - x]


def untrue(name: str, codes: set[str]) -> set[str]:
    """Findings that are not true of the network; two samples are few (NRM201), which is true of all."""
    return codes - TRUE_OF_NEW - {"NRM201"} - TRUE_OF.get(name, set())
