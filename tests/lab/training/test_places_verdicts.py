"""Claims about evaluation, batch sizes, homes and biology, judged on made-up results."""

from types import SimpleNamespace

import numpy as np
import pytest
from made_up import validated

from normlab.lab.experiment import Record
from normlab.lab.family import Study, load
from normlab.lab.training import FAMILY, batch_size, biology, evaluation, homes
from normlab.lab.training.plan import Plan
from normlab.lab.training.settings import Settings

SEEDS = 4
NOISE = np.linspace(-1e-3, 1e-3, SEEDS)
PLAN = Plan.of(Settings(seeds=SEEDS))


def judged(name, arrays):
    """Outcomes of an experiment's claims for such results; its section is made as well."""
    shared = SimpleNamespace(
        plan=PLAN, of=lambda study: validated(arrays), store=SimpleNamespace(told=lambda: ())
    )
    study = Study(Record(), FAMILY.members[name], shared)
    load(study.member.measure)(study)
    study.finish()
    assert study.found
    assert study.record.figures[0].render().png
    found = {v.claim.name.partition(".")[2]: v.outcome for v in study.verdicts}
    return found | {"all": FAMILY.outcome(study.verdicts)}


def at_end(*values, noise=True):
    """(seeds, 1 mark, places) or, of one value, (seeds, 1 mark)."""
    rows = np.array(values)[None] + (NOISE[:, None] if noise else 0)
    return rows[:, None] if len(values) > 1 else rows


def cell(accuracy, **more):
    return {"test_accuracy": at_end(accuracy), "loss": np.ones((SEEDS, 7)), **more}


def evaluated(running=0.95, own=0.95, batches=0.95, shifted=0.95, last=0.95, wrong=0.95):
    modes = {
        "running": at_end(running, *[shifted] * 4),
        "own": at_end(*[own] * 5),
        "batches": at_end(*[batches] * 5),
    }
    found = {"batch": cell(running, last_batch=at_end(0.95, 0.95, last), **modes)}
    for momentum, accuracy in zip(evaluation.MOMENTA, (0.95, 0.95, 0.95, wrong), strict=True):
        found[f"momentum {momentum:g}"] = cell(accuracy)
    return found


@pytest.mark.parametrize(
    ("given", "failing", "verdict"),
    [
        ({}, [], "holds"),
        ({"own": 0.9, "shifted": 0.9}, ["same"], "does not hold"),
        ({"own": 0.99}, ["same", "also.shift"], "does not hold"),
        ({"batches": 0.92}, ["also.batches"], "holds with conditions"),
        ({"shifted": 0.9}, ["also.shift"], "holds with conditions"),
        ({"last": 0.4}, ["also.last"], "holds with conditions"),
        ({"wrong": 0.4}, ["also.momentum"], "holds with conditions"),
    ],
)
def test_evaluation(given, failing, verdict):
    found = judged("evaluation", evaluated(**given))
    assert found.pop("all") == verdict
    assert [name for name, outcome in found.items() if outcome != "holds"] == failing


def test_evaluation_takes_the_mean_of_the_last_quarter():
    found = evaluated()
    for momentum in evaluation.MOMENTA:
        found[f"momentum {momentum:g}"]["test_accuracy"] = np.array([[0.5, 0.7]] * SEEDS)
    np.testing.assert_allclose(evaluation.momentum_accuracy(found), 0.6)


@pytest.mark.parametrize(
    ("errors", "failing", "verdict"),
    [
        ({}, [], "holds"),
        ({("batch", 8): 0.2}, ["eight"], "does not hold"),
        ({("batch", 2): 0.2}, ["also.two", "also.group"], "holds with conditions"),
        ({("group", 2): 0.2}, ["also.steady"], "holds with conditions"),
    ],
)
def test_batch_size(errors, failing, verdict):
    sizes = batch_size.SIZES
    arrays = {(n, s): cell(1 - errors.get((n, s), 0.1)) for n in batch_size.NORMS for s in sizes}
    found = judged("batch-size", arrays)
    assert found.pop("all") == verdict
    assert [name for name, outcome in found.items() if outcome != "holds"] == failing


