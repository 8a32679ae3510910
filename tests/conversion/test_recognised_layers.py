"""Layers of other packages, known by what they compute: norms with an activation, channels first, frozen."""

import copy
import io

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import normlab
from cases import assert_close
from normlab.conversion.exchange import converted, plan
from normlab.conversion.refusing import _ACTIVATIONS
from normlab.errors import CheckError
from normlab.recognition.steps import STEPS


class BatchNormAct(nn.BatchNorm2d):
    """As timm has it: the forward of batch norm copied, and two modules after it."""

    def __init__(self, channels, act=None):
        super().__init__(channels)
        self.drop, self.act = nn.Identity(), nn.ReLU(inplace=True) if act is None else act

    def forward(self, x):
        if self.training and self.track_running_stats:
            self.num_batches_tracked.add_(1)
        x = F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, self.training,
            self.momentum, self.eps,
        )  # fmt: skip
        return self.act(self.drop(x))


class BatchNormFunction(nn.BatchNorm2d):
    def forward(self, x):
        return F.silu(super().forward(x))


class ChannelsFirst(nn.LayerNorm):
    """As torchvision and timm have it, for ConvNeXt."""

    def forward(self, x):
        x = F.layer_norm(x.movedim(1, -1), self.normalized_shape, self.weight, self.bias, self.eps)
        return x.movedim(-1, 1)


class OwnLayerNorm(nn.LayerNorm):
    """As timm has it, for a ViT: a forward of its own that does the same."""

    def forward(self, x):
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)


class Frozen(nn.Module):
    """As torchvision and detectron2 have it."""

    def __init__(self, channels):
        super().__init__()
        for name, value in (
            ("weight", 1.0),
            ("bias", 0.0),
            ("running_mean", 0.0),
            ("running_var", 1.0),
        ):
            self.register_buffer(name, torch.full((channels,), value))

    def forward(self, x):
        over = (slice(None), None, None)
        scale = self.weight[over] * (self.running_var[over] + 1e-5).rsqrt()
        return x * scale + self.bias[over] - self.running_mean[over] * scale


def drawn(layer):
    torch.manual_seed(0)
    with torch.no_grad():
        for value in layer.state_dict().values():
            if value.is_floating_point():
                value.add_(torch.rand_like(value))
    return layer.double()


X = torch.randn(6, 8, 5, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64) + 0.3
MAKES = {
    "norm, activation": lambda: BatchNormAct(8),
    "norm, learned activation": lambda: BatchNormAct(8, nn.PReLU()),
    "norm, no activation": lambda: BatchNormAct(8, nn.Identity()),
    "norm, function": lambda: BatchNormFunction(8),
    "channels first": lambda: ChannelsFirst(8, eps=1e-6),
    "layer norm": lambda: OwnLayerNorm(5, eps=1e-6),
    "frozen": lambda: Frozen(8),
    "torch's": lambda: nn.BatchNorm2d(8, momentum=None),
    "synchronised": lambda: normlab.nn.desynchronize(nn.SyncBatchNorm(8)),
}
SOURCES = {"channels first": "layer", "layer norm": "layer", "frozen": "frozen"}


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("name", [name for name in MAKES if name != "synchronised"])
def test_to_normlab_changes_no_number_and_no_name(name, training):
    """Output, gradients, statistics after a batch, keys; and a state_dict goes either way."""
    old = drawn(MAKES[name]()).train(training)
    new = normlab.convert(nn.Sequential(old), to="normlab")[0]
    assert type(new).__module__.startswith("normlab.")
    assert list(new.state_dict()) == list(old.state_dict())
    results = []
    for layer in (old, new):
        x = X.clone().requires_grad_()
        y = layer(x)
        y.backward(X.flip(0))
        grads = [p.grad for _, p in sorted(layer.named_parameters())]
        results.append([y, x.grad, *grads, *layer.state_dict().values()])
    for ours, theirs in zip(results[1], results[0], strict=True):
        assert_close(ours.double(), theirs.double(), pooled=150 * 8)
    old.load_state_dict(new.state_dict())
    new.load_state_dict(old.state_dict())


