"""The reader's data: what is read, how it is split and scaled, and what is refused with which words."""

import numpy as np
import pytest
import torch
from PIL import Image

from normlab.data.reading import Reading
from normlab.errors import DataError, SettingError
from normlab.lab.training.engine import data
from normlab.lab.training.engine.cell import DIGITS, Origin

X = np.random.default_rng(0).normal(5.0, 3.0, (40, 6))
Y = np.arange(40) % 4


def written(folder, **arrays):
    path = folder / "own.npz"
    np.savez(path, **arrays)
    return str(path)


def test_a_split_is_two_thirds_of_every_class_and_never_leaks():
    found = data.load(DIGITS)
    sizes = set()
    for seed in range(3):
        part = data.split(found, seed, 3)
        assert not set(part.train.tolist()) & set(part.test.tolist())
        assert len(part.train) + len(part.test) == len(found.y)
        shares = torch.bincount(found.y[part.train]) / torch.bincount(found.y)
        assert (shares - 2 / 3).abs().max() < 0.01
        sizes.add(len(part.train))
        scaled = (found.x[part.train] - part.mean) / part.std
        assert abs(scaled.mean()) < 1e-4 and abs(scaled.std(correction=0) - 1) < 1e-4
    assert len(sizes) == 1


@pytest.mark.parametrize("seeds", [2, 3, 12])
def test_no_two_seeds_share_a_test_example(seeds):
    """1,797 digits in parts of one size, each with every class in equal shares; the next seeds begin anew."""
    found = data.load(DIGITS)
    assert data.folds(found, seeds) == seeds
    parts = [data.split(found, seed, seeds) for seed in range(seeds)]
    every = torch.cat([part.test for part in parts])
    assert len(every.unique()) == len(every) == 1797 // seeds * seeds
    whole = torch.bincount(found.y) / seeds
    for part in parts:
        assert (torch.bincount(found.y[part.test]) - whole).abs().max() <= 2
    again = data.split(found, seeds, seeds)
    assert len(again.test) == len(parts[0].test) and set(again.test.tolist()) != set(
        parts[0].test.tolist()
    )


def test_few_data_have_fewer_folds_than_seeds():
    """The smallest class has 7 examples: two of it or more in each of three parts."""
    y = torch.tensor([0] * 7 + [1] * 30)
    few = data.Data(torch.randn(37, 2), y, ("a", "b"))
    assert data.folds(few, 12) == 3 and data.folds(few, 2) == 2
    for seed in range(12):
        assert torch.bincount(y[data.split(few, seed, 3).test]).min() >= 2


def test_validation_examples_are_neither_for_training_nor_for_testing():
    found = data.load(DIGITS)
    plain, kept = (data.split(found, 4, 12, validated=v) for v in (False, True))
    assert len(kept.validation) == len(plain.train) // 8 and not len(plain.validation)
    parts = [set(part.tolist()) for part in (kept.train, kept.validation, kept.test)]
    assert set.union(*parts) == set(range(1797)) and sum(map(len, parts)) == 1797
    scaled = (found.x[kept.train] - kept.mean) / kept.std
    assert abs(scaled.mean()) < 1e-4  # by the training part alone


def test_own_arrays(tmp_path):
    source = data.source(written(tmp_path, x=X, y=np.array(list("abcd"))[Y]))
    found = data.load(source)
    assert found.classes == ("a", "b", "c", "d") and found.x.dtype == torch.float32
    assert data.words(source) == "own.npz: 40 examples of 6, 4 classes"
    changed = X.copy()
    changed[0, 0] += 1
    np.savez(tmp_path / "own.npz", x=changed, y=Y)
    data.load.cache_clear()
    assert data.source(str(tmp_path / "own.npz")).digest != source.digest


def test_own_test_part_is_kept(tmp_path):
    source = data.source(written(tmp_path, x=X, y=Y, x_test=X[:8] + 100, y_test=Y[:8]))
    found = data.load(source)
    assert data.folds(found, 12) == 1
    part = data.split(found, 3, 1)
    assert sorted(part.test.tolist()) == list(range(40, 48))
    assert part.mean.max() < 20


