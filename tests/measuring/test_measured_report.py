"""The report of images, of a table with gaps, and of an array: what it says, whatever names are like."""

import html
import re
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet
from sklearn.datasets import load_digits, load_sample_images, load_wine

import normlab
from hostile import CODE, TAG
from normlab.errors import DataError
from normlab.measuring import report, text
from normlab.measuring.network.snippets import normalize_line
from normlab.measuring.recipes import recipes
from normlab.measuring.showing.findings import farthest, reach
from normlab.safe import printable

WINE = load_wine()
SECTIONS = ["To paste", "Each feature", "Histograms", "What the usual recipes would have given"]


def words(page):
    """The text of a page."""
    return html.unescape(re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<style>.*?</style>", "", page)))


def write_wine(folder, names):
    """The wine in three files, in the order of its classes, with gaps, a constant and a mistake."""
    x = np.column_stack([WINE.data[:, :5], np.full(178, 7.0)])
    x[::9, 1] = np.nan
    x[3, 2] = 999
    folder.mkdir()
    for i, part in enumerate(np.array_split(x, 3)):
        columns = [pa.array(column, from_pandas=True) for column in part.T]
        parquet.write_table(pa.table(columns, list(names)), folder / f"{i}.parquet")
    return folder


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = write_wine(
        tmp_path_factory.mktemp("table") / "wine", [*WINE.feature_names[:5], "seven"]
    )
    return normlab.measure(folder, quantiles=True)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    for name, image in zip(("china", "flower"), load_sample_images().images, strict=True):
        for i in range(4):
            Image.fromarray(image[80 * i :][:80]).save(folder / f"{name}{i}.png")
    return normlab.measure(folder)


@pytest.fixture(scope="module")
def array(tmp_path_factory):
    path = tmp_path_factory.mktemp("array") / "digits.npy"
    np.save(path, load_digits().images.astype(np.float32))
    return normlab.measure(path, features=(1, 2))


def test_images_begin_with_the_line_to_paste(images):
    page = report.page(images)
    shown = words(page.html())
    assert shown.index(normalize_line(images)) < shown.rindex("Each channel")
    assert "Values are on the scale 0 to 1" in shown and "Every pixel counts alike" in shown
    assert "keras.layers.Normalization" in shown and '"scale": "0-1"' in shown
    assert list(page.drawn) == ["histograms"]
    assert "No value is missing or infinite." in shown


def test_a_table_shows_gaps_constants_and_mistakes(table):
    page = report.page(table)
    shown = " ".join(words(page.html()).split())
    assert [s.title for s in page.sections] == [
        *SECTIONS, "Drift between parts", "Missing, constant, far away",
    ]  # fmt: skip
    assert list(page.drawn) == ["histograms", "parts"]
    assert "malic_acid 20 0 11.2 %" in shown
    assert re.search(r"Constant, so that std is 0: 'seven'", shown)
    assert re.search(r"ash 999 13\.\d 4 ", shown)
    assert "The data came in 3 parts." in shown and "differ by more than chance allows" in shown
    assert "StandardScaler()" in shown


def test_an_array_of_many_features_is_not_written_out(array):
    page = report.page(array)
    shown = words(page.html())
    assert 'normlab.Measured.load("stats.json")' in shown and "There are 64 features" in shown
    assert "They come with" not in shown and "None were kept" in shown
    assert not page.drawn


def test_a_long_table_says_what_it_leaves_out():
    page = report.page(normlab.measure(np.random.default_rng(0).random((9, 300))))
    assert page.html().count("The first 200 of 300; stats.json has all.") == 2


def test_of_a_part_taken_away_the_range_is_unknown(table):
    first, rest = (normlab.measure(WINE.data[:n]) for n in (60, 178))
    shown = words(report.page(rest.subtract(first)).html())
    assert "The range is unknown, since a part was subtracted." in shown


def test_nothing_is_fetched_and_nothing_runs(images, table, array):
    for found in (images, table, array):
        page = report.page(found).html()
        assert "<script" not in page
        assert not re.search(r'(?:src|href)="(?!#|data:,)', page)


def test_it_is_written_whole_or_not_at_all(table, tmp_path):
    path = table.report(tmp_path / "new" / "r.html")
    assert path.read_text("utf-8").startswith("<!doctype html>")
    assert [file.name for file in path.parent.iterdir()] == ["r.html"]
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"cannot write into .*--html"):
        table.report(tmp_path / "file" / "r.html")