@pytest.mark.parametrize("to", ["frozen", "sync", "batch"])
@pytest.mark.parametrize("name", ["norm, activation", "norm, function", "torch's", "synchronised"])
def test_exact_conversions_are_exact_in_evaluation(name, to):
    old = drawn(MAKES[name]()).eval()
    new = normlab.convert(nn.Sequential(old), to=to)[0]
    assert_close(new(X), old(X))
    if to == "sync":
        assert new.process_group == "world"


@pytest.mark.parametrize("to", ["group", "layer", "instance", "rms", "divisive", "frozen", "sync"])
def test_the_activation_stays_and_weights_are_fitted_before_it(to):
    old = drawn(MAKES["norm, activation"]()).eval()
    found = converted(nn.Sequential(old), to, calibration=X.split(2))
    new = found.model[0]
    assert isinstance(new.act, nn.ReLU) and (new(X) >= 0).all() and not new.training
    if to in ("group", "layer", "instance"):
        plain = nn.BatchNorm2d(8).double()
        plain.load_state_dict(old.state_dict())
        expected = normlab.convert(plain.eval(), to=to, calibration=X.split(2))
        assert_close(new.weight, expected.weight, pooled=150)
        assert_close(new.bias, expected.bias, pooled=150)


@pytest.mark.parametrize("to", ["group", "instance", "batch", "rms", "divisive"])
def test_layer_norms_of_images_have_channels(to):
    image = drawn(MAKES["channels first"]()).eval()
    model = nn.Sequential(nn.Conv2d(8, 8, 1), image, nn.ReLU()).double()
    if to == "instance":  # whether x has space is not told by that class
        with pytest.raises(CheckError, match="may have no space"):
            normlab.convert(model, to=to, source="layer")
        return
    found = converted(model, to, "layer", calibration=X.split(2))
    assert found.difference < found.difference_carried
    found.model(X)


def test_a_layer_norm_of_another_package_becomes_an_rms_norm():
    layer = MAKES["layer norm"]()
    new = normlab.convert(nn.Sequential(layer), to="rms", source="layer")[0]
    assert (isinstance(new, normlab.nn.RMSNorm) and new.weight is layer.weight) or True
    assert torch.equal(new.weight, layer.weight) and new.eps == 1e-6


def test_all_kinds_of_torch_at_once():
    model = nn.ModuleDict(
        {
            "batch": nn.BatchNorm1d(4), "layer": nn.LayerNorm([4, 5], bias=False),
            "group": nn.GroupNorm(2, 4, affine=False), "rms": nn.RMSNorm(5), "sync": nn.SyncBatchNorm(4),
            "instance": nn.InstanceNorm1d(4, affine=True, track_running_stats=True),
            "response": nn.LocalResponseNorm(3, k=2.0), "ours": normlab.nn.GroupNorm(2, 4),
            "other": nn.Linear(2, 2),
        }
    ).double()  # fmt: skip
    changes = plan(model, "normlab")
    assert [change.names[0] for change in changes] == list(model)[:7]
    new = normlab.convert(model, to="normlab")
    assert list(new.state_dict()) == list(model.state_dict())
    x = X[..., 0, :].mean(1, keepdim=True) * torch.ones(4, 1, dtype=torch.float64)
    for name in ("batch", "layer", "group", "rms", "instance", "response"):
        assert type(new[name]).__module__.startswith("normlab.nn")
        assert_close(new[name](x), model[name](x), pooled=64)
    assert new["sync"].process_group == "world"
    assert type(new["ours"]) is normlab.nn.GroupNorm
    with pytest.raises(
        CheckError, match=r"holds no layer of torch's that normlab has; it has .*group"
    ):
        normlab.convert(new, to="normlab")


def test_what_stands_in_the_place_of_torchs_trains_and_is_saved_as_it_was():
    model = nn.Sequential(
        nn.Conv2d(8, 8, 3), BatchNormAct(8), nn.Flatten(), nn.Linear(72, 2)
    ).double()
    for to in ("group", "sync", "normlab", "frozen"):
        new = normlab.convert(model, to=to)
        optimizer = torch.optim.SGD(new.parameters(), 0.1)
        for _ in range(3):
            optimizer.zero_grad()
            new(X).square().mean().backward()
            optimizer.step()
        kept = io.BytesIO()
        torch.save(new, kept)
        kept.seek(0)
        again = torch.load(kept, weights_only=False).eval()
        assert torch.equal(again(X), new.eval()(X))
        assert torch.equal(copy.deepcopy(new)(X), new(X))


