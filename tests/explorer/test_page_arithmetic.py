"""Every row of the table, on all data it fits and in each mode: the page's arithmetic computed again.

From the displayed numbers alone, by formulas written down here: what is shown as the result, and where the
result is drawn, must be what these give.
"""

import math

import pytest
from plots import Plot, near
from tex import Formula, agrees, slack, span

from checks import number
from normlab import table

OWN = "u,v,w\n" + "\n".join(f"{1.5 * i % 7},{(i * i) % 11 - 4},{i / 3:.3f}" for i in range(30))
DATA = {
    "points": {"selected": [11, 0, 0], "weight": [1.7, -0.6], "bias": [0.3, -1.2]},
    "table": {"selected": [13, 1, 0], "axes": [1, 2], "weight": [-1.3], "bias": [0.25]},
    "image": {"selected": [2, 1, 27], "weight": [1.4], "bias": [-0.2]},
    "sequence": {"selected": [1, 2, 5], "weight": [0.7], "bias": [0.1]},
    "bank": {"selected": [0, 7, 0], "weight": [1.2], "bias": [2.0], "frame": "auto"},
    "contrast": {"selected": [40, 0, 0], "weight": [0.9], "bias": [0.05], "masking": 12.0},
}
SETTINGS = {
    "group": {"eps": 1e-3},
    "local_contrast": {"size": 5, "sigma": 0.4},
    "divisive": {"sigma": 0.7, "power": 1.7},
    "gdn": {"sigma": 0.8, "pool_own": 0.3, "pool_cross": 0.07},
    "gdn1": {"sigma": 0.8, "pool_own": 0.3, "pool_cross": 0.07},
    "local_response": {"alpha": 0.5, "size": 3, "k": 1.5},
}


def _variance(weight, d, eps, pool, bias):
    return weight * d / math.sqrt(eps + pool) + bias


# the row's formula by the names of its operands, and what it divides by
FORMULAS = {
    "batch": (_variance, lambda eps, pool: math.sqrt(eps + pool)),
    "layer": (_variance, lambda eps, pool: math.sqrt(eps + pool)),
    "instance": (_variance, lambda eps, pool: math.sqrt(eps + pool)),
    "group": (_variance, lambda eps, pool: math.sqrt(eps + pool)),
    "rms": (
        lambda weight, x, eps, pool, bias: _variance(weight, x, eps, pool, bias),
        lambda eps, pool: math.sqrt(eps + pool),
    ),
    "l2": (
        lambda x, pool, eps: x / max(math.sqrt(pool), eps),
        lambda pool, eps: max(math.sqrt(pool), eps),
    ),
    "local_response": (
        lambda x, k, pool, beta: x / (k + pool) ** beta,
        lambda k, pool, beta: (k + pool) ** beta,
    ),
    "local_contrast": (
        lambda weight, d, sigma, pool, bias: weight * d / math.hypot(sigma, math.sqrt(pool)) + bias,
        lambda sigma, pool: math.hypot(sigma, math.sqrt(pool)),
    ),
    "divisive": (
        lambda weight, x, power, sigma, pool, bias: (
            weight * math.copysign(abs(x) ** power, x) / (sigma**power + pool) + bias
        ),
        lambda sigma, power, pool: sigma**power + pool,
    ),
    "gdn": (
        lambda x, sigma, pool: x / math.sqrt(sigma**2 + pool),
        lambda sigma, pool: math.sqrt(sigma**2 + pool),
    ),
    "gdn1": (lambda x, sigma, pool: x / (sigma + pool), lambda sigma, pool: sigma + pool),
}


SPACE, SATURATING = ("instance", "local_contrast"), ("divisive", "gdn", "gdn1")


def fits(name, data):
    if data == "contrast":
        return name in SATURATING
    if data == "bank":  # one sample
        return name not in (*SPACE, "batch")
    return data in ("image", "sequence") or name not in SPACE


CASES = [
    pytest.param(data, name, mode, id=f"{data}-{name}-{mode}")
    for data in DATA
    for name in table
    if fits(name, data)
    for mode in ("train", "eval")[: 1 + table[name].running]
]


@pytest.fixture(scope="module")
def key(shared):
    """The key of a table that was pasted."""
    shared.paste(OWN)
    return shared.scene["state"]["table"]


@pytest.mark.parametrize(("data", "name", "mode"), CASES)
def test_the_arithmetic_can_be_done_again(shared, key, data, name, mode):
    more = {"table": key} if data == "table" else {}
    more |= {"mode": mode, "step": 5} if table[name].running else {}
    shared.go(data=data, norm=name, **DATA[data], **SETTINGS.get(name, {}), **more)
    operands = shared.operands
    for i in range(len(operands["x"])):
        _operands_agree(name, {term: shown[i] for term, shown in operands.items()})
    _formula_agrees(shared.tex, {term: shown[_lead(shared)] for term, shown in operands.items()})
    _drawn(shared, data, operands)
    _tabulated(shared, operands)
    assert shared[".katex-error"].count() == 0


def _lead(explorer):
    """Which of the shown channels the formula is about."""
    _, channel, _ = explorer.scene["state"]["selected"]
    columns = explorer.scene["columns"]
    return columns.index(channel) if channel in columns else 0


def _operands_agree(name, shown):
    function, scale = FORMULAS[name]
    for term, by in (("y", function), ("scale", scale)):
        names = by.__code__.co_varnames[: by.__code__.co_argcount]
        assert agrees(shown[term], *span(by, [shown[name] for name in names])), (term, shown)
    if "d" in shown:
        found = span(lambda x, center: x - center, [shown["x"], shown["center"]])
        assert agrees(shown["d"], *found), shown


