"""Folding: every kind of pair keeps its function, and what would not is left, with the reason."""

import copy
from collections import OrderedDict

import pytest
import torch
from folding_cases import CASES, trained
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import prune

from normlab import doctor
from normlab.nn import BatchNorm
from normlab.nn.beyond import FrozenBatchNorm

X = torch.randn(4, 3, 6, 6, generator=torch.Generator().manual_seed(0))


def norms(model):
    return [m for m in model.modules() if "BatchNorm" in type(m).__name__]


@pytest.mark.parametrize("name", CASES)
def test_every_kind_of_pair_keeps_its_function(name):
    make, x = CASES[name]
    model = make()
    fixed = doctor.fold(model, [x])
    [row] = fixed.table
    assert row.status == "done", fixed
    assert not norms(fixed.model) and len(norms(model)) == 1
    # half of the digits of float32; in float64 sums of some 10² products, each rounded to 1.1e-16
    assert torch.allclose(fixed.model(x), model(x), rtol=0, atol=3e-6)
    assert row.exact < 1e-14


@pytest.mark.parametrize("kind", [BatchNorm, FrozenBatchNorm])
def test_our_own_norms_are_folded(kind):
    model = trained(nn.Sequential(nn.Conv2d(3, 4, 3), kind(4)))
    assert not norms(doctor.fold(model, [X]).model)


class NormAct(nn.BatchNorm2d):
    """As timm has it: an activation inside, and a place for something else."""

    def __init__(self, channels: int):
        super().__init__(channels)
        self.drop, self.act = nn.Identity(), nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.drop(super().forward(x)))


def test_an_activation_inside_stays_under_its_name():
    model = trained(nn.Sequential(nn.Conv2d(3, 4, 3), NormAct(4)))
    fixed = doctor.fold(model, [X])
    assert [n for n, _ in fixed.model[1].named_children()] == ["drop", "act"]
    assert "SiLU" in fixed.table[0].steps[0][1]
    assert torch.allclose(fixed.model(X), model(X), atol=3e-6)


class Net(nn.Module):
    """One conv and one norm, joined as `how` says."""

    def __init__(self, how: str):
        super().__init__()
        self.how = how
        self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        if self.how == "reused conv":
            return self.conv(self.norm(self.conv(x)))
        if self.how == "reused norm":
            return self.norm(self.conv(self.norm(x)))
        if self.how == "function between":
            return self.norm(F.relu(self.conv(x)))
        if self.how == "second user":
            y = self.conv(x)
            return self.norm(y) + y
        return self.norm(self.conv(x)) * self.conv.weight.sum()  # read elsewhere


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("reused conv", "called 2 times"),
        ("reused norm", "called 2 times"),
        ("function between", "relu"),
        ("second user", "feeds 2 steps"),
        ("read elsewhere", "reads the numbers"),
    ],
)
def test_what_would_go_wrong_is_left(how, why):
    model = trained(Net(how))
    fixed = doctor.fold(model, [X])
    assert not fixed.changed
    assert why in fixed.table[0].refused[0][1]
    assert torch.equal(fixed.model(X), model(X))


def hooked():
    model = trained(nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)))
    model[0].register_forward_hook(lambda *_: None)
    return model


def tied():
    model = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), nn.Conv2d(3, 3, 1))
    model[2].weight = model[0].weight
    return trained(model)


def pruned():
    model = trained(nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)))
    prune.random_unstructured(model[0], "weight", 0.5)
    return model


def parametrised():
    model = trained(nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)))
    nn.utils.parametrizations.weight_norm(model[0])
    return model


class Standardised(nn.Conv2d):
    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
        return F.conv2d(x, weight / weight.std(), self.bias)


def not_linear():
    return trained(nn.Sequential(Standardised(3, 3, 2), nn.BatchNorm2d(3)))


def untracked():
    return nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3, track_running_stats=False))


def poisoned():
    model = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)).eval()
    model[1].running_mean[0] = torch.nan
    return model


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (hooked, "hooks"),
        (tied, "shares its weight"),
        (pruned, "computed"),
        (parametrised, "computed"),
        (not_linear, "not linear"),
        (untracked, "no running statistics"),
        (poisoned, "not finite"),
    ],
)
def test_layers_of_which_something_would_be_lost_are_left(make, why):
    model = make()
    fixed = doctor.fold(model, [X])
    assert why in fixed.table[0].refused[0][1]
    assert len(norms(fixed.model)) == 1


def test_a_linear_layer_before_channels_in_the_middle_is_left():
    """(N, C, L) with as many outputs as channels: shapes fit, axes do not (pytorch/ao#4116)."""
    model = trained(nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4)))
    fixed = doctor.fold(model, [torch.randn(3, 4, 5)])
    assert "3 dimensions" in fixed.table[0].refused[0][1]
    without = doctor.fold(model)
    assert "without batches" in without.table[0].refused[0][1]


def test_a_whole_model_is_folded_where_it_can_be():
    block = OrderedDict(c=nn.Conv2d(3, 3, 3, padding=1), n=nn.BatchNorm2d(3), r=nn.ReLU())
    model = trained(
        nn.Sequential(*(nn.Sequential(copy.deepcopy(block)) for _ in range(4)), Net(""))
    )
    fixed = doctor.fold(model, [X, X[:2]])
    assert len(fixed.table[0].steps) == 4 and len(fixed.table[0].refused) == 1
    assert torch.allclose(fixed.model(X), model(X), rtol=1e-4, atol=1e-6)


def test_parameters_keep_their_names_and_subnormals_become_zero():
    model = trained(nn.Sequential(nn.Conv2d(3, 3, 1, bias=False), nn.BatchNorm2d(3)))
    with torch.no_grad():
        model[1].weight[0] = 1e-39
    fixed = doctor.fold(model, [X])
    assert [*fixed.model.state_dict()] == ["0.weight", "0.bias"]
    assert bool((fixed.model[0].weight[0] == 0).all())


def test_half_precision_is_folded_through_float64():
    model = trained(nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))).bfloat16()
    fixed = doctor.fold(model, [X.bfloat16()])
    [row] = fixed.table
    assert row.status == "done" and row.exact < 1e-14
    assert fixed.model[0].weight.dtype == torch.bfloat16


def test_only_what_is_named_is_folded_and_a_plan_changes_nothing():
    model = trained(
        nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))
    )
    assert len(norms(doctor.fold(model, [X], only="3").model)) == 1
    plan = doctor.fold(model, [X], dry_run=True)
    assert plan.model is model and plan.table[0].status == "planned" and not plan.changed
