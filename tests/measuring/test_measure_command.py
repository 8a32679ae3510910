"""normlab measure, from the command line."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import normlab
from command import here
from command import normlab as command
from normlab.measuring.saved import groups_from_json

RNG = np.random.default_rng(8)
FRAME = pd.DataFrame(
    {"a": RNG.normal(5, 2, 300), "b": RNG.normal(0, 1, 300), "kind": ["x", "y", "z"] * 100}
)


@pytest.fixture
def table(tmp_path):
    FRAME.to_csv(tmp_path / "t.csv", index=False)
    return tmp_path / "t.csv"


def test_json_is_what_is_saved(table, tmp_path):
    printed = here(
        "measure", table, "--json", "--out", tmp_path / "s.json", "--quantiles", "--covariance"
    )
    assert printed.returncode == 0, printed.stderr
    found = normlab.Measured.from_json(json.loads(printed.stdout))
    assert found.names == ("a", "b")
    assert found.mean.tolist() == normlab.Measured.load(tmp_path / "s.json").mean.tolist()
    np.testing.assert_allclose(found.covariance, FRAME[["a", "b"]].cov(), rtol=1e-12)
    assert found.quantile_error > 0


def test_as_its_user_starts_it(table):
    found = command("measure", table, "--columns", "a")
    assert found.returncode == 0 and found.stderr == ""
    assert f"{FRAME.a.mean():.4g}"[:4] in found.stdout


def test_columns_conditions_and_groups(table):
    printed = here(
        "measure",
        table,
        "--columns",
        "a",
        "--where",
        "b > 0 and kind != 'x'",
        "--by",
        "kind",
        "--json",
    )
    groups = groups_from_json(json.loads(printed.stdout))
    kept = FRAME[(FRAME.b > 0) & (FRAME.kind != "x")]
    assert set(groups) == {"y", "z"}
    for kind, found in groups.items():
        np.testing.assert_allclose(found.mean, [kept[kept.kind == kind].a.mean()], rtol=1e-12)


def test_arrays_and_images(tmp_path):
    x = RNG.integers(0, 256, (6, 9, 8, 3), dtype=np.uint8)
    np.save(tmp_path / "x.npy", x)
    (tmp_path / "images").mkdir()
    for i, image in enumerate(x):
        Image.fromarray(image).save(tmp_path / "images" / f"{i}.png")
    array = json.loads(here("measure", tmp_path / "x.npy", "--features", "3", "--json").stdout)
    images = json.loads(here("measure", tmp_path / "images", "--scale", "0-255", "--json").stdout)
    assert array["mean"] == images["mean"] and array["m2"] == images["m2"]
    assert images["scale"] == "0-255" and images["names"] == ["red", "green", "blue"]
    small = here(
        "measure", tmp_path / "images", "--resize", "4", "--interpolation", "box", "--json"
    )
    assert json.loads(small.stdout)["count"] == [6 * 4 * 4] * 3
    words = here("measure", tmp_path / "images").stdout
    means = ", ".join(f"{m:.4f}" for m in x.mean((0, 1, 2)) / 255)
    assert f"Normalize(mean=[{means}]" in words


def test_a_url_is_copied_first(table):
    found = normlab.measure(f"file://{table}")
    assert found.source == f"file://{table}" and found.rows == 300
    printed = here("measure", "file:///nowhere/t.csv")
    assert printed.returncode == 2 and printed.stderr.startswith(
        "normlab: file:///nowhere/t.csv: there is no such file or folder"
    )


def test_data_that_look_normalised():
    x = RNG.normal(size=(5000, 2))
    x = (x - x.mean(0)) / x.std(0)
    assert any("Looks normalised already" in note for note in normlab.measure(x).notes)
    assert not any("Looks normalised" in note for note in normlab.measure(x + 1).notes)


REFUSED = {
    "the data itself": (["--out", "t.csv"], "t.csv is the data itself; give another file to write to."),
    "no number": (["--workers", "two"], "--workers 'two' given; it must be a whole number."),
    "no axes": (
        ["--features", "a"],
        "--features 'a' given; it must be a whole number, or several with commas: 0,1.",
    ),
    "resume alone": (
        ["--resume"], "resume given without out; it goes on beside the file of --out.",
    ),
    "a report of groups": (
        ["--html", "r.html", "--by", "kind"],
        "--html and --by given; a report is of one data set: leave out one of them.",
    ),
    "nothing to go on from": (
        ["--resume", "--out", "s.json"],
        "s.json.unfinished is not there, so nothing can be resumed; leave out --resume.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(arguments, message, table):
    before = table.read_bytes()
    found = here("measure", "t.csv", *arguments, cwd=table.parent)
    assert (found.returncode, found.stderr, found.stdout) == (2, f"normlab: {message}\n", "")
    assert table.read_bytes() == before and [*table.parent.iterdir()] == [table]
