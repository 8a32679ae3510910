"""Conversion of a whole model: what must stay the same."""

import copy
import io
import pickle

import pytest
import torch
from test_sync import DOUBLE
from torch import nn as torchs
from torch.nn.utils import parametrize

from cases import assert_close, exact, example
from normlab import nn


class Shifted(torchs.BatchNorm2d):
    """A user's own: another forward around torch's, an attribute, a method, a class attribute."""

    shift = 0.25

    def __init__(self, channels, gain=1.5, **kind):
        super().__init__(channels, **kind)
        self.gain = gain

    def forward(self, input):
        return self.gain * super().forward(input) + self.shift

    def doubled(self):
        return 2 * self.gain


class Twice(Shifted):
    def forward(self, input):
        return super(Twice, self).forward(input) * 2  # noqa: UP008 (older code is written so)


class Loose(torchs.BatchNorm2d):
    def _check_input_dim(self, input):
        """Any rank."""


class OfTheGroup(torchs.SyncBatchNorm):
    def forward(self, input):
        return super().forward(input) + 1.0


class Decorated(torchs.BatchNorm2d):
    @torch.autocast("cpu", enabled=False)
    def forward(self, input):
        return (lambda x: super(Decorated, self).forward(x))(input.double())


class Block(torchs.Module):
    def __init__(self, norm, **kind):
        super().__init__()
        self.a = torchs.Conv2d(4, 4, 3, padding=1, bias=False, **kind)
        self.b = torchs.Conv2d(4, 4, 3, padding=1, bias=False, **kind)
        self.first, self.second = norm(4, **kind), torchs.BatchNorm2d(4, **kind)

    def forward(self, x):
        a = torch.relu(self.first(self.a(x)))
        return torch.relu(x + self.second(self.b(a)))


class ResNet(torchs.Module):
    """A stem, residual blocks in nested containers, a norm that stands at two places, a table's norm."""

    def __init__(self, norm=torchs.BatchNorm2d, **kind):
        super().__init__()
        shared = torchs.BatchNorm2d(4, **kind)
        self.stem = torchs.Sequential(torchs.Conv2d(3, 4, 3, **kind), shared, torchs.ReLU())
        stages = [torchs.Sequential(Block(norm, **kind)), Block(norm, **kind)]
        self.stages = torchs.ModuleList(stages)
        self.again = torchs.ModuleDict({"norm": shared})
        self.head = torchs.Sequential(torchs.Linear(4, 6, **kind), torchs.BatchNorm1d(6, **kind))

    def forward(self, x):
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        return self.head(self.again["norm"](x).mean((2, 3)))


NORMS = {
    "torch's": torchs.BatchNorm2d,
    "a subclass": Shifted,
    "its subclass": Twice,
    "ours": nn.BatchNorm,
}
by_norm = pytest.mark.parametrize("norm", NORMS.values(), ids=[f"batch-{name}" for name in NORMS])


def network(norm=torchs.BatchNorm2d):
    torch.manual_seed(4)
    net = ResNet(norm, **DOUBLE)
    for part in net.modules():
        if isinstance(part, torchs.modules.batchnorm._BatchNorm):
            torchs.init.uniform_(part.weight, 0.5, 1.5), torchs.init.normal_(part.bias)
    return net


def seen(net):
    """Everything about a model that a conversion must leave alone."""
    tensors = [*net.named_parameters(), *net.named_buffers()]
    facts = [(name, id(t), t.dtype, t.device, t.requires_grad) for name, t in tensors]
    parts = [(name, id(part), part.training) for name, part in net.named_modules()]
    return facts, parts, list(net.state_dict()), net.state_dict()._metadata


@by_norm
def test_only_the_class_changes(norm):
    net = network(norm)
    net.stages[0].eval()
    net.stages[1].first.weight.requires_grad_(False)
    net.head.float()
    before, kinds = seen(net), [type(part) for part in net.modules()]
    assert nn.synchronize(net) is net
    assert seen(net) == before
    assert all(isinstance(part, kind) for part, kind in zip(net.modules(), kinds, strict=True))
    assert [type(part).__name__ for part in net.modules()] == [kind.__name__ for kind in kinds]
    assert net.stem[1] is net.again["norm"]
    assert nn.desynchronize(net) is net
    assert seen(net) == before and [type(part) for part in net.modules()] == kinds


@by_norm
def test_alone_the_outputs_are_those_of_before(norm):
    net, x = network(norm), example((3, 3, 6, 6))
    expected = copy.deepcopy(net)
    nn.synchronize(net)
    assert_close(net(x), expected(x))
    net.load_state_dict(expected.state_dict())
    assert torch.equal(nn.desynchronize(net)(x), expected(x))
    assert torch.equal(net.eval()(x), expected.eval()(x))