def _formula_agrees(lines, shown):
    """The formula in numbers gives its own result, which is that of the operands, in either line."""
    for line, term in zip(lines, ("y", "d"), strict=False):
        _, middle, result = line.split(" = ")
        formula = Formula(middle)
        (told,) = Formula(result).numbers
        assert agrees(told, *span(formula, formula.numbers)), line
        assert float(told) == number(shown[term])
        terms = {number(text) for text in shown.values()}
        assert {float(written) for written in formula.numbers} <= terms | {2.0}
    assert len(lines) == (2 if "d" in shown else 1)


def _drawn(explorer, data, operands):
    """The mark of the selected element is where its displayed x and y say."""
    x, y = ([number(shown) for shown in operands[term]] for term in "xy")
    row, channel, place = explorer.scene["state"]["selected"]
    if data in ("points", "table"):
        for stage, (across, up) in (("before", x), ("after", y)):
            plot = Plot(explorer[f".scatter.{stage}"])
            for found in (plot.at(".points circle")[row], *plot.at(".ring")):
                assert near(found[0], plot.x(across)) and near(found[1], plot.y(up))
    elif data == "contrast":
        plot = Plot(explorer[".curveplot.after"], log=True)
        ((left, top),) = plot.at(".ring")
        assert near(left, plot.x(math.log10(x[0]))) and near(top, plot.y(y[0]))
    elif data == "bank":
        plot = Plot(explorer[".bankplot.after"])
        top, height = plot.at(".bank rect", ("y", "height"))[channel]
        assert near(top if y[0] > 0 else top + height, plot.y(y[0]))
    else:
        _shaded(explorer, data, (row, channel, place), y[0])


def _shaded(explorer, data, cell, y):
    """Blocks have no axes: the shade, or the height of the line, within the range of all."""
    low, high = explorer.scene["frames"]["after"][0]
    share = min(1.0, max(0.0, (y - low) / (high - low)))
    n, c, s = cell
    channels = explorer.scene["data"]["shape"][1]
    if data == "image":
        shades = explorer[".tilegrid.after .tiles rect"].evaluate_all(
            "all => all.map(e => Number(e.getAttribute('fill-opacity')))"
        )
        assert abs(shades[(n * channels + c) * 64 + s] - share) < 0.006
        return
    paths = explorer[".tilegrid.after .tiles path"].evaluate_all(
        "all => all.map(e => e.getAttribute('d'))"
    )
    tile = paths[n * channels + c][1:].split("L")
    top = 22 + n * (60 + 5)  # of a row of tiles of 60 units, below the names
    assert near(float(tile[s].split(",")[1]), top + 60 * (1 - share))


def _tabulated(explorer, operands):
    """The table of values has the same numbers in the row of the selected element."""
    scene = explorer.scene
    row, channel, place = scene["state"]["selected"]
    values = explorer.values[row]
    half = len(values) // 2
    places = half // len(scene["data"]["names"]) if scene["data"]["view"] != "cloud" else 1
    at = (
        range(len(operands["x"]))
        if scene["data"]["view"] == "cloud"
        else [channel * places + place]
    )
    for i, shown_x, shown_y in zip(at, operands["x"], operands["y"], strict=True):
        for told, shown in ((values[i], shown_x), (values[half + i], shown_y)):
            assert abs(told - number(shown)) <= 2 * slack(shown), (told, shown)


MEANS = [
    case for case in CASES if case.values[1] in ("batch", "layer", "instance", "group", "rms", "l2")
]
MEANS = [
    case for case in MEANS if case.values[0] in ("image", "sequence") and case.values[2] == "train"
]


@pytest.mark.parametrize(("data", "name", "mode"), MEANS)
def test_center_and_pool_are_those_of_the_blue_cells(shared, data, name, mode):
    shared.go(data=data, norm=name, selected=DATA[data]["selected"])
    arrays, shown = shared.arrays, {term: text for term, (text,) in shared.operands.items()}
    pooled = [x for x, weight in zip(arrays["before"], arrays["cells"], strict=True) if weight]
    center = math.fsum(pooled) / len(pooled) if "center" in shown else 0.0
    power = math.fsum((x - center) ** 2 for x in pooled) / (1 if name == "l2" else len(pooled))
    assert number(shown["pool"]) == pytest.approx(power, abs=slack(shown["pool"]))
    if "center" in shown:
        assert number(shown["center"]) == pytest.approx(center, abs=slack(shown["center"]))
    rings = shared[".tilegrid.cells .pooled rect"].evaluate_all(
        "all => all.filter(e => e.getAttribute('fill-opacity') > 0).length"
    )
    assert rings == len(pooled)
    for stage in ("before", "after"):
        assert shared[f".tilegrid.{stage} .overlay rect"].count() == len(pooled)
    assert (
        f"{len(pooled)} of {len(arrays['before'])} elements"
        in shared[".cells .note"].text_content()
    )


def test_the_menu_has_every_row_and_says_why_one_does_not_fit(shared):
    for data in ("points", "image", "contrast"):
        shared.go(data=data, norm="divisive")
        options = shared["select[data-control=norm] option"].evaluate_all(
            "all => all.map(e => [e.value, e.disabled, e.textContent])"
        )
        assert [value for value, *_ in options] == list(table)
        for value, disabled, text in options:
            assert disabled is not fits(value, data)
            assert (
                text.startswith(table[value].title)
                and ("(" in text[len(table[value].title) :]) is disabled
            )


def test_a_small_sigma_is_not_read_as_part_of_a_power_of_ten(shared):
    shared.go(norm="gdn", sigma=3e-5)
    assert shared.operands["sigma"] == ["3e−05", "3e−05"]
    _formula_agrees(shared.tex, {term: shown[0] for term, shown in shared.operands.items()})