def test_a_folder_of_images(tmp_path):
    random = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for i in range(6):
            pixels = random.integers(0, 255, (20, 50), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{i}.png")
    found = data.load(data.source(str(tmp_path)))
    assert found.x.shape == (12, 1, 32, 32) and found.classes == ("cat", "dog")


REFUSED = {
    "holds 'x' \\(40, 6\\), 'z' \\(40,\\); it must hold x": {"x": X, "z": Y},
    "class 1 has 1 examples; each class needs 6 or more": {
        "x": X[:20],
        "y": np.eye(20)[0].astype(int),
    },
    "y has the one class 7": {"x": X, "y": np.full(40, 7)},
    "NaN or infinite values in 1 of 40 examples": {"x": np.where(X[3, 2] == X, np.nan, X), "y": Y},
    "y has shape \\(39,\\) and dtype int64 beside 40 examples": {"x": X, "y": Y[:-1]},
    "y has shape \\(40,\\) and dtype float64": {"x": X, "y": Y / 3},
    "x has shape \\(40,\\)": {"x": X[:, 0], "y": Y},
    "x has shape \\(0, 6\\)": {"x": X[:0], "y": Y[:0]},
    "examples of 1 to 12,288 values": {"x": np.zeros((40, 12289), np.float32), "y": Y},
    "x_test has examples of shape \\(5,\\)": {"x": X, "y": Y, "x_test": X[:, :5], "y_test": Y},
    "class 3 has 0 examples in the test part": {"x": X, "y": Y, "x_test": X[:3], "y_test": Y[:3]},
}


@pytest.mark.parametrize("message", REFUSED)
def test_refused(tmp_path, message):
    with pytest.raises(DataError, match=message):
        data.source(written(tmp_path, **REFUSED[message]))


def test_what_is_no_data(tmp_path):
    with pytest.raises(DataError, match=r"no data 'digit'\. Did you mean 'digits'\?"):
        data.source("digit")
    (tmp_path / "bad.npz").write_bytes(b"PK nothing")
    with pytest.raises(DataError, match="is not what NumPy's save writes"):
        data.source(str(tmp_path / "bad.npz"))
    with pytest.raises(DataError, match="no images in folders"):
        data.source(str(tmp_path))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.png").write_bytes(b"nothing")
    with pytest.raises(DataError, match="cannot be read as an image"):
        data.source(str(tmp_path))


def test_mnist_is_mnist():
    found = data.load(Origin("mnist"))
    assert found.x.shape == (5000, 1, 28, 28) and len(found.classes) == 10
    assert torch.bincount(found.y).tolist() == [500] * 10


CLASSES = np.array(["low", "high", "none"])[np.arange(24) % 3]
TABLE = [(i / 4, 2 * i, CLASSES[i]) for i in range(24)]


def table(folder, header="a;b;kind", name="own.csv"):
    path = folder / name
    rows = (f"{a:.2f};{b};{kind}".replace(".", ",") for a, b, kind in TABLE)
    path.write_text("\n".join([header, *rows]))
    return str(path)


@pytest.mark.parametrize("header", ["a;b;kind", "a;b;Class", "a;b;species"])
def test_a_table_with_a_column_of_classes(tmp_path, header):
    found = data.load(data.source(table(tmp_path, header)))
    assert found.x.tolist() == [[a, b] for a, b, _ in TABLE]
    assert [found.classes[i] for i in found.y] == CLASSES.tolist()
    assert "decimal comma" in found.said[0] and "2 features, 24 examples" in found.said[0]
    assert f"The classes are in column {header[4:]!r}" in found.said[1]


def test_the_column_of_classes_is_chosen_or_asked_for(tmp_path):
    path = tmp_path / "own.csv"
    rows = [f"{i % 2},{i / 4},{i % 3}" for i in range(24)]
    path.write_text("\n".join(["a,b,c", *rows]))
    with pytest.raises(DataError, match="name that of the classes with --label: 'a', 'b', 'c'"):
        data.source(str(path))
    found = data.load(data.source(str(path), label="c", reading=Reading(exclude=("a",))))
    assert found.x.tolist() == [[i / 4] for i in range(24)] and found.y.tolist() == [
        i % 3 for i in range(24)
    ]
    with pytest.raises(DataError, match="'b' holds fractions"):
        data.source(str(path), label="b")
    path.write_text("\n".join(["class,b,target", *rows]))
    with pytest.raises(DataError, match="columns 'class', 'target' may all be the classes"):
        data.source(str(path))
    with pytest.raises(SettingError, match="label given; that is for a file, and 'digits' is none"):
        data.source("digits", label="x")


@pytest.mark.parametrize(
    "keys", [("X", "y"), ("images", "labels"), ("data", "target"), ("x_train", "y_train")]
)
def test_arrays_by_the_names_that_people_give_them(tmp_path, keys):
    path = written(tmp_path, **dict(zip(keys, (X, Y[:, None].astype(float)), strict=True)))
    found = data.load(data.source(path))
    assert (
        torch.equal(found.x, torch.tensor(X, dtype=torch.float32))
        and found.y.tolist() == Y.tolist()
    )
    assert repr(keys[0]) in found.said[0]


def test_images_with_their_channels_at_the_end(tmp_path):
    pixels = np.random.default_rng(0).random((40, 8, 9, 3))
    found = data.load(data.source(written(tmp_path, images=pixels, labels=Y)))
    assert torch.equal(found.x, torch.tensor(pixels.transpose(0, 3, 1, 2), dtype=torch.float32))
    assert "The last axis of 3 was read as channels" in found.said[1]
