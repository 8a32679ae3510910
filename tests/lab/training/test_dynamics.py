"""Probes of the dynamics of training against loops by hand, and verdicts on made-up data."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from made_up import validated
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from normlab.errors import DataError
from normlab.lab.experiment import Record
from normlab.lab.family import Study, load
from normlab.lab.training import FAMILY, covariate, faster, regulariser
from normlab.lab.training.engine.cell import Origin, Training
from normlab.lab.training.engine.data import load as data_of
from normlab.lab.training.engine.probes import PROBES
from normlab.lab.training.engine.random_layers import UnitNoise
from normlab.lab.training.engine.run import Run
from normlab.lab.training.engine.train import train
from normlab.lab.training.plan import Plan
from normlab.lab.training.settings import Settings

SMALL = {"width": 12, "depth": 3}
TAPS = ("drive_0", "drive_2")


def cell(**given):
    common = {
        "steps": 6,
        "marks": (3, 6),
        "norm": Origin("batch"),
        "options": SMALL,
        "seeds": (0, 1),
    }
    return Training(**common | given)


def in_double(norm, noise=False):
    """A run after three steps, all in float64, and its parameters before the last one."""
    options = SMALL | {"noise": noise}
    made = cell(norm=Origin(norm), options=options, lrs=(0.1, 0.3), seeds=(0,), dtype="float64")
    run = Run(made, data_of(made.data), made.replicas, stacked=True)
    for _ in range(3):
        before = {n: p.detach().clone() for n, p in run.group.parameters.items()}
        run.advance()
    return run, before


def gradient_of(run, i, parameters):
    """Loss and gradient of network i alone, through the network itself."""
    at = {n: p[i].detach().clone().requires_grad_() for n, p in parameters.items()}
    buffers = {n: b[i].clone() for n, b in run.group.buffers.items()}
    run.group.network.train()
    loss = cross_entropy(functional_call(run.group.network, (at, buffers), (run.x[i],)), run.y[i])
    found = torch.autograd.grad(loss, list(at.values()))
    return loss.item(), dict(zip(at, found, strict=True))


def flat(gradient):
    return torch.cat([g.flatten() for g in gradient.values()])


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_landscape_is_that_of_a_loop_by_hand(norm):
    run, _ = in_double(norm)
    found = PROBES["landscape"](run, low=0.5, high=4.0, count=4)()
    for i, replica in enumerate(run.replicas):
        start = run.group.parameters
        _, g = gradient_of(run, i, start)
        losses, changes, betas = [], [], []
        for factor in (0.5, 1.0, 2.0, 4.0):
            size = factor * replica.lr
            at = {n: (p[i] - size * g[n])[None].expand_as(p) for n, p in start.items()}
            loss, other = gradient_of(run, i, at)
            losses.append(loss)
            changes.append((flat(other) - flat(g)).norm().item())
            betas.append(changes[-1] / (size * flat(g).norm().item()))
        expected = max(losses) - min(losses), max(changes), max(betas)
        measured = (found[n][i].item() for n in ("loss_range", "predictiveness", "beta"))
        assert tuple(measured) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("norm", "noise"), [("none", False), ("batch", False), ("batch", True)])
def test_gradient_shift_is_that_of_layers_moved_by_hand(norm, noise):
    run, before = in_double(norm, noise)
    found = PROBES["gradient_shift"](run)()
    now = {n: p.detach() for n, p in run.group.parameters.items()}
    layers = ["linear_1", "linear_2", "readout"]
    below = [("0",), ("0", "1"), ("0", "1", "2")]
    for i in range(2):
        _, first = gradient_of(run, i, before)
        for k, (layer, moved) in enumerate(zip(layers, below, strict=True)):
            at = {n: now[n] if n.split(".")[0].endswith(moved) else before[n] for n in before}
            _, second = gradient_of(run, i, at)
            a, b = first[f"{layer}.weight"].flatten(), second[f"{layer}.weight"].flatten()
            assert found["shift"][i, k].item() == pytest.approx((b - a).norm().item(), rel=1e-4)
            assert found["relative"][i, k].item() == pytest.approx(
                ((b - a).norm() / a.norm()).item(), rel=1e-4
            )
            assert found["cosine"][i, k].item() == pytest.approx(
                torch.cosine_similarity(a, b, dim=0).item(), abs=1e-5
            )


def test_a_stack_measures_what_each_alone_does_and_probes_change_nothing():
    probes = {"landscape": {}, "gradient_shift": {}, "entering": {"taps": TAPS}}
    options = SMALL | {"noise": True}
    stacked = train(cell(options=options, probes=probes))
    alone = train(cell(options=options, probes=probes, stacked=False))
    for name in stacked:
        np.testing.assert_allclose(stacked[name], alone[name], rtol=2e-3, atol=2e-4)
    np.testing.assert_array_equal(train(cell(options=options))["loss"], stacked["loss"])
    assert stacked["mean"].shape == (2, 2, 2, 12)


def test_noise_is_drawn_anew_for_each_unit_and_only_in_training():
    layer = UnitNoise(4000, 3)
    generator = torch.Generator().manual_seed(0)
    draws = torch.stack([layer.sample(generator) for _ in range(200)])
    scale, mean = draws.mean(1).unbind(1)
    assert (
        mean.min() >= -0.51
        and mean.max() <= 0.51
        and mean.std().item() == pytest.approx(0.289, abs=0.03)
    )
    assert (
        scale.min() >= 0.99
        and scale.max() <= 1.26
        and scale.mean().item() == pytest.approx(1.125, abs=0.02)
    )
    within = draws.std(1).mean((0, 2))
    assert within.tolist() == pytest.approx([0.1, 0.2 / 12**0.5], abs=0.002)
    layer.draw = draws[0]
    x = torch.randn(4000, 3, generator=generator)
    torch.testing.assert_close(layer(x), x * draws[0, :, 0] + draws[0, :, 1])
    assert layer.eval()(x) is x


def test_movement_is_the_distance_over_the_standard_deviation():
    mean = np.array([0.0, 3.0, 100.0, 103.0]).reshape(1, 4, 1, 1)
    std = np.array([2.0, 6.0, 2.0, 6.0]).reshape(1, 4, 1, 1)
    assert covariate.movement(mean, std).tolist() == [[2.5]]


def test_a_seed_that_never_learns_bounds_the_ratio():
    never, slow, fast = np.full(3, np.inf), np.full(3, 100.0), np.full(3, 10.0)
    steps = np.arange(1, 101)
    mean, spread, words, slack = faster.speed_up(never, fast, steps)
    assert mean == pytest.approx(1.0) and spread == slack and "at least" in words
    assert np.isnan(faster.speed_up(never, np.array([10, 10, np.inf]), np.arange(1, 1001))[1])
    assert faster.speed_up(slow, never, steps)[0] == pytest.approx(0.0)


def test_steps_are_known_to_the_evaluation_before():
    """Seen at 40 and at 400, evaluated every 20: 21 to 40 and 381 to 400, so 9.5 to 19 times."""
    slow, fast = np.full(3, 400.0), np.full(3, 40.0)
    mean, spread, _, slack = faster.speed_up(slow, fast, np.arange(20, 901, 20))
    assert spread == slack  # seeds that agree leave nothing to chance
    assert mean - spread <= np.log10(381 / 40) and mean + spread >= np.log10(400 / 21)


def judged(name, arrays):
    """Each claim's outcome, and the experiment's, when its cells have these arrays."""
    plan = Plan.of(Settings.of(quick=True))
    shared = SimpleNamespace(
        plan=plan, of=lambda study: validated(arrays(plan)), store=SimpleNamespace(told=list)
    )
    study = Study(Record(), FAMILY.member(name), shared)
    load(study.member.measure)(study)
    study.finish()
    outcomes = {v.claim.name.partition(".")[2]: v.outcome for v in study.verdicts}
    return outcomes, FAMILY.outcome(study.verdicts)


def a_little(*shape):
    """Seeds differ a little, so that intervals are small and not zero."""
    return 1 + 1e-4 * np.random.default_rng(0).standard_normal(shape)


def speeds(true):
    def arrays(plan):
        cells = faster.cells(plan)
        members, count = len(cells["none"].replicas), len(cells["none"].marks)
        found = {}
        for name in cells:
            better = (name == "batch") == true
            reach, final, moves = (0.1, 0.95, 0.1) if better else (0.8, 0.9, 3.0)
            curve = final * (np.arange(count) >= reach * count)
            median = moves * np.linspace(0, 1, count)
            inputs = np.stack([median - 1, median, median + 1], 1)
            found[name] = {
                "test_accuracy": curve * a_little(members, 1),
                "percentiles": inputs * a_little(members, 1, 1),
            }
        return found

    return arrays


def regularised(true):
    """accuracy, gap by kind; the gap of batch norm alone also by the size of the batches."""
    accuracy = {"neither": 0.80, "batch": 0.85, "dropout": 0.85, "both": 0.86}
    gap = {"neither": 0.5, "batch": 0.2, "dropout": 0.2, "both": 0.2}
    if not true:
        accuracy, gap = accuracy | {"batch": 0.75, "both": 0.9}, gap | {"batch": 0.9}

    def arrays(plan):
        found = {}
        for name, batch in regulariser.cells(plan):
            by_size = 1e-3 * batch * (1 if true else -1) * (name == "batch")
            some = a_little(3, 1)
            found[name, batch] = {
                "test_accuracy": accuracy[name] * some,
                "train_accuracy": np.ones((3, 1)),
                "test_loss": (1 + gap[name] + by_size) * some,
                "train_loss": np.ones((3, 1)),
            }
        return found

    return arrays


def smooth(true):
    def arrays(plan):
        size = {"none": 1.0, "batch": 0.5 if true else 2.0, "layer": 1.0}
        names = ("loss_range", "predictiveness", "beta", "test_accuracy")
        return {n: {name: s * a_little(3, 10) for name in names} for n, s in size.items()}

    return arrays


def shifted(true, moves=2.0):
    """The chapter's world: gradients change less with batch norm, and noise undoes its gain."""
    noisy = 0.61 if true else 0.79
    accuracy = {"none": 0.6, "batch": 0.8, covariate.NOISY: noisy}

    def arrays(plan):
        count = len(covariate.cells(plan)["batch"].marks)
        found = {}
        for name, level in accuracy.items():
            less = (name != "none") == true
            step = moves if name == covariate.NOISY else 1.0
            mean = step * (np.arange(count) % 2)[:, None, None] * a_little(3, 1, 8, 4)
            found[name] = {
                "test_accuracy": level * a_little(3, count),
                "shift": (0.5 if less else 1.0) * a_little(3, count, 8),
                "relative": a_little(3, count, 8),
                "cosine": (0.9 if less else 0.5) * a_little(3, count, 8),
                "mean": mean.reshape(3, count, 8, 4),
                "std": np.ones((3, count, 8, 4)),
            }
        return found

    return arrays


WORLDS = {
    "faster": speeds,
    "regulariser": regularised,
    "smoothness": smooth,
    "covariate-shift": shifted,
}


@pytest.mark.parametrize("name", WORLDS)
def test_every_claim_holds_where_it_is_so_and_not_where_it_is_not(name):
    claims = [claim.name for claim in FAMILY.member(name).claims]
    assert judged(name, WORLDS[name](True)) == (dict.fromkeys(claims, "holds"), "holds")
    assert judged(name, WORLDS[name](False)) == (
        dict.fromkeys(claims, "does not hold"),
        "does not hold",
    )


def test_noise_that_moves_nothing_tests_nothing():
    outcomes, _ = judged("covariate-shift", shifted(False, moves=0.5))
    assert outcomes["noise"] == "inconclusive"


def test_too_few_examples_for_a_batch_are_told():
    with pytest.raises(
        DataError, match="20 examples to train on given; batches of 32 need as many"
    ):
        train(cell(train=20))
