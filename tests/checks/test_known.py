"""What `check` finds of layers whose faults and virtues are known, and of hand-written mistakes."""

import pytest
import torch

import normlab
from cases import example
from normlab import nn

IMAGE = (16, 8, 24, 24)


def image(shape=IMAGE):
    return (2.0 * example(shape) + 0.5).float()


def differing(found, outcome="differs"):
    return {finding.check for finding in found.findings if finding.outcome == outcome}


LAST = "output in channels_last at mean 100"
KNOWN = {
    "BatchNorm2d": (torch.nn.BatchNorm2d(8), IMAGE, set()),
    "BatchNorm1d": (torch.nn.BatchNorm1d(8), (8000, 8), {"output at mean 100"}),
    "GroupNorm": (torch.nn.GroupNorm(2, 8), IMAGE, set()),
    "InstanceNorm2d": (torch.nn.InstanceNorm2d(8), IMAGE, set()),
    "LayerNorm": (torch.nn.LayerNorm((8, 6, 6)), (4, 8, 6, 6), set()),
    "RMSNorm": (torch.nn.RMSNorm(8), (32, 8), set()),
    "LocalResponseNorm": (torch.nn.LocalResponseNorm(3), (4, 8, 6, 6), set()),
}
REMARKS = {
    "BatchNorm2d": {LAST},
    "GroupNorm": {LAST},
    "InstanceNorm2d": {"channels_last kept"},
    "LayerNorm": {"channels_last kept"},
    "LocalResponseNorm": {"float16 input", "bfloat16 input"},
}
OURS = {
    "batch": (nn.BatchNorm(8), IMAGE),
    "batch, table": (nn.BatchNorm(8), (8000, 8)),
    "batch, cumulative": (nn.BatchNorm(8, momentum=None), (6, 8, 5)),
    "group": (nn.GroupNorm(2, 8), IMAGE),
    "instance": (nn.InstanceNorm(8, affine=True, track_running_stats=True), IMAGE),
    "layer": (nn.LayerNorm((8, 6, 6)), (4, 8, 6, 6)),
    "rms": (nn.RMSNorm(6), (4, 8, 6)),
    "local_response": (nn.LocalResponseNorm(3), (4, 8, 6, 6)),
    "gdn": (nn.GDN(8), (4, 8, 6, 6)),
    "local_contrast": (nn.LocalContrastNorm(8, size=3), (4, 8, 6, 6)),
    "divisive": (nn.DivisiveNorm(8), (4, 8, 6)),
    "divisive, own window": (nn.DivisiveNorm(8, over="s", size=3, power=1.5), (4, 8, 6, 6)),
    "divisive, learned": (nn.DivisiveNorm(8, kernel=(3, 3), learn_power=True), (4, 8, 6, 6)),
    "divisive, Ren": (nn.DivisiveNorm.ren(8, over="n s", sigma=0.1), (4, 8, 6)),
    "gdn1": (nn.GDN(8, simplified=True), (4, 8, 6)),
}


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_known_of_torchs_layers(name):
    module, shape, expected = KNOWN[name]
    found = normlab.check(module, image(shape))
    assert differing(found) == expected
    assert differing(found, "remark") == REMARKS.get(name, set())
    assert all(f.meaning for f in found.findings if f.outcome in ("differs", "remark"))
    assert found.agrees == (not expected)


@pytest.mark.parametrize(("module", "shape"), OURS.values(), ids=OURS)
def test_our_own_layers_agree_in_everything(module, shape):
    found = normlab.check(module, image(shape))
    assert found.agrees, str(found)


class ByHand(torch.nn.Module):
    """Batch norm for images with one switch for each mistake."""

    def __init__(self, mistake=""):
        super().__init__()
        self.mistake, self.momentum, self.epsilon = mistake, 0.1, 1e-3
        self.gamma = torch.nn.Parameter(torch.linspace(0.5, 1.5, 8))
        self.beta = torch.nn.Parameter(torch.linspace(1.0, -1.0, 8))
        self.register_buffer("running_mean", torch.zeros(8))
        self.register_buffer("running_var", torch.ones(8))

    def forward(self, x):
        if self.mistake == "in place":
            x.mul_(1.0000001).add_(1.0).sub_(1.0)
        mean, var = self.running_mean, self.running_var
        if self.training or self.mistake == "batch in eval":
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
            if self.mistake == "one pass":
                var = x.square().mean((0, 2, 3)) - mean.square()
        if self.training or self.mistake == "moves in eval":
            self.move(mean.detach(), x.detach().var((0, 2, 3), unbiased=self.mistake != "biased"))
        if self.mistake == "detach":
            mean, var = mean.detach(), var.detach()
        if self.mistake == "noise":
            x = x + 1e-3 * torch.randn_like(x)
        wide = [value[:, None, None] for value in (mean, var, self.gamma, self.beta)]
        return (x - wide[0]) / torch.sqrt(wide[1] + self.epsilon) * wide[2] + wide[3]

    def move(self, mean, var):
        share = 0.9 if self.mistake == "momentum" else 0.1
        if self.mistake != "never moves":
            self.running_mean = (1 - share) * self.running_mean + share * mean
            self.running_var = (1 - share) * self.running_var + share * var


MISTAKES = {
    "": (set(), ""),
    "one pass": ({"output at mean 100"}, "E[x²] − E[x]²"),
    "biased": ({"running var"}, "stored is the biased variance"),
    "momentum": ({"running mean", "running var"}, "momentum the wrong way round"),
    "never moves": ({"running mean", "running var"}, "it did not move in training"),
    "batch in eval": ({"output in evaluation"}, "it uses the batch's statistics"),
    "moves in eval": ({"running statistics in evaluation"}, "update only while self.training"),
    "detach": ({"gradient of x"}, "detach()"),
    "in place": ({"input left as it is"}, "compute into a copy"),
    "noise": ({"output", "the same twice"}, "random"),
}


@pytest.mark.parametrize(("mistake", "expected"), MISTAKES.items(), ids=MISTAKES)
def test_a_mistake_is_found_where_it_shows_and_said_in_words(mistake, expected):
    checks, words = expected
    found = normlab.check(ByHand(mistake), image(), row="batch")
    assert checks <= differing(found), str(found)
    if mistake not in ("noise", "in place"):  # which spoil other checks as well
        halves = {"float16 input", "bfloat16 input"}  # it takes its means in half precision
        assert differing(found) - halves == checks, str(found)
    assert words in str(found)


def test_the_module_is_left_as_it_is():
    module, x = ByHand(), image()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    kept = x.clone()
    normlab.check(module, x, row="batch")
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert torch.equal(x, kept) and module.training
    assert all(parameter.grad is None for parameter in module.parameters())
