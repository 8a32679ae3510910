"""Random states of the explorer, as a page would send them."""

import random

from exported import sent

from normlab.equation.table import TABLE
from normlab.explorer.model.normalising import misfit
from normlab.explorer.view.carried import SEEDS, SIZES

DATA = ("points", "sequence", "image", "bank", "contrast")


def drawn(rng, data, norm):
    """Whatever a person may set for that row and those data, within what the sliders reach."""
    state = {"data": data, "norm": norm, "frame": rng.choice(["fixed", "shared", "auto"])}
    state["selected"] = [rng.randrange(140), rng.randrange(6), rng.randrange(70)]
    if rng.random() < 0.8:
        state |= _DATA.get(data, _block)(rng)
    if data == "points" and rng.random() < 0.4:
        state["edits"] = _edits(rng, state.get("n", 128))
    held = TABLE[norm].defaults
    of_row = {name: value for name, value in _settings(rng).items() if name in held}
    more = (of_row | _shared(rng)).items()
    return sent(state | {name: value for name, value in more if rng.random() < 0.6})


def _some(rng, low, high):
    return round(rng.uniform(low, high), 3)


def _pair(rng, low, high):
    return [_some(rng, low, high), _some(rng, low, high)]


def _points(rng):
    return {
        "n": rng.choice(SIZES),
        "seed": rng.choice(SEEDS),
        "mean": _pair(rng, -50, 50),
        "scale": _pair(rng, 0, 20),
        "correlation": rng.choice([0, _some(rng, -0.95, 0.95)]),
        "outliers": rng.choice([0, 0, rng.randrange(20)]),
    }


def _block(rng):
    sizes = {"offset": (-5, 5), "gain": (0, 5), "noise": (0.01, 1)}
    return {name: _some(rng, *ends) for name, ends in sizes.items()} | {"seed": rng.choice(SEEDS)}


def _bank(rng):
    return {
        "strong": rng.randrange(16),
        "loud": _some(rng, 0, 1000),
        "quiet": _some(rng, 0, 100),
    }


def _contrast(rng):
    return {"masking": rng.choice([0, _some(rng, 0, 100)])}


_DATA = {"points": _points, "bank": _bank, "contrast": _contrast}


def _settings(rng):
    ends = {
        "eps": (0, 2), "alpha": (0, 2), "beta": (0.05, 2), "k": (0.1, 10), "sigma": (0.01, 50),
        "power": (0.5, 6), "width": (0.2, 6),
    }  # fmt: skip
    return {name: _some(rng, *each) for name, each in ends.items()} | {
        "size": rng.randrange(1, 9),
        "window": rng.choice(["gaussian", "box"]),
        "num_groups": rng.choice([1, 2, 4]),
    }


def _shared(rng):
    """What does not belong to a row."""
    return {
        "weight": _pair(rng, -3, 3),
        "bias": _pair(rng, -5, 5),
        "mode": rng.choice(["train", "eval"]),
        "step": rng.randrange(30),
        "batch_size": rng.randrange(1, 40),
        "momentum": rng.choice([None, _some(rng, 0, 1)]),
        "pool_own": _some(rng, 0, 2),
        "pool_cross": _some(rng, 0, 2),
        "compare": rng.choice(["", "mode", *TABLE]),
    }


def _edits(rng, n):
    def cells():
        columns = rng.sample([0, 1], rng.randrange(1, 3))
        return {str(column): _some(rng, -60, 60) for column in columns}

    rows = sorted(rng.sample(range(n), min(n, 3)))
    parts = {
        "moved": {str(row): cells() for row in rows},
        "added": [cells() for _ in range(rng.randrange(1, 4))],
        "deleted": rng.sample(range(n), n // 8),
    }
    return {name: part for name, part in parts.items() if rng.random() < 0.6}


def states(count, seed=0):
    """So many, of every row with all data that it fits in turn."""
    rng = random.Random(seed)
    fitting = [
        (data, norm) for norm, row in TABLE.items() for data in DATA if not misfit(row, data)
    ]
    return [drawn(rng, *fitting[i % len(fitting)]) for i in range(count)]
