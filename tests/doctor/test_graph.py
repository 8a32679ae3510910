"""The graph of a model, traced and seen in a run: both must say the same."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from normlab.doctor.graph import graph_of

X = torch.randn(2, 3, 6, 6, generator=torch.Generator().manual_seed(0))


class Net(nn.Module):
    """What stands between, is used twice, read from outside or skipped: each once."""

    def __init__(self, branches: bool):
        super().__init__()
        self.branches = branches
        for number in range(1, 8):
            self.add_module(f"conv{number}", nn.Conv2d(3, 3, 3, padding=1))
            self.add_module(f"norm{number}", nn.BatchNorm2d(3))
        self.skip, self.act = nn.Identity(), nn.ReLU(inplace=True)
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> dict[str, Tensor]:
        if self.branches and x.sum() > 1e9:
            return {"y": x}
        self.count += 1
        x = self.norm1(self.skip(self.conv1(x)))  # direct, through an Identity
        x = self.act(x)
        if mask is not None:
            x = x * mask
        x = self.norm2(F.relu_(self.conv2(x)))  # a function between, in place
        y = self.conv3(x)
        x = self.norm3(y) + y  # used twice
        x = self.norm4(self.conv4(self.norm4(self.conv4(x))))  # each called twice
        x = self.norm5(self.conv5(x)) + self.conv5.bias.sum()  # read elsewhere
        y = self.conv6(x)
        y.clamp_(max=1.0)  # changed in place
        x = self.norm6(y)
        shape = self.conv7(x).shape
        return {"y": x.reshape(shape[0], -1)}


@pytest.fixture(params=["traced", "seen"])
def found(request):
    net = Net(request.param == "seen")
    graph = graph_of(net, [X])
    assert graph.how == request.param
    return net, graph


def test_what_feeds_a_norm_alone_is_found(found):
    net, graph = found
    assert graph.source(net.norm1) is net.conv1
    assert [user.name for user in graph.users(net.norm1)] == ["act"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("norm2", "function relu"),
        ("norm3", "conv3 feeds 2 steps"),
        ("norm4", "called 2 times"),
        ("norm5", "reads the numbers that conv5 holds"),
        ("norm7", "not called"),
    ],
)
def test_what_stands_in_the_way_is_said(found, name, why):
    net, graph = found
    assert why in graph.obstacle(net.get_submodule(name))
    assert graph.source(net.get_submodule(name)) is None


def test_a_change_in_place_between_is_seen(found):
    net, graph = found
    assert graph.source(net.norm6) is None


def test_asking_for_the_shape_is_no_use(found):
    net, graph = found
    assert graph.users(net.conv7) == ()
    assert graph.calls(net.conv7) == 1


def test_nothing_of_the_model_changes():
    for branches in (False, True):
        net = Net(branches).train()
        before = {name: value.clone() for name, value in net.state_dict().items()}
        state = torch.get_rng_state()
        graph_of(net, [X])
        assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
        assert net.training and torch.equal(torch.get_rng_state(), state)
        assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())


def test_a_leaf_is_one_step_whatever_it_holds():
    block = nn.Sequential(nn.BatchNorm2d(3), nn.ReLU())
    conv = nn.Conv2d(3, 3, 1)
    assert graph_of(nn.Sequential(conv, block), leaves=[block]).source(block) is conv


def test_a_module_under_two_names_is_one():
    conv, norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)
    graph = graph_of(nn.Sequential(conv, norm, conv, norm))
    assert graph.calls(norm) == graph.calls(conv) == 2


class Training(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.other = nn.BatchNorm2d(3), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.other(x) if self.training else x)


def test_the_mode_is_the_one_asked_for():
    net = Training()
    assert graph_of(net).calls(net.other) == 0
    assert graph_of(net, training=True).calls(net.other) == 1


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
def test_what_is_not_known_is_said():
    assert "no batch was given" in graph_of(Net(branches=True)).why
    scripted = torch.jit.script(nn.Sequential(nn.BatchNorm2d(3)))
    assert "TorchScript" in graph_of(scripted).why
    assert "does not run" in graph_of(Net(branches=True), [torch.ones(2, 7, 6, 6)]).why
