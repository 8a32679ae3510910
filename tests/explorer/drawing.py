"""Random states of the explorer, as a page would send them, and what Python says of each."""

import random

from exported import asked, sent

from normlab.equation.table import TABLE
from normlab.explorer.host.carried import SEEDS, SIZES
from normlab.explorer.model.normalising import misfit

DATA = ("points", "sequence", "image", "bank", "contrast")


def drawn(rng, data, norm):
    """Whatever a person may set for that row and those data, within what the sliders reach."""
    pick, some = rng.choice, lambda low, high: round(rng.uniform(low, high), 3)
    pair = lambda low, high: [some(low, high), some(low, high)]  # noqa: E731
    state = {"data": data, "norm": norm, "frame": pick(["fixed", "shared", "auto"])}
    state["selected"] = [rng.randrange(140), rng.randrange(6), rng.randrange(70)]
    makers = {
        "points": lambda: {
            "n": pick(SIZES), "seed": pick(SEEDS), "mean": pair(-50, 50), "scale": pair(0, 20),
            "correlation": pick([0, some(-0.95, 0.95)]), "outliers": pick([0, 0, rng.randrange(20)]),
        },
        "bank": lambda: {"strong": rng.randrange(16), "loud": some(0, 1000), "quiet": some(0, 100)},
        "contrast": lambda: {"masking": pick([0, some(0, 100)])},
    }  # fmt: skip
    block = lambda: {"offset": some(-5, 5), "gain": some(0, 5), "noise": some(0.01, 1), "seed": pick(SEEDS)}  # noqa: E731, E501
    state |= makers.get(data, block)() if rng.random() < 0.8 else {}
    if data == "points" and rng.random() < 0.4:
        state["edits"] = _edits(rng, state.get("n", 128))
    settings = {
        "eps": some(0, 2), "size": rng.randrange(1, 9), "alpha": some(0, 2), "beta": some(0.05, 2),
        "k": some(0.1, 10), "sigma": some(0.01, 50), "power": some(0.5, 6), "width": some(0.2, 6),
        "window": pick(["gaussian", "box"]), "num_groups": pick([1, 2, 4]),
    }  # fmt: skip
    held = TABLE[norm].defaults
    state |= {n: value for n, value in settings.items() if n in held and rng.random() < 0.6}
    more = {
        "weight": pair(-3, 3), "bias": pair(-5, 5), "mode": pick(["train", "eval"]),
        "step": rng.randrange(30), "batch_size": rng.randrange(1, 40), "momentum": pick([None, some(0, 1)]),
        "pool_own": some(0, 2), "pool_cross": some(0, 2), "compare": pick(["", "mode", *TABLE]),
    }  # fmt: skip
    return sent(state | {n: value for n, value in more.items() if rng.random() < 0.6})


def _edits(rng, n):
    cells = lambda: {str(c): round(rng.uniform(-60, 60), 2) for c in rng.sample([0, 1], rng.randrange(1, 3))}  # noqa: E731, E501
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
    fitting = [(data, norm) for norm, row in TABLE.items() for data in DATA if not misfit(row, data)]
    return [drawn(rng, *fitting[i % len(fitting)]) for i in range(count)]


def told(state):
    return asked(**state)
