"""The wrong layers of the zoo that grade is tried on: check alarms each, told its row or not."""

import importlib.util
import inspect
from pathlib import Path

import pytest
import torch

import normlab
from normlab.checks.from_words import made
from normlab.equation.table import TABLE

WRONG = Path(__file__).parents[1] / "grading" / "zoo" / "wrong"
SHAPES = {"layer": (4, 7, 6), "rms": (4, 7, 6), "l2": (5, 6), "batch2d": (4, 6, 5, 6)}
SHAPE = (4, 6, 5, 7)
# mistakes of how a layer is made or loaded, of how long it keeps a graph, or of zeros: not in one input
NOT_SEEN = (
    "batch_average_restarted",
    "batch_graph_kept",
    "batch_var_starts_at_zero",
    "instance_random_start",
    "l2_missing_eps",
)


def layers():
    """(file, class) of every wrong one that is a module."""
    for path in sorted(WRONG.glob("*.py")):
        if "nn.Module" in path.read_text() and path.stem not in NOT_SEEN:
            spec = importlib.util.spec_from_file_location(f"zoo_{path.stem}", path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            given = vars(module).values()
            kinds = [v for v in given if isinstance(v, type) and issubclass(v, torch.nn.Module)]
            yield path.stem, next(kind for kind in kinds if kind.__module__ == module.__name__)


LAYERS = dict(layers())


def wrong(name, seed=0):
    """The layer with drawn weights, an input, and its row."""
    long = (row for row in TABLE if "_" in row and name.startswith(row))
    row = next(long, name.partition("_")[0])
    shape = SHAPES.get(row, SHAPE if "2d" in LAYERS[name].__name__ or row != "batch" else (8, 6))
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(shape, generator=generator)
    takes = inspect.signature(LAYERS[name]).parameters
    settings = {"dim": shape[-1]} if "dim" in takes else {}
    settings |= {"num_groups": 3} if row == "group" else {}
    layer = made(LAYERS[name], x, settings)
    with torch.no_grad():
        for value in layer.parameters():
            value.add_(torch.rand(value.shape, generator=generator))
    return layer, x, {"batch2d": "batch"}.get(row, row)


@pytest.mark.parametrize("name", LAYERS)
def test_a_wrong_layer_is_alarmed(name):
    layer, x, row = wrong(name)
    told = normlab.check(layer, x, row=row)
    assert not told.agrees, str(told)
    found = normlab.check(layer, x)
    # or it is another row, rightly computed, and that is said
    assert not found.agrees or found.row != row, str(found)
