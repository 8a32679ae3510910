"""normlab bench: what is verified, how it is timed, what is said. No test depends on a time."""

import json
import sys
from dataclasses import replace

import pytest
import torch
from torch import nn

from command import here
from command import normlab as command
from normlab.bench import from_words, networks, showing, timing, verified
from normlab.bench.from_words import chosen
from normlab.bench.grid import GRID, PASSES, QUICK, TABLE, Aim, Case
from normlab.bench.kinds import KINDS, Kind
from normlab.bench.running import Options, Timed, measured
from normlab.bench.timing import Times
from normlab.errors import CheckError, SettingError

SMALL = Case("rms", (16, 32))
FEW = Options(rounds=2, compiled=False)


@pytest.mark.parametrize("name", KINDS)
def test_ours_torchs_and_the_composed_form_agree(name):
    case = Case(name, (16, 32) if KINDS[name].of_rows else (2, 16, 7, 7))
    found = measured(case, FEW)
    assert [one.way for one in found] == list(PASSES)
    for one in found:
        assert set(one.others) == {"composed"} | ({"torch"} if KINDS[name].torch else set())
        assert one.seconds > 0 and not one.raises
        assert one.path.startswith(("torch's operators", "C++ kernels"))


def test_what_is_wrong_is_not_timed(monkeypatch):
    class Wrong(nn.RMSNorm):
        def forward(self, x):
            return super().forward(x) * (1 + 1e-4)

    monkeypatch.setitem(KINDS, "rms", replace(KINDS["rms"], ours=Wrong))  # pyright: ignore
    with pytest.raises(CheckError, match=r"rms .* differs from float64 by .* nothing was timed"):
        measured(SMALL, FEW)


def test_a_wrong_gradient_is_seen():
    class Twisted(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, *grads):
            return grads[0] * (1 - 1e-3)

    kind, x, g = KINDS["rms"], SMALL.drawn(0), SMALL.drawn(1)
    layer = kind.layer(32)
    right = verified.expected(kind, layer, 32, x, g)
    own = list(layer.parameters())
    assert verified.farthest(verified.slopes(layer, x, own, g), right) <= 1
    twisted = verified.slopes(lambda x: layer(Twisted.apply(x)), x, own, g)
    assert verified.farthest(twisted, right) > 1


def test_a_nan_is_wrong():
    nan = torch.full((2,), torch.nan)
    assert verified.farthest([nan], [nan.double()]) == float("inf")


def test_torchs_that_raises_is_said_and_ours_timed():
    found = measured(Case("local response", (2, 8, 5, 5), dtype="bfloat16"), FEW)
    assert found[0].raises == ("torch",)
    assert "raises" in showing.table(found)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_torch_compile_is_timed_where_there_is_an_aim():
    found = measured(replace(SMALL, aim=Aim()), replace(FEW, compiled=True))
    assert all("compiled" in one.others for one in found)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_later_cases_are_compiled_too():
    """Of one function torch compiles so many forms, and runs every other uncompiled, with a warning."""
    limits = {"recompile_limit": 2, "fail_on_recompile_limit_hit": True}
    with torch._dynamo.config.patch(limits):  # pyright: ignore
        for width in (16, 32, 48):
            found = measured(Case("rms", (4, width), aim=Aim()), replace(FEW, compiled=True))
            assert all(not one.raises and "compiled" in one.others for one in found)


def test_rounds_are_interleaved():
    order = []
    jobs = {name: lambda name=name: order.append(name) for name in "abc"}
    ticks = iter(range(1000))
    times = timing.timed(jobs, 4, clock=lambda: float(next(ticks)))
    rounds = order[-15:]  # after the warming up: each job once a round
    assert all(set(rounds[i : i + 3]) == set("abc") for i in range(0, 15, 3))
    assert all(len(each.rounds) == 4 for each in times.values())


def test_ratios_are_of_the_same_round():
    ours, other = Times((1.0, 2.0, 4.0)), Times((2.0, 6.0, 16.0))
    assert ours.median == 2.0
    assert other.over(ours) == (3.0, 2.5, 3.5)


def test_aims_that_were_missed_are_said():
    case = Case("rms", (8, 8), aim=Aim(eager=(2.0, 2.0), compiled=(1.5, None), floor=(1.8, None)))
    made = {"torch": (1.9, 1.8, 2.0), "compiled": (1.6, 1.5, 1.7)}
    one = Timed(case, PASSES[0], 1.0, (2.25, 2.0, 2.5), made)
    two = Timed(case, PASSES[1], 1.0, (9.0, 9.0, 9.0), {"torch": (0.9, 0.9, 0.9)})
    assert showing.missed(case, [one, two]) == [
        "forward: 1.90, not 2 × torch",
        "forward: 2.25, not 1.8 × copy",
        "with backward: 0.90, not 2 × torch",
    ]