class Elements(HTMLParser):
    """The tags of a page in their order, with the names of their attributes."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.words = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        # a path outside the picture has no d: long names make legends wide
        self.tags.append((tag, [name for name, _ in attrs if name != "d"]))

    def handle_data(self, data):
        self.words += data

    def handle_comment(self, data):
        raise AssertionError(data)


HOSTILE = (
    f"height $5\n{CODE}", f"Ba$$in {TAG}", "</script></svg><!--", "_hidden\x0b\u2028",
    "[a](http://b) *a* `b` $\\frac$", "naïve 很长 =1+1 \\",
)  # fmt: skip


def test_the_report_is_that_of_harmless_names(tmp_path):
    found = []
    for folder, names in {"harmless": "abcdef", "<b> *a* $x$ `b`": HOSTILE}.items():
        measured = normlab.measure(write_wine(tmp_path / folder, names), quantiles=True)
        found.append(Elements(report.page(measured).html()))
    kinds = (
        "text",
        "tspan",
        "g",
        "use",
        "path",
        "defs",
        "clipPath",
        "rect",
    )  # of a figure: labels differ
    harmless, hostile = ([t for t in one.tags if t[0] not in kinds] for one in found)
    assert hostile == harmless
    for name in HOSTILE:
        assert printable(name)[:30] in found[1].words


def test_it_fits_a_phone_in_light_and_in_dark(browser, images, table, tmp_path):
    for scheme in ("light", "dark"):
        for name, found in {"images": images, "table": table}.items():
            path = found.report(tmp_path / f"{name}.html")
            page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme=scheme)
            page.goto(path.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") == 390
            assert page.locator("svg.plot").count() == {"images": 1, "table": 2}[name]
            page.close()


def test_the_recipes_of_images_are_what_people_compute(images, tmp_path):
    """By the images' own numbers, as the loops on the net do it."""
    pictures = []
    for image in load_sample_images().images:
        pictures += [image[80 * i :][:80].reshape(-1, 3) / 255 for i in range(4)]
    found = {recipe.name: recipe for recipe in recipes(images)}
    stds = np.mean([p.std(0, ddof=1) for p in pictures], axis=0)
    means = np.std([p.mean(0) for p in pictures], axis=0, ddof=1)
    every = np.concatenate(pictures)
    np.testing.assert_allclose(found["mean of the images' stds"].std, stds, rtol=1e-12)
    np.testing.assert_allclose(found["std of the images' means"].std, means, rtol=1e-12)
    np.testing.assert_allclose(images.std(0), every.std(0), rtol=1e-12)
    off = found["mean of the images' stds"].off(images.std(0).numpy())
    np.testing.assert_allclose(off, stds / every.std(0) - 1, rtol=1e-10)


def test_the_recipes_of_a_table_leave_constants_and_empty_parts_out(table):
    found = {recipe.name: recipe.off(table.std(0).numpy()) for recipe in recipes(table)}
    assert set(found) == {
        "mean of the parts' stds",
        "std of the parts' means",
        "unbiased std (divided by n − 1)",
    }
    for off in found.values():
        assert np.isnan(off[5]) and np.isfinite(off[:5]).all()
    assert (found["mean of the parts' stds"][:1] < -0.2).all()


def test_far_away_is_what_a_normal_distribution_does_not_reach():
    """One per cent of normal samples has a value beyond reach, of this size and both ends."""
    x = np.random.default_rng(0).standard_normal((4000, 50))
    assert (abs(x).max(1) > reach(50)).mean() == pytest.approx(0.01, abs=4 * 0.1 / 4000**0.5)
    (found,) = farthest(normlab.measure(np.append(np.linspace(-1, 1, 99), 50.0)[:, None]))
    assert (found.name, found.value) == ("0", 50.0) and found.distance > found.reach


def test_the_terminal_begins_with_the_line_to_paste(images, table):
    lines = text.lines(images)
    assert lines[0] == f"{normalize_line(images)} (of values from 0 to 1)"
    assert any(line.startswith("8 images, 3 channels; std is the biased one") for line in lines)
    assert any(
        re.match(r"The mean of the images' stds would be off by up to -\d+ %\.", line)
        for line in lines
    )
    lines = text.lines(table)
    assert lines[0].split() == ["mean", "std", "min", "max", "values", "missing"]
    assert lines[2].split()[0] == "malic_acid" and lines[2].split()[-2:] == ["158", "20"]


def test_the_terminal_shows_no_control_characters_and_not_all_of_many():
    found = normlab.measure(np.random.default_rng(0).random((9, 100)))
    found.names = ("\x1b[2Jx" * 20, *found.names[1:])
    lines = text.lines(found)
    assert "\x1b" not in "".join(lines) and "… and 80 more; --json or --out has all." in lines
