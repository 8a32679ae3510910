"""What is left as it is, and listed; and what becomes of a caller's own classes."""

import json

import pytest
import torch
from architectures import ALL, trained_like
from torch import nn

import normlab
from cases import exact
from command import here
from normlab.conversion.exchange import converted, plan
from normlab.errors import CheckError, SettingError


class Own(nn.BatchNorm2d):
    """Not a batch norm any more."""

    def forward(self, x):
        return super().forward(x).tanh() ** 2


def net():
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)),
        nn.Sequential(nn.Conv2d(8, 8, 3), Own(8), nn.BatchNorm2d(8)),
    )


def kinds(model):
    return {n: type(m).__name__ for n, m in model.named_modules() if hasattr(m, "eps")}


GROUP, BATCH = "GroupNorm", "BatchNorm2d"


@pytest.mark.parametrize(
    ("skip", "left"),
    {
        "1.1": ["1.1"],
        ("1.1",): ["1.1"],
        ("1.*",): ["1.1", "1.2"],
        ("1",): ["1.1", "1.2"],
        ("0.1", "*.1"): ["0.1", "1.1"],
        "refused": ["1.1"],
        ("refused", "0.1"): ["0.1", "1.1"],
    }.items(),
    ids=str,
)
def test_names_and_patterns_are_left(skip, left):
    found = converted(net(), "group", skip=skip)
    before = kinds(net())
    assert kinds(found.model) == {n: before[n] if n in left else GROUP for n in before}
    assert [change.names[0] for change in found.changes if change.left] == left
    assert kinds(normlab.convert(net(), to="group", skip=skip)) == kinds(found.model)


def test_what_is_left_says_why():
    notes = {c.names[0]: c.note for c in plan(net(), "group", skip=("refused", "0.1"))}
    assert notes["0.1"] == "left as it is, as asked."
    assert notes["1.1"] == (
        "Own has a forward of its own, which would be lost; exchange it by hand."
    )


def test_a_layer_is_left_by_any_of_its_names():
    new = normlab.convert(trained_like(ALL["shared"]), to="group", skip="again")
    assert isinstance(new.norm, nn.BatchNorm2d) and new.norm is new.again
    assert isinstance(new.tied, nn.GroupNorm)


@pytest.mark.parametrize("to", ["sync", "batch"])
def test_what_is_left_does_not_change_its_class_either(to):
    new = normlab.convert(net(), to=to, skip=("0", "refused"))
    assert type(new[0][1]) is nn.BatchNorm2d
    assert (type(new[1][2]) is nn.BatchNorm2d) == (to == "batch")


def test_calibration_leaves_what_is_left():
    model, x = net(), [torch.randn(4, 3, 9, 9)]
    new = normlab.convert(model, to="sync", skip=("1.*",), calibration=x)
    assert not torch.equal(new[0][1].running_mean, model[0][1].running_mean)
    assert torch.equal(new[1][2].running_mean, model[1][2].running_mean)


def squared(layer):
    return nn.Sequential(nn.GroupNorm(2, layer.num_features), nn.Tanh())


class Split(nn.BatchNorm2d):
    """A batch norm that holds another, for a part of the batch."""

    def __init__(self, channels):
        super().__init__(channels)
        self.other = nn.BatchNorm2d(channels)

    def forward(self, x):
        return torch.cat([super().forward(x[:2]), self.other(x[2:])])


def test_a_norm_that_holds_another_is_one_whole():
    model = nn.Sequential(Split(3), nn.BatchNorm2d(3))
    found = plan(model, "group", skip="refused")
    assert [(change.names[0], change.left) for change in found] == [("0", True), ("1", False)]
    new = normlab.convert(model, to="sync")
    assert {m.process_group for m in new.modules() if isinstance(m, nn.BatchNorm2d)} == {"world"}


def test_a_rule_says_what_becomes_of_a_class():
    model, seen = net(), []
    model[1][1].register_forward_hook(lambda *_: seen.append(1))
    model[1][1].eval()
    new = normlab.convert(model, to="group", rules={Own: squared})
    assert isinstance(new[1][1], nn.Sequential) and isinstance(new[1][2], nn.GroupNorm)
    assert not new[1][1].training
    new(torch.randn(2, 3, 9, 9))
    assert seen == [1]


