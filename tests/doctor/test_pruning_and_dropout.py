"""Pruning of dead channels, and a dropout moved behind the norm."""

import copy
import pickle

import pytest
import torch
from folding_cases import trained
from torch import Tensor, nn

from normlab import doctor
from normlab.doctor.fixing import treated

GENERATOR = torch.Generator().manual_seed(0)
X = [torch.randn(8, 3, 8, 8, generator=GENERATOR) for _ in range(3)]


def chain(padding=0, act=None, mode="zeros", **more):
    model = nn.Sequential(
        nn.Conv2d(3, 6, 3),
        nn.BatchNorm2d(6),
        act or nn.ReLU(),
        nn.Conv2d(6, 4, 3, padding=padding, padding_mode=mode, **more),
    )
    return trained(model)


@torch.no_grad()
def killed(model, way, channels=(1, 4), bias=0.7):
    """Channels made dead in one of three ways; their output is not 0."""
    for channel in channels:
        model[1].bias[channel] = bias
        if way == "weight":
            model[1].weight[channel] = 0.0
        elif way == "small weight":
            model[1].weight[channel] = 1e-6
            model[1].running_var[channel] = 1e-9
            model[0].weight[channel] *= 1e-6
            model[1].running_mean[channel] = model[0].bias[channel]
        else:
            model[0].weight[channel] = 0.0
            model[1].running_var[channel] = 0.0
            model[1].running_mean[channel] = model[0].bias[channel]
    return model


@pytest.mark.parametrize("way", ["weight", "small weight", "input"])
@pytest.mark.parametrize("act", [nn.ReLU(), nn.SiLU(), nn.Sigmoid(), nn.Identity()])
def test_dead_channels_go_and_the_function_stays(way, act):
    model = killed(chain(act=act), way)
    fixed = treated(model, {"prune": None}, X)
    assert fixed.table[0].status == "done", fixed
    assert fixed.model[0].out_channels == fixed.model[1].num_features == 4
    assert fixed.model[3].weight.shape == (4, 4, 3, 3)
    assert torch.allclose(fixed.model(X[0]), model(X[0]), rtol=1e-4, atol=2e-5)
    fixed.model.train()(X[0]).sum().backward()  # it can be trained on


def test_before_zero_padding_a_constant_other_than_zero_is_refused():
    model = killed(chain(padding=1), "weight")
    fixed = treated(model, {"prune": None}, X)
    assert not fixed.changed and "pads with zeros" in fixed.table[0].refused[0][1]


@pytest.mark.parametrize(
    ("padding", "mode", "bias"), [(1, "zeros", -0.7), (1, "reflect", 0.7), ("valid", "zeros", 0.7)]
)
def test_where_the_border_does_not_change_padding_is_no_hindrance(padding, mode, bias):
    model = killed(chain(padding=padding, mode=mode), "weight", bias=bias)
    fixed = treated(model, {"prune": None}, X)
    assert fixed.changed, fixed
    assert torch.allclose(fixed.model(X[0]), model(X[0]), rtol=1e-4, atol=2e-5)


def test_a_taker_without_bias_gets_one_and_linear_layers_are_pruned_too():
    model = killed(chain(bias=False), "weight")
    fixed = treated(model, {"prune": None}, X)
    assert fixed.changed and fixed.model[3].bias is not None
    layers = [nn.Linear(5, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 2)]
    model = killed(trained(nn.Sequential(*layers)), "input")
    x = torch.randn(9, 5)
    fixed = treated(model, {"prune": None}, [x])
    assert fixed.model[3].in_features == 4
    assert torch.allclose(fixed.model(x), model(x), rtol=1e-4, atol=2e-5)


class Skip(nn.Module):
    def __init__(self):
        super().__init__()
        self.chain = chain()

    def forward(self, x: Tensor) -> Tensor:
        y = self.chain[1](self.chain[0](x))
        return self.chain[3](y).sum() + y.sum()


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (Skip(), "more than once"),
        (chain(groups=2), "groups"),
        (chain(act=nn.AvgPool2d(2, padding=1)), "cannot be followed"),
        (chain(act=nn.Softmax(1)), "cannot be followed"),
    ],
)
def test_what_cannot_be_followed_is_refused(model, why):
    killed(model if isinstance(model, nn.Sequential) else model.chain, "weight")
    fixed = treated(model.eval(), {"prune": None}, X)
    assert not fixed.changed and why in fixed.table[0].refused[0][1]


def test_a_channel_whose_gain_eps_sets_is_never_pruned():
    model = chain()
    with torch.no_grad():
        model[1].running_var[2] = 1e-9
        model[0].weight[2] *= 1e-5
    assert not treated(model, {"prune": None}, X).changed


def test_a_layer_that_is_all_dead_is_left():
    fixed = treated(killed(chain(), "weight", range(6)), {"prune": None}, X)
    assert "nothing would be left" in fixed.table[0].refused[0][1]


# dropout


def dropping(*rest):
    layers = [nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Dropout(0.5), *rest]
    return nn.Sequential(*layers)


def trained_with_dropout(model, batches):
    """Statistics as training leaves them, with the dropout on."""
    torch.manual_seed(0)
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = None
            part.reset_running_stats()
    model.train()
    with torch.no_grad():
        for batch in batches:
            model(batch)
    return model.eval()


@pytest.mark.parametrize("between", [[], [nn.Conv2d(4, 4, 1)], [nn.Conv2d(4, 4, 1), nn.Tanh()]])
def test_a_dropout_goes_behind_the_norm_and_the_variance_is_right(between):
    model = trained_with_dropout(dropping(*copy.deepcopy(between), nn.BatchNorm2d(4)), X)
    fixed = treated(model, {"move_dropout": None}, X)
    new = fixed.model
    assert fixed.table[0].status == "done"
    assert isinstance(new[2], nn.Identity) and isinstance(new[-1].dropout, nn.Dropout)
    assert [*new.state_dict()] == [*model.state_dict()]
    y = torch.cat([new[:-1](x) for x in X]).double()
    assert torch.allclose(new[-1].running_var.double(), y.transpose(0, 1).flatten(1).var(1))
    trains = pickle.loads(pickle.dumps(copy.deepcopy(new))).train()(X[0])
    assert bool((trains == 0).any()) and not bool((new(X[0]) == 0).all())


def test_it_goes_behind_the_last_norm_that_it_leads_to_and_both_are_recalibrated():
    layers = [nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 5, 3), nn.BatchNorm2d(5), nn.ReLU()]
    model = trained_with_dropout(dropping(*layers), X)
    new = treated(model, {"move_dropout": None}, X).model
    assert hasattr(new[6], "dropout") and not hasattr(new[3], "dropout")
    wanted = doctor.recalibrate(new, X).model
    for number in (3, 6):
        assert torch.allclose(new[number].running_var, wanted[number].running_var, rtol=1e-5)


class Function(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(nn.functional.dropout(x.abs(), 0.5, self.training))


def test_a_dropout_that_is_a_function_is_left_and_said():
    fixed = treated(Function().eval(), {"move_dropout": None}, X)
    assert not fixed.changed and "by hand" in fixed.table[0].refused[0][1]


def test_a_dropout_that_feeds_no_norm_alone_stays():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Conv2d(4, 1, 1)
    )
    assert not treated(model.eval(), {"move_dropout": None}, X).changed