@by_norm
def test_copies_and_pickles_of_a_converted_model(norm):
    net, x = nn.synchronize(network(norm)), example((3, 3, 6, 6))
    expected = net.eval()(x)
    for twin in (copy.deepcopy(net), *(pickle.loads(pickle.dumps(net, p)) for p in (2, 4, 5))):
        assert torch.equal(twin(x), expected)
        first, copied = net.stages[1].first, twin.stages[1].first
        assert type(copied) is type(first) and copied.process_group == "world"
        assert twin.stem[1] is twin.again["norm"]
        nn.desynchronize(twin)
        assert type(twin.stages[1].first) is norm and torch.equal(twin(x), expected)
    assert torch.equal(torch.load(saved(net), weights_only=False)(x), expected)


def saved(net):
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    return file


def test_what_a_subclass_adds_stays():
    norm = Shifted(4, gain=3.0, **DOUBLE)
    x, expected = example((3, 4, 5, 5)), Shifted(4, gain=3.0, **DOUBLE)
    nn.synchronize(norm)
    assert norm.doubled() == 6.0 and norm.shift == 0.25 and norm.gain == 3.0
    assert_close(norm(x), expected(x))
    shown = repr(nn.BatchNorm(4, process_group="world"))  # an older torch says nothing of a bias
    assert repr(norm) == shown.replace("BatchNorm", "Shifted")
    assert nn.synchronize(Loose(4))(example((3, 4, 2), dtype=torch.float32)).shape == (3, 4, 2)


def test_a_decorated_forward_is_seen_through():
    norm, x = nn.synchronize(Decorated(4, **DOUBLE)), example((3, 4, 5, 5), dtype=torch.float32)
    assert_close(norm(x), Decorated(4, **DOUBLE)(x))


def test_the_rank_that_a_layer_asks_for_stays():
    norm = nn.synchronize(torchs.BatchNorm2d(4))
    with pytest.raises(ValueError, match=exact("expected 4D input (got 3D input)")):
        norm(torch.ones(3, 4, 5))
    text = "BatchNorm2d(num_features=4): x has 3 channels (shape (2, 3, 5, 5)). Use num_features=3."
    with pytest.raises(ValueError, match=exact(text)):
        norm(torch.ones(2, 3, 5, 5))


def test_hooks_stay():
    net, calls = torchs.Sequential(torchs.BatchNorm1d(4, **DOUBLE)), []
    net[0].register_forward_pre_hook(lambda *_: calls.append("before"))
    net[0].register_forward_hook(lambda *_: calls.append("after"))
    net[0].register_full_backward_hook(lambda *_: calls.append("backward"))
    net[0].register_state_dict_post_hook(lambda *_: calls.append("state"))
    net[0].register_load_state_dict_post_hook(lambda *_: calls.append("loaded"))
    for change in (nn.synchronize, nn.desynchronize):
        change(net)(example((3, 4)).requires_grad_()).sum().backward()
        net.load_state_dict(net.state_dict())
        assert calls == ["before", "after", "backward", "state", "loaded"]
        calls.clear()


def test_a_converted_model_compiles():
    net, x = network(Shifted), example((3, 3, 6, 6))
    expected = copy.deepcopy(net)
    with_compiler = torch.compile(nn.synchronize(net), backend="aot_eager")
    assert_close(with_compiler(x), expected(x), pooled=x.numel() ** 2)
    assert_close(net.stem[1].running_var, expected.stem[1].running_var)


def test_converting_twice_changes_nothing_more():
    net = nn.synchronize(network(Shifted))
    kinds = [type(part) for part in net.modules()]
    assert [type(part) for part in nn.synchronize(net).modules()] == kinds
    plain = nn.desynchronize(nn.desynchronize(net))
    assert type(plain.stages[1].first) is Shifted
    assert "_processes" not in vars(plain.stages[1].first)


def test_a_class_is_made_once():
    one, other = nn.synchronize(Shifted(4)), nn.synchronize(Shifted(6))
    assert type(one) is type(other)


def test_a_model_without_batch_norms_is_returned_as_it_is():
    net = torchs.Sequential(torchs.Linear(3, 4), torchs.LayerNorm(4))
    before = seen(net)
    assert nn.synchronize(net) is net and nn.desynchronize(net) is net and seen(net) == before


def test_torchs_synchronised_layers_and_back():
    x = example((3, 4, 5))
    for norm in (torchs.SyncBatchNorm(4, **DOUBLE), OfTheGroup(4, **DOUBLE)):
        expected = copy.deepcopy(norm)
        for change in (nn.desynchronize, nn.synchronize, nn.desynchronize):
            assert torch.equal(change(norm).eval()(x), expected.eval()(x))
            assert isinstance(norm, nn.BatchNorm)
            assert_close(change(copy.deepcopy(norm)).train()(x), expected.train()(x))
            expected.load_state_dict(norm.state_dict())
        assert norm.process_group is None


def test_a_layer_with_a_parametrisation():
    norm = nn.synchronize(torchs.BatchNorm1d(4, **DOUBLE))
    parametrize.register_parametrization(norm, "weight", torchs.Softplus())
    expected = norm.eval()(example((3, 4)))
    nn.desynchronize(norm)
    assert parametrize.is_parametrized(norm) and norm.process_group is None
    assert torch.equal(norm(example((3, 4))), expected)
