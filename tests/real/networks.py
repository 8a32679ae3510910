"""Small networks of torchvision and timm, random weights, whose normalisers are of every kind there."""

import torch
from libraries import timm, torchvision
from torchvision.models.convnext import CNBlockConfig
from torchvision.models.resnet import BasicBlock
from torchvision.models.vision_transformer import VisionTransformer

CLASSES, SIZE = 5, 64
_VISION = torchvision.models


def _timm(name, **more):
    return lambda: timm.create_model(name, num_classes=CLASSES, **more)


NETWORKS = {  # name: (maker, the kind of most of its normalisers)
    "torchvision ResNet": (
        lambda: _VISION.ResNet(BasicBlock, [1, 1, 1, 1], num_classes=CLASSES),
        "batch",
    ),
    "torchvision mobilenet_v3_small": (
        lambda: _VISION.mobilenet_v3_small(num_classes=CLASSES),
        "batch",
    ),
    "torchvision shufflenet_v2_x0_5": (
        lambda: _VISION.shufflenet_v2_x0_5(num_classes=CLASSES),
        "batch",
    ),
    "torchvision DenseNet": (
        lambda: _VISION.DenseNet(8, (2, 2, 2), 16, num_classes=CLASSES),
        "batch",
    ),
    "torchvision ConvNeXt": (
        lambda: _VISION.ConvNeXt(
            [CNBlockConfig(16, 32, 1), CNBlockConfig(32, None, 1)], num_classes=CLASSES
        ),
        "layer",
    ),
    "torchvision VisionTransformer": (
        lambda: VisionTransformer(SIZE, 16, 2, 2, 32, 64, num_classes=CLASSES),
        "layer",
    ),
    "timm test_byobnet": (_timm("test_byobnet"), "batch"),
    "timm test_efficientnet": (_timm("test_efficientnet"), "batch"),
    "timm mobilenetv3_small_050": (_timm("mobilenetv3_small_050"), "batch"),
    "timm test_resnet": (_timm("test_resnet"), "batch"),
    "timm test_convnext": (_timm("test_convnext"), "layer"),
    "timm test_vit": (_timm("test_vit", img_size=SIZE), "layer"),
}


def network(name):
    """In float64, as new."""
    torch.manual_seed(0)
    return NETWORKS[name][0]().double()


def images(seed=0):
    return torch.randn(8, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(seed)).double()
