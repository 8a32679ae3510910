"""A replayed step is the step that vmap and autograd make, to the last bit, running statistics too."""

from dataclasses import replace

import pytest
import torch

from normlab.lab.training.engine.cell import Origin, Training
from normlab.lab.training.engine.data import load
from normlab.lab.training.engine.run import Run
from normlab.lab.training.engine.tape import Tape

IMAGES = {"network": "cnn", "options": {"channels": (4,)}}
TOKENS = {"network": "transformer", "standardize": False, "options": {"width": 8, "masked": True}}
CELLS = {
    "batch, dropout": {
        "norm": Origin("batch"),
        "options": {"width": 12, "depth": 2, "dropout": 0.3},
    },
    "ghost": {
        "norm": Origin("ghost"),
        "norm_options": {"ghost_batch_size": 4},
        "options": {"width": 8, "depth": 1},
    },
    "miller": {"norm": Origin("miller"), **IMAGES},
    "batch, mask": {"norm": Origin("batch"), **TOKENS},
}


def run(cell, replayed):
    made = Run(cell, load(cell.data), cell.replicas, stacked=True)
    assert made.group.replayed
    made.group.replayed = replayed
    losses = torch.stack([made.advance() for _ in range(4)])
    return {"losses": losses, **made.group.parameters, **made.group.buffers}


@pytest.mark.parametrize("given", CELLS.values(), ids=CELLS)
def test_no_bit_changes(given):
    cell = Training(steps=4, seeds=(0, 3), lrs=(0.05, 0.5), batch_size=8, momentum=0.9, **given)
    replayed, called = run(cell, True), run(cell, False)
    assert list(replayed) == list(called)
    for name, value in called.items():
        assert torch.equal(replayed[name], value), name


def test_a_readers_layer_is_called_at_every_step():
    cell = Training(steps=1, seeds=(0,), norm=Origin("mine", "torch.nn:Identity"))
    assert not Run(cell, load(cell.data), cell.replicas, stacked=True).group.replayed
    assert Run(
        replace(cell, norm=Origin("none")), load(cell.data), cell.replicas, True
    ).group.replayed


def test_what_is_changed_in_place_is_changed_again():
    def function(x, total):
        total += x.sum()
        return {"twice": 2 * x, "again": [x + torch.ones(3)]}

    total = torch.zeros(())
    tape = Tape(function, torch.arange(3.0), total)
    found = tape.replay(torch.tensor([4.0, 5.0, 6.0]), total)
    assert total == 3 + 15
    assert found["twice"].tolist() == [8, 10, 12]
    assert found["again"][0].tolist() == [5, 6, 7]
