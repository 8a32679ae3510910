"""Layers that cannot be exchanged are refused in words before anything is changed; others run."""

import warnings

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize, prune

import normlab
from normlab.errors import CheckError

KINDS = ("group", "layer", "instance", "rms", "divisive", "frozen", "sync", "batch", "normlab")
BY_CLASS = ("sync", "batch")  # which keep the layer itself
X = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def lazy():
    return nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.ReLU())


def plain():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).eval()
    nn.init.uniform_(model[1].weight, 0.5, 2.0)
    return model


def quantised():
    with warnings.catch_warnings(action="ignore"):
        import torch.ao.nn.quantized as quantized

        return nn.Sequential(quantized.BatchNorm2d(4)).eval()


def prepared():
    with warnings.catch_warnings(action="ignore"):
        import torch.ao.nn.intrinsic.qat as qat
        from torch.ao.quantization import get_default_qat_qconfig

        return nn.Sequential(qat.ConvBn2d(3, 4, 3, qconfig=get_default_qat_qconfig("fbgemm")))


def fused():
    import torch.ao.nn.intrinsic as intrinsic

    return nn.Sequential(nn.Conv2d(3, 4, 3), intrinsic.BNReLU2d(nn.BatchNorm2d(4), nn.ReLU()))


def scripted():
    with warnings.catch_warnings(action="ignore"):
        return torch.jit.script(plain())


def traced():
    with warnings.catch_warnings(action="ignore"):
        return nn.Sequential(torch.jit.trace(plain(), X))


def pruned():
    model = plain()
    prune.l1_unstructured(model[1], "weight", amount=1)
    return model


class Twice(nn.Module):
    def forward(self, w):
        return 2 * w


def parametrised():
    model = plain()
    parametrize.register_parametrization(model[1], "weight", Twice())
    return model


class Functional(nn.Module):
    """Its batch norm is never called: only its numbers are read."""

    def __init__(self):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, x):
        b = self.bn
        return nn.functional.batch_norm(
            self.conv(x), b.running_mean, b.running_var, b.weight, b.bias, b.training
        )


ALL_KINDS = {
    "lazy": (lazy, "1: LazyBatchNorm2d has seen no input yet"),
    "quantised": (quantised, "0: it is the BatchNorm2d of torch.ao.quantization"),
    "prepared for quantisation": (prepared, "0.bn: it is a part of the ConvBn2d of torch.ao"),
    "fused for quantisation": (fused, "1.0: it is a part of the BNReLU2d of torch.ao"),
    "scripted": (scripted, "1: it is compiled by TorchScript"),
    "traced": (traced, "0.1: it is compiled by TorchScript"),
    "functional": (Functional, "bn: the forward of Functional reads running statistics itself"),
}


@pytest.mark.filterwarnings("ignore:.*Lazy modules are a new feature")
@pytest.mark.parametrize("to", KINDS)
@pytest.mark.parametrize(("make", "message"), ALL_KINDS.values(), ids=ALL_KINDS)
def test_refused_whatever_it_is_to_become(make, message, to):
    model = make()
    for inplace in (False, True):
        with pytest.raises(CheckError, match=f"^convert: {message}"):
            normlab.convert(model, to=to, inplace=inplace)
        with pytest.raises(CheckError, match=f"^convert: {message}"):
            normlab.convert(model, to=to, inplace=inplace, **calibration(to))
    assert not any(isinstance(part, nn.GroupNorm) for part in model.modules())


def calibration(to):
    return {} if to == "normlab" else {"calibration": [X]}


def tagged():
    model = plain()
    model[1].register_buffer("mask", torch.ones(4))
    return model


def with_child():
    model = plain()
    model[1].gate = nn.Linear(4, 4)
    return model


def replaced_forward():
    model = plain()
    model[1].forward = lambda x: x
    return model


class Listing(nn.Module):
    """Its layers also stand in a plain list, which it goes through."""

    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(3)
        self.order = [("first", self.bn)]

    def forward(self, x):
        for _, layer in self.order:
            x = layer(x)
        return x


LOSING = {
    "pruned": (
        pruned,
        r"1: its weight is pruned by a mask.*prune\.remove\(layer, 'weight'\) first",
    ),
    "parametrised": (
        parametrised,
        r"1: its weight is parametrised.*remove_parametrizations\(layer",
    ),
    "a buffer": (tagged, r"1: this BatchNorm2d also holds mask, which would be lost"),
    "a module": (with_child, r"1: this BatchNorm2d also has gate, which would be lost"),
    "a replaced forward": (replaced_forward, "1: .*forward.* was replaced on the"),
    "held in a list": (Listing, "bn: it is also held in order, outside the modules of the model"),
}
KEPT = [
    (case, to) for case in LOSING for to in BY_CLASS if (case, to) != ("a replaced forward", "sync")
]
LOST = [(case, to) for case in LOSING for to in KINDS if (case, to) not in KEPT]


@pytest.mark.parametrize(("case", "to"), LOST)
def test_what_a_new_layer_would_lose_is_refused(case, to):
    make, message = LOSING[case]
    for inplace in (False, True):
        with pytest.raises(CheckError, match=f"^convert: {message}"):
            normlab.convert(make(), to=to, inplace=inplace)


@pytest.mark.parametrize("inplace", [False, True], ids=["copy", "in place"])
@pytest.mark.parametrize(("case", "to"), KEPT)
def test_a_layer_that_stays_keeps_its_value(case, to, inplace):
    model = LOSING[case][0]().eval()
    x = X if case != "held in a list" else X[:, :3]
    expected = model(x)
    new = normlab.convert(model, to=to, inplace=inplace)
    assert torch.equal(new(x), expected)
    assert new.state_dict().keys() == model.state_dict().keys()


@pytest.mark.parametrize("to", ["group", "frozen", "sync"])
@pytest.mark.parametrize("how", ["a pruned convolution", "pruning made permanent"])
def test_pruning_elsewhere_stays(how, to):
    model = plain() if how == "a pruned convolution" else pruned()
    if how == "a pruned convolution":
        prune.l1_unstructured(model[0], "weight", amount=0.5)
    else:
        prune.remove(model[1], "weight")
    model(X)
    new = normlab.convert(model, to=to)
    assert torch.equal(new[1].weight, model[1].weight)
    assert torch.equal(new[0].weight, model[0].weight)
    if to != "group":
        assert torch.equal(new(X), model(X))


RUNNING = {
    "an fx graph": lambda: torch.fx.symbolic_trace(plain()),
    "compiled": lambda: torch.compile(plain(), backend="eager"),
    "DataParallel": lambda: nn.DataParallel(plain()),
}


@pytest.mark.parametrize("to", ["group", "frozen", "sync", "normlab"])
@pytest.mark.parametrize("make", RUNNING.values(), ids=RUNNING)
def test_wrapped_models_run_as_plain_ones(make, to):
    new = normlab.convert(make(), to=to, **calibration(to))
    expected = normlab.convert(plain(), to=to, **calibration(to))
    assert torch.equal(new(X), expected(X))