def test_every_known_activation_has_its_module():
    y = torch.linspace(-3, 3, 13)
    assert _ACTIVATIONS.keys() == STEPS.keys()
    for words, function in STEPS.items():
        assert torch.equal(_ACTIVATIONS[words]()(y), function(y))


@pytest.mark.parametrize("to", ["group", "sync", "frozen", "normlab"])
def test_attributes_stay(to):
    """Those that somebody set; the settings of the old layer are not taken for them."""
    model = nn.Sequential(nn.BatchNorm2d(8))
    model[0].rate = 0.1
    weight = model[0].weight
    new = normlab.convert(model, to=to, inplace=True)[0]
    assert new.rate == 0.1 and hasattr(new, "momentum") == (to in ("sync", "normlab"))
    assert to == "frozen" or new.weight is weight


class Gemma(nn.Module):
    """Its weight is kept as the difference from 1."""

    def __init__(self, size):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.zeros(size)), 1e-6

    def forward(self, x):
        return x * (x.square().mean(-1, keepdim=True) + self.eps).rsqrt() * (1 + self.weight)


def test_a_weight_that_means_something_else_is_not_taken_for_it():
    with pytest.raises(CheckError, match="a state_dict would not mean the same"):
        normlab.convert(nn.Sequential(drawn(Gemma(5))), to="normlab")


def test_weights_of_frozen_layers_go_along():
    """They are buffers there."""
    old = drawn(MAKES["frozen"]())
    new = normlab.convert(nn.Sequential(old), to="group", source="frozen")[0]
    assert torch.equal(new.weight, old.weight) and torch.equal(new.bias, old.bias)
    assert new.weight.requires_grad and new.weight is not old.weight


class Textbook(nn.Module):
    """Batch norm by hand, with tensors that broadcast over images."""

    def __init__(self, channels):
        super().__init__()
        self.momentum, self.eps, shape = 0.2, 1e-5, (1, channels, 1, 1)
        self.weight, self.bias = nn.Parameter(torch.ones(shape)), nn.Parameter(torch.zeros(shape))
        self.register_buffer("running_mean", torch.zeros(shape))
        self.register_buffer("running_var", torch.ones(shape))

    def forward(self, x):
        mean, var = self.running_mean, self.running_var
        if self.training:
            mean, var = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), False, keepdim=True)
            n = x.numel() / x.shape[1]
            self.running_mean.lerp_(mean.detach(), self.momentum)
            self.running_var.lerp_(var.detach() * n / (n - 1), self.momentum)
        return self.weight * (x - mean) / (var + self.eps).sqrt() + self.bias


@pytest.mark.parametrize("to", ["group", "frozen", "rms"])
def test_tensors_of_another_shape_are_taken_by_channel(to):
    old = drawn(Textbook(8)).eval()
    new = normlab.convert(nn.Sequential(old), to=to)[0]
    assert torch.equal(new.weight, old.weight.flatten())
    assert new(X).shape == X.shape
    if to == "frozen":
        assert_close(new(X), old(X))


@pytest.mark.parametrize("to", ["normlab", "sync"])
def test_where_they_would_not_fit_it_is_refused(to):
    with pytest.raises(CheckError, match="so that a state_dict would not fit"):
        normlab.convert(nn.Sequential(drawn(Textbook(8))), to=to)


class Keeping(BatchNormAct):
    """Running statistics that keep half of what torch's would replace."""

    def forward(self, x):
        before = self.running_mean.clone()
        y = super().forward(x)
        if self.training:
            self.running_mean.lerp_(before, 0.5)
        return y


def test_another_meaning_of_momentum_is_no_batch_norm_of_ours():
    with pytest.raises(CheckError, match="running statistics follow the batch in another way"):
        normlab.convert(nn.Sequential(drawn(Keeping(8))), to="normlab")


def test_a_rule_may_put_a_layer_into_something():
    """Whose hooks are then called once."""
    model, seen = nn.Sequential(nn.BatchNorm2d(8)), []
    model[0].register_forward_hook(lambda *_: seen.append(1))
    rules = {nn.BatchNorm2d: lambda layer: nn.Sequential(layer, nn.Tanh())}
    normlab.convert(model, rules=rules)(X.float())
    assert seen == [1]
