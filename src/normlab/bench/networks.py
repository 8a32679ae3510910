"""Training steps of networks: torchvision's as they are, and with our layers in the place of torch's.

The networks get the same weights and the same batch; one step's loss is compared before they are timed.
"""

import sys
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from normlab import nn as ours
from normlab.bench.grid import LAYOUTS
from normlab.bench.timing import WALL, Clock, Times, timed
from normlab.errors import CheckError, SettingError

AGREEMENT = 1e-3  # of the losses: a network of fifty layers multiplies what rounding does
BATCH, SIDE, CLASSES = 8, 96, 10
_BOXES = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


@dataclass(frozen=True)
class Step:
    """A network's training step on 8 images of 96 × 96 (AlexNet: 224 × 224), and how fast ours should be."""

    name: str
    layout: str
    aim: float | None
    side: int = SIDE


STEPS = (
    *(Step("mobilenet_v2", layout, 1.05) for layout in LAYOUTS),
    *(Step("resnet18", layout, 1.0) for layout in LAYOUTS),
    Step("alexnet", "contiguous", None, 224),
)


def vision() -> Any:
    """The networks of torchvision. Errors: SettingError where it is not installed."""
    try:
        return import_module("torchvision").models
    except ImportError:
        raise SettingError(
            "--networks given, but torchvision is not installed here; install torchvision, or leave "
            "--networks out."
        ) from None
    except (
        RuntimeError
    ):  # its compiled part is for another build of torch; no network here calls it
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        for name in ("nms", "qnms"):
            torch.library.define(f"torchvision::{name}", _BOXES)
        return import_module("torchvision").models


def torchs(name: str) -> nn.Module:
    """The network, untrained; AlexNet with the local response norms of the paper."""
    model = getattr(vision(), name)(num_classes=CLASSES)
    if name == "alexnet":
        for place, module in reversed(list(enumerate(model.features))):
            if isinstance(module, nn.MaxPool2d) and place < 7:
                model.features.insert(place, nn.LocalResponseNorm(5, k=2.0))
        model.classifier[0] = model.classifier[3] = (
            nn.Identity()
        )  # dropout, which is drawn at random
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return model


def with_ours(model: nn.Module) -> nn.Module:
    """A copy with our batch and local response norms, which hold what torch's held."""
    model = deepcopy(model)
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.BatchNorm2d):
                own = ours.BatchNorm(child.num_features, eps=child.eps, momentum=child.momentum)
                own.load_state_dict(child.state_dict())
                setattr(module, name, own)
            elif isinstance(child, nn.LocalResponseNorm):
                own = ours.LocalResponseNorm(child.size, child.alpha, child.beta, child.k)
                setattr(module, name, own)
    return model


def _step(model: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, target: Tensor) -> Tensor:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), target)
    loss.backward()
    optimizer.step()
    return loss.detach()


def timed_step(step: Step, rounds: int, clock: Clock = WALL) -> Mapping[str, Times]:
    """Times of a step of both networks. Errors: CheckError where their first losses differ."""
    torch.manual_seed(0)
    kind = LAYOUTS[step.layout]
    model = torchs(step.name).train()
    both = {"torch": model, "ours": with_ours(model)}
    x = torch.randn(BATCH, 3, step.side, step.side).contiguous(memory_format=kind)
    target = torch.arange(BATCH) % CLASSES
    jobs: dict[str, Callable[[], Tensor]] = {}
    for name, one in both.items():
        one.to(memory_format=kind)  # pyright: ignore[reportCallIssue]
        optimizer = torch.optim.SGD(one.parameters(), lr=1e-6)
        jobs[name] = partial(_step, one, optimizer, x, target)
    losses = {name: job().item() for name, job in jobs.items()}
    if abs(losses["ours"] - losses["torch"]) > AGREEMENT * abs(losses["torch"]):
        raise CheckError(
            f"{step.name}: the first loss is {losses['ours']:.6g} with our layers and "
            f"{losses['torch']:.6g} with torch's; nothing was timed."
        )
    return timed(jobs, rounds, clock)
