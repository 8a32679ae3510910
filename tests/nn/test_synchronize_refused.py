"""Layers that cannot be synchronised: refused in full words, before anything is changed."""

import re

import pytest
import torch
from torch import nn as torchs

from cases import exact
from normlab import nn
from normlab.errors import SettingError


class Frozen(torchs.BatchNorm2d):
    def forward(self, input):
        return torch.nn.functional.batch_norm(input, self.running_mean, self.running_var)


class ByName(torchs.BatchNorm2d):
    def forward(self, input):
        return torchs.BatchNorm2d.forward(self, input)


class Named(torchs.BatchNorm2d):
    def __init__(self, channels):
        super().__init__(channels)
        self._name = "mine"


class Required(torchs.BatchNorm2d):
    """Its subclasses cannot be made without a word of their own."""

    def __init_subclass__(cls, *, word):
        super().__init_subclass__()


def replaced():
    norm = torchs.BatchNorm2d(4)
    norm.forward = norm.forward
    return norm


REFUSED = {
    "lazy": (
        torchs.LazyBatchNorm2d,
        "1.0 is a LazyBatchNorm2d that has seen no input yet; call the model on one batch first, then "
        "convert it.",
    ),
    "a forward of its own": (
        lambda: Frozen(4),
        "1.0 is a Frozen, whose forward does not call super().forward and so normalises by itself; call "
        "it there, or replace the layer by normlab.nn.BatchNorm.",
    ),
    "torch's forward by name": (
        lambda: ByName(4),
        "1.0 is a ByName, whose forward does not call super().forward and so normalises by itself; call "
        "it there, or replace the layer by normlab.nn.BatchNorm.",
    ),
    "a replaced forward": (
        replaced,
        "1.0 is a BatchNorm2d whose forward was replaced on the instance, which would stay as it is; "
        "convert the model before that, or write a subclass that calls super().forward.",
    ),
    "no subclass": (
        lambda: Required(4),
        "1.0 is a Required, of which no subclass can be made (Required.__init_subclass__() missing 1 "
        "required keyword-only argument: 'word'); replace the layer by normlab.nn.BatchNorm.",
    ),
    "a name": (
        lambda: Named(4),
        "1.0 is a Named with an attribute '_name', a name that normlab.nn.BatchNorm needs; rename it.",
    ),
}


@pytest.mark.parametrize(
    ("make", "text"), REFUSED.values(), ids=[f"batch-{name}" for name in REFUSED]
)
def test_a_layer_that_would_not_be_synchronised_is_refused(make, text):
    net = torchs.Sequential(torchs.BatchNorm2d(4), torchs.Sequential(make()))
    kinds = [type(part) for part in net.modules()]
    with pytest.raises(SettingError, match=exact(text)):
        nn.synchronize(net)
    assert [type(part) for part in net.modules()] == kinds  # nothing before it was changed either
    assert nn.desynchronize(net) is net


def test_the_model_itself_may_be_the_layer_that_is_refused():
    with pytest.raises(SettingError, match=re.escape("the model is a Frozen, whose forward")):
        nn.synchronize(Frozen(4))


def test_an_unknown_group_is_refused_before_anything_is_changed():
    net = torchs.Sequential(torchs.BatchNorm2d(4))
    with pytest.raises(SettingError, match=re.escape("process_group='bogus' given; it must be")):
        nn.synchronize(net, "bogus")
    assert type(net[0]) is torchs.BatchNorm2d
