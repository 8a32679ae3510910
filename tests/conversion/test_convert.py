"""Whole networks converted: what stays the same, what is refused, how far the outputs move."""

import copy
import json

import pytest
import torch
from architectures import ALL, Shared, TransformerLike, batches, trained_like
from torch import nn

import normlab
from cases import assert_close, exact
from command import here
from command import normlab as command
from normlab.conversion.calibrate import difference
from normlab.conversion.exchange import converted, plan
from normlab.conversion.order import TARGETS
from normlab.errors import CheckError, SettingError
from normlab.recalibration.batches import Batches

IMAGES = {name: kind for name, kind in ALL.items() if name != "Transformer"}
OTHERS = [to for to in TARGETS if to not in ("frozen", "batch", "sync", "normlab")]


def normalisers(model):
    known = (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm, nn.RMSNorm)
    known += (normlab.nn.DivisiveNorm, normlab.nn.beyond.FrozenBatchNorm)
    return [module for module in model.modules() if isinstance(module, known)]


@pytest.mark.parametrize("kind", IMAGES.values(), ids=IMAGES)
@pytest.mark.parametrize("to", ["frozen", "sync", "batch"])
def test_exact_conversions_change_no_output(kind, to):
    """In float64, and back again."""
    model = trained_like(kind)
    there = normlab.convert(model, to=to)
    for x in batches():
        assert_close(there(x), model(x))
    back = normlab.convert(there, to="batch", source="frozen" if to == "frozen" else "batch")
    assert all(isinstance(norm, nn.modules.batchnorm._BatchNorm) for norm in normalisers(back))
    for x in batches():
        assert_close(back(x), model(x))


@pytest.mark.parametrize("kind", IMAGES.values(), ids=IMAGES)
@pytest.mark.parametrize("to", OTHERS)
def test_the_affine_goes_along_and_calibration_brings_outputs_nearer(kind, to):
    model = trained_like(kind)
    found = converted(model, to, calibration=batches())
    assert found.difference < found.difference_carried
    assert difference(model, found.model, Batches(batches())) == found.difference
    plain = normlab.convert(model, to=to)
    old = dict(model.named_parameters())
    for name, parameter in plain.named_parameters():
        assert torch.equal(parameter, old[name]) and parameter.dtype == torch.float64
    assert set(old) == {name for name, _ in plain.named_parameters()}
    assert not any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in plain.modules())


def test_layer_norms_of_a_transformer_become_rms_norms():
    model = trained_like(TransformerLike)
    found = converted(model, "rms", "layer", calibration=batches())
    assert [type(norm).__name__ for norm in normalisers(found.model)] == ["RMSNorm"] * 3
    assert found.difference < found.difference_carried < 1


@pytest.mark.parametrize("inplace", [False, True], ids=["copy", "in place"])
def test_aliases_ties_hooks_mode_and_names_stay(inplace):
    model, seen = trained_like(Shared), []
    model.norm.register_forward_hook(lambda module, inputs, y: seen.append(type(module).__name__))
    model.tied.train()
    model.tied.weight.requires_grad_(False)
    before = copy.deepcopy(model.state_dict())
    new = normlab.convert(model, to="group", inplace=inplace)
    assert (new is model) == inplace
    assert new.norm is new.again and new.tied.weight is new.norm.weight
    assert new.tied.training and not new.norm.training and not new.tied.weight.requires_grad
    new(batches()[0])
    assert seen == ["GroupNorm", "GroupNorm"]
    if not inplace:
        assert isinstance(model.norm, nn.BatchNorm2d)
        assert all(torch.equal(a, before[name]) for name, a in model.state_dict().items())


def test_a_group_norm_given_statistics_becomes_a_batch_norm():
    model = normlab.convert(trained_like(ALL["ResNet"]), to="group")
    found = converted(model, "batch", "group", calibration=batches())
    assert all(norm.num_batches_tracked == 3 for norm in normalisers(found.model))
    assert found.difference < 1


def test_the_model_itself_may_be_the_layer():
    assert isinstance(normlab.convert(nn.BatchNorm2d(8), to="instance"), normlab.nn.InstanceNorm)


class Own(nn.BatchNorm2d):
    def forward(self, x):
        return 2 * super().forward(x)


