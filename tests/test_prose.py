"""Facts that stand in sentences, against the tables that hold them."""

import json
import re
from pathlib import Path

import pytest

from normlab import table
from normlab.conventions.frameworks import CONVENTIONS, FRAMEWORKS, readings_of_alpha
from normlab.equation.papers import ALEXNET, alexnet_settings
from normlab.explorer.model import presets
from normlab.explorer.model.state import State
from normlab.explorer.model.words import strings
from normlab.nn import LocalResponseNorm

ROOT = Path(__file__).parents[1]
COUNTS = {2: "two", 5: "five", 6: "six", 16: "sixteen", 20: "twenty"}
KEYS = {title: key for key, title in FRAMEWORKS.items()}


def flat(path):
    """A file's text, in one line; of a notebook its prose."""
    text = (ROOT / path).read_text("utf-8")
    if path.endswith(".ipynb"):
        cells = [c for c in json.loads(text)["cells"] if c["cell_type"] == "markdown"]
        text = "\n".join("".join(c["source"]) for c in cells)
    return " ".join(text.split())


def named(text):
    """The frameworks that a text names."""
    return {title for title in FRAMEWORKS.values() if re.search(rf"\b{title}\b", text)}


DIVIDE, KEEP = map(named, readings_of_alpha())
LINE = next(line for line in table["local_response"].conventions if line.startswith("alpha:"))
SENTENCES = {  # who divides local response norm's α by the window, and who does not
    "the table": (LINE, r"alpha: (.*) divide it by size, the paper and (.*) do not;"),
    "the notebook": (
        flat("notebooks/chapter.ipynb"),
        r"Neither\. (.*?) divide `alpha` by the size of the window .*?; the paper and (.*?) do not\.",
    ),
}


@pytest.mark.parametrize("where", SENTENCES)
def test_who_divides_alpha(where):
    text, pattern = SENTENCES[where]
    divide, keep = re.search(pattern, text).groups()
    assert (named(divide), named(keep)) == (DIVIDE, KEEP)


def test_the_readme_says_how_far_alpha_is_off_and_where():
    text = flat("docs/explanation/small-print.md")
    where, times = re.search(r"the paper's α typed into (.*?) is (\w+) times", text).groups()
    assert named(where) == DIVIDE
    assert times == COUNTS[ALEXNET["size"]]


def test_the_row_says_alexnets_constants_as_its_settings():
    held = dict(re.findall(r"(\w+)=([\d.]+)", LINE))
    assert {name: float(value) for name, value in held.items()} == alexnet_settings()


def test_the_notebook_has_alexnets_constants():
    text = flat("notebooks/chapter.ipynb")
    found = re.search(
        r"\$k = (\d+)\$, \$\\alpha = 10\^\{(-\d+)\}\$, \$\\beta = ([\d.]+)\$ and (\w+) channels",
        text,
    )
    k, exponent, beta, size = found.groups()
    assert (float(k), 10.0 ** int(exponent), float(beta)) == (
        ALEXNET["k"],
        pytest.approx(ALEXNET["alpha"]),
        ALEXNET["beta"],
    )
    assert size == COUNTS[ALEXNET["size"]]
    assert "the paper says α = 10⁻⁴" in text
    assert f"`alpha={alexnet_settings()['alpha']:g}`".replace("0.0005", "5e-4") in text


def test_the_page_on_divisive_normalisation_has_them_too():
    over, times = re.search(
        r"DivisiveNorm\.alexnet\(C\)` \| .* over (\d+) channels; α is the paper's, (\w+) times less",
        flat("docs/howto/divisive.md"),
    ).groups()
    assert (int(over), times) == (ALEXNET["size"], COUNTS[ALEXNET["size"]])


def test_the_tour_says_what_its_state_shows():
    words, begin = strings(), State()
    step = next(step for step in presets.TOUR if step.name == "alexnet")
    state = State.of(**step.answer)
    text = words["tour.alexnet.text"].lower()
    assert f"channel {begin.strong} becomes {COUNTS[state.loud / begin.quiet]} times" in text
    size = state.settings.get("size", table["local_response"].defaults["size"])
    assert f"the window has {COUNTS[size]} channels, so {COUNTS[size // 2]} neighbours" in (
        words["tour.alexnet.answer"].lower()
    )
    assert f"{COUNTS[size // 2]} neighbours on either side" in words["preset.alexnet.notice"]
    assert size == LocalResponseNorm(5).size == ALEXNET["size"]


EPS = [
    (row.name, KEYS[name], float(value))
    for row in table.values()
    for line in row.conventions
    if line.startswith("eps:")
    for name, value in re.findall(r"(\w+) (1e-\d+)", line)
    if name in KEYS
]


@pytest.mark.parametrize(("row", "framework", "eps"), EPS)
def test_the_eps_that_a_row_says_of_a_framework(row, framework, eps):
    assert CONVENTIONS[framework, row].default("eps") == eps


def test_some_eps_are_said():
    assert len(EPS) >= 8


def test_the_momentum_that_batch_normalisation_says_of_frameworks():
    line = next(line for line in table["batch"].conventions if line.startswith("momentum:"))
    new, who, old = re.search(
        r"batch by it \(([\d.]+)\), (.*) the old average \(([\d.]+)\)", line
    ).groups()
    assert CONVENTIONS["torch", "batch"].default("momentum") == float(new)
    for name in named(who):
        theirs = CONVENTIONS[KEYS[name], "batch"].default("momentum")
        assert 1 - theirs == pytest.approx(float(old))
    assert named(who) == {"Keras", "Flax"}


def test_the_kept_variance_that_batch_normalisation_says_of_frameworks():
    line = next(line for line in table["batch"].conventions if line.startswith("running variance:"))
    unbiased, biased = line.split(";")
    assert {CONVENTIONS[KEYS[n], "batch"].running for n in named(unbiased)} == {"unbiased"}
    assert {CONVENTIONS[KEYS[n], "batch"].running for n in named(biased)} == {"biased"}