def test_rows_that_are_slower_are_told_from_the_spread():
    case = Case("rms", (8, 8))
    shares = {"torch": (0.9, 0.8, 0.94)}, {"torch": (0.9, 0.8, 0.97)}, {"torch": (0.96, 0.9, 1.0)}
    rows = [Timed(case, PASSES[0], 1e-3, (1.0, 1.0, 1.0), share) for share in shares]
    rows.append(Timed(case, PASSES[0], 1e-3, (1.0, 1.0, 1.0), {}))
    for beyond, one in ((True, rows[0]), (False, rows[1])):
        assert showing.slower(rows, beyond=beyond) == ["rms 8 × 8, forward: 0.90, 100 µs"]
        assert showing.slower([one], beyond=beyond) and not showing.slower([one], beyond=not beyond)
    (said,) = showing.slower([replace(rows[0], path="torch's operators")], beyond=True)
    assert said.endswith("100 µs; both run torch's operator")
    said = showing.text(rows[1:2], (), {})
    assert f"{showing.BEHIND}: none." in said and f"{showing.UNSURE}:\n- rms" in said


def test_the_grid():
    assert {case.name for case in (*GRID, *QUICK)} == set(KINDS)
    assert len(set(GRID)) == len(GRID) and set(TABLE) <= set(GRID)
    assert {(case.dtype, case.layout) for case in GRID} >= {
        (dtype, layout)
        for dtype in ("float32", "float64", "bfloat16", "float16")
        for layout in ("contiguous", "channels_last")
    }
    assert not [case for case in QUICK if case.aim]
    with pytest.raises(SettingError, match="--only 'nothing' given; it must begin"):
        chosen(False, False, "nothing")


def test_the_command(tmp_path):
    picture, page = tmp_path / "speeds.svg", tmp_path / "timings.md"
    asked = ("--quick", "--only", "batch, table", "--rounds", 2, "--default-allocator")
    files = ("--figure", picture, "--out", page)
    done = here("bench", *asked, *files)
    assert (done.returncode, done.stderr) == (0, "")
    assert "| batch, table | 8 × 2 |" in done.stdout and "threads: 1" in done.stdout
    assert page.read_text().startswith(f"# Timings\n\n{done.stdout}\n![Times")
    assert page.read_text().endswith("(<speeds.svg>)\n")
    assert picture.read_text().startswith("<?xml")
    read = json.loads(here("bench", *asked, "--json").stdout)
    assert [row["pass"] for row in read["rows"]] == list(PASSES)
    assert read["machine"]["threads"] == 1 and read["machine"]["processor"]
    assert {"torch", "composed"} == set(read["rows"][0]["others_over_ours"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--rounds", "1"), "--rounds 1 given; it must be at least 2."),
        (("--rounds", "many"), "--rounds 'many' given; it must be a whole number."),
        (("--threads", "0"), "--threads 0 given; it must be from 1 to 1024."),
        (("--threads", "99999999999"), "--threads 99999999999 given; it must be from 1 to 1024."),
        (("--only", "bacth"), "--only 'bacth' given; it must begin the name of one of batch,"),
        (("--figure", "x.pdf"), "--figure 'x.pdf' given; its name must end in .svg or .png."),
        (("--out", "x.txt"), "--out 'x.txt' given; its name must end in .md."),
    ],
)
def test_bad_input(arguments, said):
    done = here("bench", *arguments)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith(f"normlab: {said}") and done.stderr.count("\n") == 1


def test_as_its_user_starts_it():
    done = command("bench", "--quick", "--only", "batch, table", "--rounds", 2, "--threads", 1)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Medians of interleaved rounds" in done.stdout


def test_networks_need_torchvision_which_is_said_before_anything_is_timed(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setattr(from_words, "measured", lambda *given: pytest.fail("something was timed"))
    done = here("bench", "--quick", "--networks")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "normlab: --networks given, but torchvision is not installed here; install torchvision, or leave "
        "--networks out.\n"
    )


def test_our_layers_take_the_place_of_torchs():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, momentum=0.3), nn.ReLU(), nn.LocalResponseNorm(3)
    )
    model(torch.randn(2, 3, 8, 8))
    mine = networks.with_ours(model)
    assert [type(m).__module__.split(".")[0] for m in mine] == ["torch", "normlab"] * 2
    assert mine[1].momentum == 0.3 and mine[1].running_mean.equal(model[1].running_mean)
    x = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(mine(x), model(x))


def test_kinds_without_a_rival():
    assert Kind("rms", nn.RMSNorm).rival(3) is None