def test_batch_size_sees_every_example_equally_often():
    cells = batch_size.cells(PLAN)
    seen = {c.steps * c.batch_size for c in cells.values()}
    assert max(seen) - min(seen) < 5 * max(batch_size.SIZES)
    assert len({c.lrs[0] / c.batch_size for c in cells.values()}) == 1


def housed(changed, unmasked=0.0, masked=0.0):
    found = {}
    for name in homes.RESNET:
        accuracy = changed.get(name, 0.93 if name == "batch" else 0.9)
        values = np.concatenate([at_end(0.3), at_end(accuracy)])  # two rates
        found["resnet", name] = {"test_accuracy": values, "loss": np.ones((2 * SEEDS, 7))}
    for name in homes.TRANSFORMER:
        accuracy = changed.get(name, 0.9 if name.startswith("layer") else 0.92)
        change = {"batch, no mask": unmasked, "batch, mask": masked}.get(name, 0.0)
        padding = np.full((SEEDS, 1), change)
        found["transformer", name] = cell(
            accuracy, padding_training=padding, padding_evaluation=padding
        )
    return found


@pytest.mark.parametrize(
    ("changed", "padding", "failing", "verdict"),
    [
        ({}, {}, [], "holds"),
        ({"none": 0.93}, {}, ["resnet"], "does not hold"),
        ({"batch, mask": 0.8}, {}, ["transformer"], "does not hold"),
        ({"group": 0.95}, {}, ["also.group"], "holds with conditions"),
        ({}, {"unmasked": 0.5}, ["also.padding"], "holds with conditions"),
        ({}, {"masked": 0.5}, ["also.masked"], "holds with conditions"),
    ],
)
def test_homes(changed, padding, failing, verdict):
    found = judged("homes", housed(changed, **padding))
    assert found.pop("all") == verdict
    assert [name for name, outcome in found.items() if outcome != "holds"] == failing


def natural(lrn=0.9, contrast=0.9, sparser=0.1, canonical=-0.1):
    found = {}
    for name in biology.KINDS:
        accuracy = lrn if name == "lrn" else 0.92
        other = contrast if name == "batch" else 0.9
        step = {"miller": sparser, "batch after": canonical}.get(name, 0.0)
        found[name] = cell(
            accuracy,
            contrast=at_end(other, other, accuracy, other, other),
            gini=at_end(0.5, 0.5 + step, 0.6, noise=False)
            + np.array([0, 1, 0]) * NOISE[:, None, None],
        )
    return found


@pytest.mark.parametrize(
    ("given", "failing", "verdict"),
    [
        ({}, [], "holds"),
        ({"lrn": 0.95}, ["batch"], "does not hold"),
        ({"contrast": 0.6}, ["also.contrast"], "holds with conditions"),
        ({"sparser": -0.1}, ["also.sparse"], "holds with conditions"),
        ({"canonical": 0.1}, ["also.canonical"], "holds with conditions"),
    ],
)
def test_biology(given, failing, verdict):
    found = judged("biology", natural(**given))
    assert found.pop("all") == verdict
    assert [name for name, outcome in found.items() if outcome != "holds"] == failing


@pytest.mark.parametrize("name", ["evaluation", "batch-size", "homes", "biology"])
def test_the_readers_normaliser_is_compared(name, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("import torch\nMine = torch.nn.BatchNorm2d\n")
    plan = Plan.of(Settings(seeds=2, norm=(f"{file}:Mine",)))
    experiment = FAMILY.members[name]
    cells = load(experiment.cells)(plan)
    assert any(cell.norm.name == "Mine" for cell in cells.values())
    assert load(experiment.cells)(PLAN).keys() < cells.keys()
