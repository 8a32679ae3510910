"""normlab diff: against scipy's tests, by hand at the edges, and its exit codes."""

import json
import math

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from scipy import stats
from sklearn.datasets import load_sample_images, load_wine

import normlab
from command import here
from command import normlab as command
from normlab.errors import DataError, SettingError
from normlab.measuring.comparing.change import Sample, by_chance, compared, rows
from normlab.measuring.comparing.diff import diff
from normlab.measuring.comparing.samples import alike, between_shards
from normlab.measuring.comparing.words import lines, thresholds

WINE = load_wine()


def table(x, names=WINE.feature_names):
    return pa.table(
        {name: pa.array(column, from_pandas=True) for name, column in zip(names, x.T, strict=True)}
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Training: two thirds of the wine. Today: the others, with more proline, and gaps in ash."""
    folder = tmp_path_factory.mktemp("diff")
    x = WINE.data[np.random.default_rng(0).permutation(len(WINE.data))]
    train, now = x[:120], x[120:].copy()
    now[:, -1] += 300
    now[:6, 2] = np.nan
    for name, part in {"train": train, "now": now}.items():
        parquet.write_table(table(part), folder / f"{name}.parquet")
        normlab.measure(folder / f"{name}.parquet").save(folder / f"{name}.json")
    return folder, train, now


def loaded(folder):
    return (normlab.Measured.load(folder / f"{name}.json") for name in ("train", "now"))


def test_z_is_that_of_welch_and_the_worst_come_first(folder):
    folder, train, now = folder
    changes = diff(*loaded(folder)).changes
    assert [c.sureness for c in changes] == sorted((c.sureness for c in changes), reverse=True)
    assert changes[0].name == "proline"
    for change in changes:
        i = WINE.feature_names.index(change.name)
        here_ = now[:, i][~np.isnan(now[:, i])]
        welch = stats.ttest_ind(here_, train[:, i], equal_var=False)
        assert change.z == pytest.approx(welch.statistic, rel=1e-9)
        assert change.shift == pytest.approx(
            (here_.mean() - train[:, i].mean()) / train[:, i].std(ddof=1)
        )
        assert change.ratio == pytest.approx(here_.var(ddof=1) / train[:, i].var(ddof=1))
        low, high = train[:, i].min() - here_.min(), here_.max() - train[:, i].max()
        assert change.outside == pytest.approx(
            max(low, high, 0) / train[:, i].std(ddof=1), abs=1e-12
        )
    ash = next(c for c in changes if c.name == "ash")
    rate = 6 / 178
    assert (ash.missing_before, ash.missing_now) == (0.0, 6 / 58)
    assert ash.missing_z == pytest.approx(
        6 / 58 / math.sqrt(rate * (1 - rate) * (1 / 120 + 1 / 58))
    )


def test_z_of_the_variance_is_right_where_nothing_has_changed():
    """Over 2,000 pairs of samples it has a variance of 1, to four standard errors, for three shapes."""
    rng = np.random.default_rng(0)
    for draw in (
        rng.standard_normal,
        lambda size: rng.random(size),
        lambda size: rng.gamma(4, size=size),
    ):
        pair = []
        for n in (500, 800):
            x = draw((n, 2000))
            d = x - x.mean(0)
            kurtosis = (d**4).mean(0) / (d**2).mean(0) ** 2
            count = np.full(2000, float(n))
            pair.append(
                Sample.of(count=count, mean=x.mean(0), var=x.var(0, ddof=1), kurtosis=kurtosis)
            )
        found = compared(*pair)
        for z in ("z", "ratio_z"):
            # of a small sample z is a little wider than normal: 1/n
            assert abs(found[z].var() - 1) < 4 * math.sqrt(2 / 2000) + 0.02
            assert abs(found[z].mean()) < 4 / math.sqrt(2000) + 0.02


def test_constants_empty_columns_and_unknown_ranges():
    nan = float("nan")
    before = Sample.of(count=[10, 10, 10, 0, 10], mean=[7, 7, 7, nan, 1], var=[0, 0, 0, nan, 4.0])
    now = Sample.of(
        count=[10, 10, 10, 10, 0],
        mean=[7, 8, 7, 1, nan],
        var=[0, 0, 2.0, 4, nan],
        missing=[0, 0, 0, 0, 10],
    )
    same, moved, spread, new, gone = rows(list("abcde"), compared(before, now))
    assert (same.shift, same.z, same.ratio, same.ratio_z, same.sureness) == (0, 0, 1, 0, 0)
    assert (moved.shift, moved.z, moved.sureness) == (math.inf, math.inf, math.inf)
    assert (spread.shift, spread.ratio, spread.ratio_z) == (0, math.inf, math.inf)
    assert math.isnan(new.z) and math.isnan(new.missing_before)
    assert gone.missing_now == 1.0 and gone.missing_z == pytest.approx(math.sqrt(20))
    assert math.isnan(same.outside)
    assert json.loads(json.dumps(moved.json(), allow_nan=False))["z"] is None


def test_what_chance_allows():
    """One per cent for all together: of 3,000 normal numbers the largest is beyond it so often."""
    rng = np.random.default_rng(0)
    beyond = (abs(rng.standard_normal((4000, 30))).max(1) > by_chance(30)).mean()
    assert beyond == pytest.approx(0.01, abs=4 * math.sqrt(0.01 * 0.99 / 4000))


def test_pixels_of_one_image_are_alike(tmp_path):
    """Two halves of one set of pictures: pixel by pixel the means differ beyond all chance."""
    from PIL import Image

    for i in range(40):
        whole = load_sample_images().images[i % 2]
        at = 32 * (i // 2), 16 * (i // 2)
        Image.fromarray(whole[at[0] % 380 :, at[1] :][:32, :32]).save(tmp_path / f"{i:02}.png")
    found = normlab.measure(tmp_path)
    effect = alike(found)
    means = np.stack(
        [np.asarray(Image.open(p)).reshape(-1, 3).mean(0) / 255 for p in sorted(tmp_path.iterdir())]
    )
    assert effect == pytest.approx(means.var(0, ddof=1) * 1024 / np.asarray(found.var()))
    assert (effect > 100).all()
    assert alike(normlab.measure(WINE.data)).tolist() == [1.0] * 13


def test_each_part_against_all_others(tmp_path):
    x = WINE.data  # in the order of its classes
    parts = np.array_split(x, 5)
    for i, part in enumerate(parts):
        parquet.write_table(table(part), tmp_path / f"{i}.parquet")
    found = between_shards(normlab.measure(tmp_path), most=20)
    assert (len(found.worst), found.count) == (20, 5 * 13)
    for shard, change in found.worst:
        own, column = int(shard[0]), WINE.feature_names.index(change.name)
        others = np.concatenate([p for i, p in enumerate(parts) if i != own])
        welch = stats.ttest_ind(parts[own][:, column], others[:, column], equal_var=False)
        assert change.z == pytest.approx(welch.statistic, rel=1e-8)
        assert change.ratio == pytest.approx(
            parts[own][:, column].var(ddof=1) / others[:, column].var(ddof=1)
        )
    assert found.sure > 20 and found.changed[0] == found.worst[0][1].name
    assert between_shards(normlab.measure(tmp_path / "0.parquet"), most=20) is None


def test_in_a_process_of_its_own(folder):
    done = command("diff", "train.json", "now.json", "--fail-above", "shift=0.5", cwd=folder[0])
    assert (done.returncode, done.stderr) == (1, "")
    first, *lines = done.stdout.splitlines()
    assert first.startswith("1 of 13 features changed by more than chance allows (|z| above 3.7")
    assert lines[1].split()[:3] == ["mean", "before", "now"]
    assert lines[2].startswith("proline ")
    assert lines[-1].startswith("Beyond shift=0.5: 'proline' (")


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ([], 0), (["shift=5", "z=100", "ratio=50", "missing=0.9", "outside=50"], 0), (["shift=0.5"], 1),
        (["z=3"], 1), (["missing=0.05"], 1), (["ratio=1"], 1), (["outside=0"], 1), (["z=99", "shift=0.5"], 1),
    ],
)  # fmt: skip
def test_the_exit_code_is_that_of_the_thresholds(folder, limits, code):
    options = [part for limit in limits for part in ("--fail-above", limit)]
    assert here("diff", "train.json", "now.json", *options, cwd=folder[0]).returncode == code
    done = here("diff", "train.json", "now.json", "--json", *options, cwd=folder[0])
    found = json.loads(done.stdout)
    assert done.returncode == code == int(any(found["beyond"].values()))
    assert list(found["beyond"]) == [limit.partition("=")[0] for limit in limits]
    assert len(found["changes"]) == 13


def test_the_same_statistics_have_not_changed(folder):
    done = here("diff", "now.json", "now.json", *["--fail-above", "z=0"], cwd=folder[0])
    assert done.returncode == 0
    assert done.stdout.startswith(
        "Nothing has changed by more than chance allows in 13 features (|z| above"
    )


def test_columns_that_are_gone_or_new_are_beyond_any_threshold(folder, tmp_path):
    x = WINE.data
    normlab.measure(x[:, :2]).save(tmp_path / "two.json")
    normlab.measure(x[:, :3]).save(tmp_path / "three.json")
    for pair, word in ((("two", "three"), "new"), (("three", "two"), "gone")):
        done = here(
            "diff", *(f"{name}.json" for name in pair), "--fail-above", "z=99", cwd=tmp_path
        )
        assert done.returncode == 1
        assert done.stdout.startswith(f"{word}: '2'; Nothing has changed")
        assert f"Beyond z=99: '2' ({word})." in done.stdout


def test_what_is_unknown_is_said(folder, tmp_path):
    whole, part = (normlab.measure(WINE.data[:n]) for n in (178, 60))
    whole.save(tmp_path / "a.json")
    whole.subtract(part).save(tmp_path / "b.json")
    done = here("diff", "b.json", "a.json", "--fail-above", "outside=1", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.endswith("Within outside=1, as far as is known: not of 13 features.\n")


REFUSED = {
    "a name that is none": (
        ["train.json", "now.json", "--fail-above", "shft=1"],
        "Did you mean 'shift'?",
    ),
    "no number": (
        ["train.json", "now.json", "--fail-above", "shift=a"],
        "there must be a number, 0 or",
    ),
    "a ratio below 1": (
        ["train.json", "now.json", "--fail-above", "ratio=0.5"],
        "a number, 1 or more",
    ),
    "no file": (["train.json", "none.json"], "cannot be opened"),
    "no statistics": (["train.json", "train.parquet"], "is not JSON"),
    "images": (["train.json", "images.json"], "of a table and the second of images"),
    "two scales": (["images.json", "bytes.json"], "have scale '0-1' and the second '0-255'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_one_line(folder, case):
    from PIL import Image

    folder, arguments, words = folder[0], *REFUSED[case]
    (folder / "images").mkdir(exist_ok=True)
    Image.fromarray(load_sample_images().images[0][:20, :20]).save(folder / "images" / "a.png")
    normlab.measure(folder / "images").save(folder / "images.json")
    normlab.measure(folder / "images", scale="0-255").save(folder / "bytes.json")
    done = here("diff", *arguments, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1 and words in done.stderr


def test_the_same_errors_in_python():
    with pytest.raises(SettingError, match="NAME=NUMBER"):
        thresholds(["mean=1"])
    with pytest.raises(SettingError, match="a number, 0 or more"):
        thresholds(["z=nan"])
    images = normlab.measure(np.zeros((2, 3)))
    images.kind = "images"
    with pytest.raises(DataError, match="compare alike with alike"):
        diff(normlab.measure(np.zeros((2, 3))), images)


def test_a_thousand_columns_with_long_and_hostile_names(tmp_path):
    names = [f"{i}\x1b[2J" + "很" * 60 for i in range(1000)]
    x = np.random.default_rng(0).random((20, 1000))
    parquet.write_table(table(x, names), tmp_path / "a.parquet")
    normlab.measure(tmp_path / "a.parquet").save(tmp_path / "a.json")
    done = here("diff", "a.json", "a.json", cwd=tmp_path)
    assert done.returncode == 0 and "\x1b" not in done.stdout
    assert "… and 970 more; --json has all of them." in done.stdout
    assert max(map(len, done.stdout.splitlines())) < 160


def test_nothing_in_common_is_said():
    x = np.arange(100.0).reshape(50, 2)
    one = normlab.measure(x)
    other = normlab.measure(pa.table({"a": x[:, 0]}))
    said = lines(diff(one, other))[0]
    assert said.endswith("the two have no feature in common.") and "chance" not in said
