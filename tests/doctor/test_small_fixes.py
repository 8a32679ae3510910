"""Fixes that touch single layers: biases, frozen layers, statistics, settings."""

import copy
import io
import pickle

import pytest
import torch
from folding_cases import CASES, trained
from torch import nn

from normlab import convert, doctor
from normlab.doctor.fixing import treated
from normlab.doctor.patient import Options
from normlab.errors import DataError, SettingError
from normlab.nn.beyond import FrozenBatchNorm
from normlab.recalibration.batches import Batches

GENERATOR = torch.Generator().manual_seed(0)
X = [torch.randn(16, 3, 6, 6, generator=GENERATOR) * 2 + 1 for _ in range(3)]


def net(**settings):
    return trained(
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, **settings), nn.ReLU(), nn.Dropout(0.5))
    )


def said(fixed):
    return [text for row in fixed.table for _, text in (*row.steps, *row.refused)]


# biases


@pytest.mark.parametrize("name", [n for n in CASES if "no bias" not in n and "without" not in n])
def test_a_redundant_bias_goes_into_the_running_mean(name):
    make, x = CASES[name]
    model = make()
    fixed = treated(model, {"drop_bias": None}, [x])
    assert fixed.table[0].status == "done" and fixed.model[0].bias is None
    assert torch.allclose(fixed.model(x), model(x), rtol=0, atol=3e-6)
    if "synchronised" in name:  # it does not train on a CPU
        return
    pair = [copy.deepcopy(m).double().train() for m in (model, fixed.model)]
    # in training the bias is taken off with the mean: equal but for the rounding of float32 numbers
    assert torch.allclose(pair[0](x.double()), pair[1](x.double()), atol=1e-6)
    means = [m[1].running_mean for m in pair]  # the same place, but for the bias
    assert torch.allclose(means[0] - model[0].bias.double(), means[1], atol=1e-6)


def test_a_bias_stays_where_the_statistics_are_fixed():
    model = trained(nn.Sequential(nn.Conv2d(3, 4, 3), FrozenBatchNorm(4)))
    fixed = treated(model, {"drop_bias": None}, X)
    assert fixed.model[0].bias is not None and "fixed" in said(fixed)[0]
    frozen = doctor.freeze(net()).model
    assert treated(frozen, {"drop_bias": None}, X).model[0].bias is not None


def test_a_bias_stays_where_a_group_is_more_than_a_channel():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4))
    assert not treated(model, {"drop_bias": None}, X).changed


# freezing


def copies(model):
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    loaded = net()
    loaded = doctor.freeze(loaded).model
    loaded.load_state_dict(model.state_dict())
    return {
        "itself": model,
        "deepcopy": copy.deepcopy(model),
        "pickle": pickle.loads(pickle.dumps(model)),
        "torch.save": torch.load(file, weights_only=False),
        "state_dict": loaded,
        "deepcopy twice": copy.deepcopy(copy.deepcopy(model)),
    }


@pytest.mark.parametrize(
    "way", ["itself", "deepcopy", "pickle", "torch.save", "state_dict", "deepcopy twice"]
)
def test_frozen_stays_frozen_in_training_and_in_every_copy(way):
    model = copies(doctor.freeze(net()).model)[way]
    before = {n: v.clone() for n, v in model[1].state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=0.1)
    model.train()
    model(X[0]).sum().backward()
    optimizer.step()
    assert all(torch.equal(v, before[n]) for n, v in model[1].state_dict().items())
    assert model[3].training and not model[1].training
    assert isinstance(model[1], nn.BatchNorm2d)
    assert torch.equal(model[:3](X[1]), model.eval()[:3](X[1]))


def test_the_state_dict_of_a_frozen_model_is_that_of_the_model():
    model = net()
    frozen = doctor.freeze(model).model
    assert [*frozen.state_dict()] == [*model.state_dict()]
    model.load_state_dict(frozen.state_dict())


def test_unfreezing_takes_back_exactly_what_freezing_did():
    model = net().train()
    model[1].bias.requires_grad_(False)
    thawed = doctor.unfreeze(doctor.freeze(model).model).model
    assert type(thawed[1]) is nn.BatchNorm2d and thawed[1].training
    assert thawed[1].weight.requires_grad and not thawed[1].bias.requires_grad
    assert vars(thawed[1]).keys() == vars(model[1]).keys()


def test_layers_frozen_by_hand_learn_again():
    model = net().train()
    model[1].requires_grad_(False)
    model[1].eval()
    thawed = doctor.unfreeze(model).model
    assert thawed[1].training and thawed[1].weight.requires_grad
    assert not doctor.unfreeze(net().train()).changed


def test_a_frozen_class_is_left_and_said():
    model = nn.Sequential(FrozenBatchNorm(3))
    assert "exchanges it" in said(doctor.unfreeze(model))[0]
    assert doctor.freeze(model).table[0].status == "refused"


# statistics


def test_recalibration_is_exact_and_leaves_the_original():
    model = net()
    kept = copy.deepcopy(model.state_dict())
    fixed = doctor.recalibrate(model, X)
    y = torch.cat([model[0](x) for x in X]).double()
    assert torch.allclose(fixed.model[1].running_mean.double(), y.mean((0, 2, 3)), atol=1e-6)
    assert torch.allclose(fixed.model[1].running_var.double(), y.transpose(0, 1).flatten(1).var(1))
    assert all(torch.equal(v, kept[n]) for n, v in model.state_dict().items())
    assert fixed.table[0].moved > 0.01


