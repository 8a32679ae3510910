"""Twelve networks of torchvision and timm, converted to each kind and trained five steps."""

import pytest
import torch
from networks import CLASSES, NETWORKS, images, network

import normlab
from cases import assert_close
from normlab.conversion.exchange import converted, plan
from normlab.errors import NormlabError

TARGETS = ("group", "frozen", "sync", "normlab")
EXACT = TARGETS[1:]
BY_KIND = {  # what there is no way to, and in which words
    ("layer", "frozen"): "is not known from source='layer'",
    ("layer", "sync"): "is not known from source='layer'",
}
NOTHING = {  # last dimensions alone
    "torchvision VisionTransformer": "group",
    "timm test_vit": "group",
}


def source_of(name, to):
    return "batch" if to == "normlab" else NETWORKS[name][1]


def losses(model):
    """Of five steps on one batch."""
    torch.manual_seed(0)
    x, target = images(), torch.arange(8) % CLASSES
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4)
    for _ in range(5):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), target)
        loss.backward()
        optimizer.step()
        yield loss.item()


@pytest.mark.parametrize("to", TARGETS)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_converted_and_learns(name, to):
    source = source_of(name, to)
    if (source, to) in BY_KIND or NOTHING.get(name) == to:
        said = BY_KIND.get((source, to), "nothing is left to convert")
        with pytest.raises(NormlabError, match=said):
            normlab.convert(network(name), to, source, skip="refused")
        return
    model = network(name)
    found = converted(model, to, source, skip="refused")
    assert {change.note for change in found.changes if change.left} <= LEFT.get((name, to), set())
    if to in EXACT:
        x = images(1)
        assert_close(found.model.eval()(x), model.eval()(x), pooled=2**16)
    seen = list(losses(found.model.train()))
    assert seen[-1] < seen[0]


LEFT = {
    ("torchvision ConvNeXt", "group"): {
        "it works on the last dimensions, and what it should become on axis 1; exchange it by hand."
    },
    ("timm test_convnext", "group"): {
        "it works on the last dimensions, and what it should become on axis 1; exchange it by hand."
    },
}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_normaliser_of_a_network_is_known(name):
    """Nothing whose class calls itself a norm is passed over by to='normlab'."""
    model = network(name)
    changes = plan(model, "normlab")
    known = {n for change in changes for n in change.names}
    said = {
        n
        for n, part in model.named_modules()
        if "Norm" in type(part).__name__ and not any("Norm" in type(p).__name__ for p in part.children())
        and list(part.parameters())
    }  # fmt: skip
    assert said <= known and not any(change.refused for change in changes)


@pytest.mark.parametrize("to", ["batch", "group"])
def test_calibration_of_a_network_that_timm_made(to):
    model = network("timm test_efficientnet")
    found = converted(model, to, calibration=[images(1)[:4]])
    assert found.difference is not None and found.difference > 0
