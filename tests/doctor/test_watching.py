"""Watching norms while a model trains, and the test for pytest."""

import csv
import math
import sys
from contextlib import suppress

import pytest
import torch
from torch import nn

from normlab import doctor
from normlab.doctor.watching import Sight, scalars
from normlab.errors import CheckError, DataError, MissingExtraError, SettingError


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.GroupNorm(2, 4))


def steps(model, number, start=0):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    generator = torch.Generator().manual_seed(start)
    for _ in range(number):
        optimizer.zero_grad()
        model(torch.randn(8, 3, 6, 6, generator=generator) * 2 + 3).square().mean().backward()
        optimizer.step()


def steps_over(model, batches):
    for batch in batches:
        model(batch)


def test_every_so_many_steps_of_training_are_seen_and_nothing_else():
    model = net().train()
    with doctor.watch(model, every=3) as watched:
        steps(model, 4)
        model.eval()(torch.randn(2, 3, 6, 6))
        with torch.no_grad():
            model.train()(torch.randn(2, 3, 6, 6))
        steps(model, 3)
    assert [(s.step, s.layer) for s in watched.rows] == [
        (step, layer) for step in (0, 3, 6) for layer in ("1", "3")
    ]


def test_the_numbers_are_those_of_the_batch_beside_the_running_ones():
    model = net().train()
    x = torch.randn(8, 3, 6, 6) * 2 + 3
    y = model[0](x).detach().double()
    with doctor.watch(model, every=1) as watched:
        model(x)
    batch, group = watched.rows
    mean, var = y.mean((0, 2, 3)), y.transpose(0, 1).flatten(1).var(1)
    assert batch.z == pytest.approx((mean.abs() / (1 + 1e-5) ** 0.5).median().item(), rel=1e-5)
    assert batch.r == pytest.approx(
        ((var + 1e-5) / (1 + 1e-5)).log().abs().median().item(), rel=1e-5
    )
    assert batch.values == 8 * 4 * 4 and batch.weight == 1.0 and batch.smallest_var == 1.0
    assert batch.peak == pytest.approx(y.abs().max().item())
    assert math.isnan(group.z) and math.isnan(group.smallest_var)


def test_training_goes_on_as_without_it_and_hooks_are_gone():
    one, other = net().train(), net().train()
    steps(one, 5)
    with doctor.watch(other, every=1):
        steps(other, 5)
    assert all(
        torch.equal(a, b)
        for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    )
    assert not any(part._forward_pre_hooks for part in other.modules())


def test_an_error_in_training_leaves_no_hook_and_keeps_what_was_seen(tmp_path):
    model = net().train()
    batches = [torch.randn(4, channels, 6, 6) for channels in (3, 7)]
    with suppress(RuntimeError), doctor.watch(model, every=1, csv=tmp_path / "a.csv") as watched:
        steps_over(model, batches)
    assert not any(part._forward_pre_hooks for part in model.modules())
    assert len(watched.rows) == 2
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 3


def test_a_file_of_lines(tmp_path):
    model = net().train()
    path = tmp_path / "norms.csv"
    with doctor.watch(model, every=2, csv=path) as watched:
        steps(model, 4)
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert [*rows[0]] == [*Sight.__dataclass_fields__]
    assert [float(row["peak"]) for row in rows] == [sight.peak for sight in watched.rows]
    with pytest.raises(DataError, match="exists already"), doctor.watch(model, csv=path):
        pass


def test_values_that_are_not_finite_are_shown():
    model = net().train()
    with doctor.watch(model, every=1) as watched:
        model(torch.full((4, 3, 6, 6), torch.nan))
    assert watched.rows[0].peak == math.inf and math.isnan(watched.rows[0].z)


def test_a_layer_moved_in_between_is_still_read():
    model = net().train()
    with doctor.watch(model, every=1) as watched:
        model.double()
        model(torch.randn(4, 3, 6, 6).double())
        with torch.no_grad():
            model[1].running_var.fill_(5.0)
        model(torch.randn(4, 3, 6, 6).double())
    assert watched.rows[2].smallest_var == 5.0


class Writer:
    def __init__(self):
        self.scalars = []

    def add_scalar(self, name, value, step):
        self.scalars.append((name, step))


def test_a_writer_takes_what_is_known():
    model, writer = net().train(), Writer()
    with doctor.watch(model, every=1, tensorboard=writer):
        steps(model, 1)
    names = [name for name, _ in writer.scalars]
    assert "norms/1/z" in names and "norms/3/peak" in names and "norms/3/z" not in names


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tensorboard_itself(tmp_path):
    pytest.importorskip("tensorboard")
    model = net().train()
    with doctor.watch(model, every=1, tensorboard=tmp_path / "runs"):
        steps(model, 2)
    assert any(file.stat().st_size > 200 for file in (tmp_path / "runs").iterdir())


@pytest.mark.parametrize("package", ["tensorboard", "lightning"])
def test_without_the_package_the_extra_is_named(package, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, package, None)
    for name in [n for n in sys.modules if n.startswith(("torch.utils.tensorboard", "lightning."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "normlab.doctor.callback", raising=False)
    with pytest.raises(MissingExtraError, match=rf"\[{package}\]"):  # noqa: PT012
        if package == "lightning":
            import normlab.doctor.callback  # noqa: F401
        with doctor.watch(net(), tensorboard=tmp_path):
            pass


def test_bad_settings_are_said():
    for every in (0, -1, 1.5, True):
        with pytest.raises(SettingError, match="every"), doctor.watch(net(), every=every):
            pass
    with pytest.raises(CheckError, match="no normaliser"), doctor.watch(nn.Linear(2, 2)):
        pass


def test_scalars_leave_out_what_is_not_known():
    sight = Sight(0, "a", math.nan, 0.5, 8, 1.0, 1.0, math.nan)
    assert [*scalars(sight)] == ["norms/a/r", "norms/a/values", "norms/a/peak", "norms/a/weight"]


def test_a_healthy_model_passes_and_a_sick_one_fails_with_the_report():
    x = [torch.randn(64, 3, 6, 6) for _ in range(2)]
    sick = net().eval()
    with pytest.raises(AssertionError, match="NRM102"):
        doctor.assert_healthy(sick, x)
    healthy = doctor.recalibrate(sick, x).model
    doctor.assert_healthy(healthy, x)
    doctor.assert_healthy(sick, x, ignore=["NRM102"], fail_on="error")
    with pytest.raises(SettingError, match="fail_on"):
        doctor.assert_healthy(sick, x, fail_on="all")