def test_frozen_layers_are_not_recalibrated():
    model = doctor.freeze(net()).model
    assert "frozen" in said(doctor.recalibrate(model, X))[0]


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -1.0])
def test_poisoned_statistics_are_reset_and_recalibrated(value):
    model = net()
    model[1].running_var[1] = value
    fixed = treated(model, {"reset": None}, X)
    wanted = doctor.recalibrate(net(), X).model[1]
    assert torch.allclose(fixed.model[1].running_var, wanted.running_var)
    assert torch.allclose(fixed.model[1].running_mean, wanted.running_mean)


def test_without_batches_a_poisoned_channel_begins_anew_and_the_others_stay():
    model = net()
    kept = model[1].running_var.clone()
    model[1].running_mean[1] = torch.nan
    fixed = treated(model, {"reset": None}, None).model[1]
    assert fixed.running_mean[1] == 0 and fixed.running_var[1] == 1
    assert torch.equal(fixed.running_var[[0, 2, 3]], kept[[0, 2, 3]])


def test_statistics_in_half_precision_become_float32():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).eval().bfloat16()
    wide = [x.bfloat16() * 1000 for x in X]
    fixed = treated(model, {"reset": None}, wide).model
    assert fixed[1].running_var.dtype == torch.float32
    y = torch.cat([model[0](x) for x in wide]).float()
    assert torch.allclose(fixed[1].running_var, y.transpose(0, 1).flatten(1).var(1), rtol=1e-5)
    assert fixed(wide[0]).isfinite().all()


def test_nothing_is_done_where_nothing_is_wrong():
    assert treated(net(), {"reset": None}, X).table[0].status == "refused"


# settings


@pytest.mark.parametrize(("held", "wanted"), [(0.99, 0.01), (0.9, 0.1), (0.1, 0.1), (None, None)])
def test_a_momentum_of_the_other_sense_is_turned(held, wanted):
    fixed = treated(net(momentum=held), {"restore_momentum": None}, X)
    assert fixed.model[1].momentum == wanted


def test_an_eps_is_restored_to_what_is_asked_or_to_what_most_layers_have():
    one = treated(net(eps=0.1), {"restore_eps": None}, X, Options(eps=1e-3))
    assert one.model[1].eps == 1e-3
    many = nn.Sequential(*(nn.BatchNorm2d(3, eps=eps) for eps in (1e-3, 1e-3, 0.1))).eval()
    fixed = treated(many, {"restore_eps": None}, X)
    assert [layer.eps for layer in fixed.model] == [1e-3] * 3
    assert "not known" in said(treated(net(eps=0.1), {"restore_eps": None}, X))[0]


# converting


def test_converting_is_handed_in():
    fixed = treated(net(), {"convert": None}, X, Options(convert=convert, settings={"to": "group"}))
    assert isinstance(fixed.model[1], nn.GroupNorm) and fixed.table[0].moved is not None
    assert "give convert=" in said(treated(net(), {"convert": None}, X))[0]


def test_converting_leaves_the_layers_that_are_not_named():
    model = nn.Sequential(nn.BatchNorm2d(4), nn.BatchNorm2d(4)).eval()
    x = [torch.randn(4, 4, 5, 5)]
    fixed = treated(model, {"convert": ["1"]}, x, Options(convert=convert))
    assert isinstance(fixed.model[0], nn.BatchNorm2d) and isinstance(fixed.model[1], nn.GroupNorm)


# all or nothing, and words


def test_an_error_in_a_later_fix_leaves_the_model():
    model = net()
    kept = copy.deepcopy(model.state_dict())
    bad = [torch.full_like(X[0], torch.nan)]
    with pytest.raises(DataError):
        treated(model, {"drop_bias": None, "recalibrate": None}, bad)
    assert all(torch.equal(v, kept[n]) for n, v in model.state_dict().items())


def test_a_fix_that_moves_outputs_is_undone(monkeypatch):
    from normlab.doctor.fixes import folding

    monkeypatch.setattr(folding, "affine_of", lambda layer: (torch.ones(4).double(),) * 2)
    monkeypatch.setattr(folding, "_agrees", lambda *_: True)
    model = net()
    fixed = doctor.fold(model, X)
    assert fixed.table[0].status == "undone" and not fixed.changed
    assert isinstance(fixed.model[1], nn.BatchNorm2d) and "UNDONE" in str(fixed)


@pytest.mark.parametrize(
    "call",
    [
        lambda: doctor.fold(net(), X, only="norm"),
        lambda: treated(net(), {"fode": None}, X),
        lambda: doctor.recalibrate(net(), None),
    ],
)
def test_unknown_names_are_refused(call):
    with pytest.raises(SettingError):
        call()


def test_batches_that_come_once_are_kept():
    fixed = doctor.recalibrate(net(), iter(X))
    wanted = doctor.recalibrate(net(), Batches(X))
    assert torch.equal(fixed.model[1].running_var, wanted.model[1].running_var)