BIASED = nn.LayerNorm(4)
nn.init.constant_(BIASED.bias, -0.25)
LEAVE = " To leave such layers as they are, skip='refused'."
REFUSED = {
    "one element per group": (
        lambda: normlab.convert(nn.Sequential(nn.BatchNorm1d(4)), to="group", num_groups=4),
        CheckError,
        "convert: 0: 4 groups of 4 channels leave one element per group, whose variance is 0, so that "
        f"y would be the bias alone; use fewer groups.{LEAVE}",
    ),
    "no space": (
        lambda: normlab.convert(nn.BatchNorm1d(4), to="instance"),
        CheckError,
        "convert: the model: the input of BatchNorm1d may have no space, and one element per channel "
        f"would be erased; use to='group' or 'layer'.{LEAVE}",
    ),
    "no divisor": (
        lambda: normlab.convert(nn.BatchNorm2d(6), to="group", num_groups=4),
        CheckError,
        f"convert: the model: num_groups=4 does not divide its 6 channels.{LEAVE}",
    ),
    "a bias lost": (
        lambda: normlab.convert(BIASED, to="rms", source="layer"),
        CheckError,
        "convert: the model: RMSNorm has no bias, and this one reaches 0.25; set it to 0 or fold it "
        f"into the next layer first.{LEAVE}",
    ),
    "a forward of its own": (
        lambda: normlab.convert(nn.Sequential(Own(3), Own(3)), to="group"),
        CheckError,
        "convert: 0 (and 1 more): Own has a forward of its own, which would be lost; exchange it by "
        f"hand.{LEAVE}",
    ),
    "nothing to convert": (
        lambda: normlab.convert(nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 4)), to="group"),
        CheckError,
        "convert: Sequential holds no batch layer; it has 1 × layer.",
    ),
    "an unknown kind": (
        lambda: normlab.convert(nn.BatchNorm2d(4), to="grup"),
        SettingError,
        "convert: to='grup' given; it must be one of group, layer, instance, rms, divisive, frozen, "
        "batch, sync, normlab. Did you mean 'group'?",
    ),
    "an unknown source": (
        lambda: normlab.convert(nn.BatchNorm2d(4), to="group", source="lrn"),
        SettingError,
        "convert: source='lrn' given; it must be one of batch, instance, group, layer, frozen.",
    ),
    "a pair without a way": (
        lambda: normlab.convert(nn.LayerNorm(4), to="group", source="layer"),
        CheckError,
        "convert: the model: it works on the last dimensions, and what it should become on axis 1; "
        f"exchange it by hand.{LEAVE}",
    ),
    "no statistics": (
        lambda: normlab.convert(nn.BatchNorm2d(4, track_running_stats=False), to="frozen"),
        CheckError,
        f"convert: the model: it has no running statistics to freeze.{LEAVE}",
    ),
}


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(call, kind, message):
    with pytest.raises(kind, match=exact(message)):
        call()


def test_a_plan_lists_every_layer_and_changes_nothing():
    model = trained_like(Shared)
    changes = plan(model, "group")
    assert [change.names for change in changes] == [("norm", "again"), ("tied",)]
    assert isinstance(model.norm, nn.BatchNorm2d)


NET = """
from torch import nn
def net(): return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
def flat(): return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
broken = 3
"""


def test_the_command_is_a_dry_run_until_told_where_to_write(tmp_path):
    (tmp_path / "net.py").write_text(NET)
    dry = command("convert", "net.py:net", "--to", "group", "--shape", "2,3,8,8", cwd=tmp_path)
    assert (
        dry.returncode == 0
        and "1: BatchNorm2d(8" in dry.stdout
        and "→ GroupNorm(4, 8" in dry.stdout
    )
    assert "1 layer would change" in dry.stdout and sorted(p.name for p in tmp_path.iterdir()) == [
        "net.py"
    ]
    told = command(
        "convert", "net.py:net", "--to", "group", "--out", "new.pt", "--json", cwd=tmp_path
    )
    assert json.loads(told.stdout)["changes"][0]["layer"] == "1"
    assert "1.weight" in torch.load(tmp_path / "new.pt", weights_only=True)


BAD = {
    "one element": (
        ["net.py:flat", "--to", "instance", "--out", "x.pt"],
        "nothing was converted, so nothing was written; see the refusals above.",
    ),
    "no model": (
        ["net.py:broken", "--to", "group"],
        "net.py has no broken to call; name a class or function that makes a model.",
    ),
    "nothing there": (
        ["torch.nn:ReLU", "--to", "group"],
        "convert: ReLU holds no batch layer; it has no normaliser known here.",
    ),
    "no such kind": (
        ["net.py:net", "--to", "batchnorm"],
        "convert: to='batchnorm' given; it must be one of group, layer, instance, rms, divisive, "
        "frozen, batch, sync, normlab. Did you mean 'batch'?",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_one_line_and_exit_code_2(arguments, message, tmp_path):
    refused(here, arguments, message, tmp_path)


def test_a_process_of_its_own_says_the_same(tmp_path):
    refused(command, *BAD["one element"], tmp_path)


def refused(run, arguments, message, folder):
    (folder / "net.py").write_text(NET)
    done = run("convert", *arguments, cwd=folder)
    assert (done.returncode, done.stderr) == (2, f"normlab: {message}\n")
    assert [path.name for path in folder.iterdir()] == ["net.py"]