def test_a_rule_of_a_base_class_speaks_for_its_subclasses_unless_they_have_their_own():
    rules = {nn.BatchNorm2d: lambda layer: nn.Identity(), Own: squared}
    new = normlab.convert(net(), rules=rules)
    assert [type(m) for m in (new[0][1], new[1][1], new[1][2])] == [
        nn.Identity,
        nn.Sequential,
        nn.Identity,
    ]


def test_a_rule_for_what_holds_a_normaliser():
    new = normlab.convert(net(), rules={Split: squared, nn.Sequential: lambda old: nn.Identity()})
    assert isinstance(new, nn.Identity)
    model = nn.ModuleList([Split(4), nn.BatchNorm2d(4)])
    assert isinstance(normlab.convert(model, rules={Split: squared})[0], nn.Sequential)


def test_a_rule_for_what_is_no_normaliser():
    new = normlab.convert(net(), rules={nn.Conv2d: lambda c: c.double(), Own: squared})
    assert new[0][0].weight.dtype == torch.float64


def test_rules_and_calibration():
    x = [torch.randn(4, 3, 9, 9)]
    for to in ("group", "sync", "frozen"):
        new = normlab.convert(net(), to=to, rules={Own: squared}, calibration=x)
        assert isinstance(new[1][1], nn.Sequential)


def broken(layer):
    raise ValueError("no")


REFUSED = {
    "a name that is not there": (
        {"skip": "0.1.x"},
        SettingError,
        "convert: skip='0.1.x' names none of the layers in question, which are 0.1, 1.1, 1.2. Did you "
        "mean '0.1'?",
    ),
    "no name": (
        {"skip": (nn.BatchNorm2d,)},
        SettingError,
        f"convert: skip holds {nn.BatchNorm2d!r}; give names of layers, or patterns such as 'layer1.*'.",
    ),
    "everything": (
        {"skip": "*"},
        CheckError,
        "convert: nothing is left to convert. 0.1: left as it is, as asked.",
    ),
    "a rule that is none": (
        {"rules": {"Own": squared}},
        SettingError,
        None,
    ),
    "a rule that fails": (
        {"rules": {Own: broken}},
        CheckError,
        "convert: 1.1: broken raised ValueError: no To leave such layers as they are, skip='refused'.",
    ),
    "a rule that gives nothing": (
        {"rules": {Own: print}},
        CheckError,
        None,
    ),
}


@pytest.mark.parametrize(("more", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(more, kind, message):
    with pytest.raises(kind, match="^convert: " if message is None else exact(message)):
        normlab.convert(net(), to="group", **more)


FILE = """
from torch import nn
class Own(nn.BatchNorm2d):
    def forward(self, x): return super().forward(x).tanh() ** 2
def net(): return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), Own(8))
"""


def test_the_command_leaves_and_lists(tmp_path):
    (tmp_path / "net.py").write_text(FILE)
    dry = here("convert", "net.py:net", "--to", "group", cwd=tmp_path)
    assert "REFUSED" in dry.stdout and "--skip refused leaves them as they are" in dry.stdout
    words = ("net.py:net", "--to", "group", "--shape", "2,3,9,9", "--out", "new.pt")
    done = here("convert", *words, "--skip", "refused", cwd=tmp_path)
    assert done.returncode == 0 and "left as it is\n    Own has a forward of its own" in done.stdout
    assert "1 layer would change, 1 would stay as it is." in done.stdout
    assert "Written: new.pt" in done.stdout
    listed = here("convert", *words[:3], "--skip", "2", "--skip", "1.*", "--json", cwd=tmp_path)
    assert listed.returncode == 2 and "skip='1.*' names none" in listed.stderr
    listed = here("convert", *words[:3], "--skip", "2", "--json", cwd=tmp_path)
    status = {change["layer"]: change["status"] for change in json.loads(listed.stdout)["changes"]}
    assert status == {"1": "changed", "2": "left"}
