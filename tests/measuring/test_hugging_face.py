"""Data sets of Hugging Face: tables, images as they are stored, arrays."""

import io

import numpy as np
import pytest
from PIL import Image

import normlab
from normlab.errors import DataError
from normlab.measuring.measure import measure_by

datasets = pytest.importorskip("datasets")
RNG = np.random.default_rng(0)


def pictures(count=40, side=8):
    return [Image.fromarray(RNG.integers(0, 256, (side, side, 3), np.uint8)) for _ in range(count)]


def with_images(images, **more):
    features = datasets.Features({"picture": datasets.Image(), "label": datasets.Value("int64")})
    return datasets.Dataset.from_dict(
        {"picture": images, "label": list(range(len(images)))}, features=features
    )


def right(images):
    """Mean and std of all pixels, on the scale from 0 to 1, worked out by numpy."""
    x = np.concatenate([np.asarray(image).reshape(-1, 3) for image in images]) / 255
    return x.mean(0), x.std(0)


def agrees(found, images):
    mean, std = right(images)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-14)
    np.testing.assert_allclose(found.std(0), std, rtol=1e-14)
    assert (found.kind, found.rows) == ("images", len(images))


def test_columns_of_numbers_and_groups():
    rows = datasets.Dataset.from_dict({"a": [1.0, 2.0, 6.0], "b": [0, 2, 4], "of": ["x", "y", "x"]})
    for given in (rows, rows.to_iterable_dataset()):
        assert normlab.measure(given).mean.tolist() == [3.0, 2.0]
    assert measure_by(rows, "of")["x"].mean.tolist() == [3.5, 2.0]


def test_images_are_measured_as_images_not_their_labels():
    images = pictures()
    given = with_images(images)
    agrees(normlab.measure(given), images)
    agrees(normlab.measure(given.to_iterable_dataset()), images)
    agrees(normlab.measure(given.select(range(5, 20))), images[5:20])
    assert normlab.measure(given, columns=["label"]).mean.tolist() == [19.5]
    assert normlab.measure(given, resize=4, scale="0-255").scale == "0-255"


def test_a_damaged_image_is_named_by_its_row():
    content = io.BytesIO()
    pictures(1)[0].save(content, "PNG")
    cells = [{"bytes": b, "path": None} for b in (content.getvalue(), b"no image")]
    given = with_images(cells)
    with pytest.raises(DataError, match="the image of row 2: cannot be read as an image"):
        normlab.measure(given)
    assert normlab.measure(given, skip_bad=True).rows == 1


def test_arrays_have_their_features():
    x = RNG.normal(size=(300, 3))
    found = normlab.measure(datasets.Dataset.from_dict({"x": x.tolist()}))
    np.testing.assert_allclose(found.mean, x.mean(0), atol=1e-15)
    kind = datasets.Features({"x": datasets.Array2D((2, 3), "float32")})
    given = datasets.Dataset.from_dict({"x": x.reshape(-1, 2, 3).tolist()}, features=kind)
    np.testing.assert_allclose(
        normlab.measure(given, features=2).mean, x.astype(np.float32).mean(0), atol=1e-7
    )


def test_what_cannot_be_chosen_here_is_asked_for():
    rows = datasets.Dataset.from_dict({"a": [[1.0]], "b": [[2.0]]})
    with pytest.raises(DataError, match="several columns of arrays"):
        normlab.measure(rows)
    with pytest.raises(DataError, match="holds 'train'; give one of them"):
        normlab.measure(datasets.DatasetDict({"train": rows}))
