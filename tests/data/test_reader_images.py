"""Images keep their values, as a share of what their type can hold, or are refused in words."""

import numpy as np
import pytest
from PIL import Image

from normlab.data.images import read_folder, read_image
from normlab.errors import DataError

GREY = np.array([[0, 5000, 12000], [40000, 48000, 65535]], np.uint16)


def saved(path, values):
    Image.fromarray(values).save(path)
    return path


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("a.png", GREY, GREY / 65535),
        ("a.tif", GREY, GREY / 65535),
        ("a.pgm", GREY, GREY / 65535),
        ("a.tif", np.full((2, 3), 70_000, np.int32), np.full((2, 3), 70_000 / (2**31 - 1))),
        ("a.tif", np.array([[0.0, 0.5, 1.0]], np.float32), [[0, 0.5, 1]]),
        ("a.png", np.array([[0, 51, 255]], np.uint8), [[0, 0.2, 1]]),
        ("a.png", np.array([[[255, 0, 51], [0, 51, 255]]], np.uint8), [[[1, 0, 0.2], [0, 0.2, 1]]]),
        ("a.png", np.array([[[51, 0, 255, 9]]], np.uint8), [[[0.2, 0, 1]]]),
        ("a.png", np.array([[True, False]]), [[1, 0]]),
    ],
)
def test_values_are_a_share_of_their_types_largest(tmp_path, name, values, expected):
    found = read_image(saved(tmp_path / name, values))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=2**-23)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([[0.5, 900.0]], "in floating point, from 0.5 to 900; they must be in 0 to 1"),
        ([[-0.5, 0.5]], "from -0.5 to 0.5"),
        ([[np.nan, 0.5]], "NaN or infinite"),
    ],
)
def test_floating_point_of_an_unknown_scale_is_refused(tmp_path, values, words):
    path = saved(tmp_path / "a.tif", np.array(values, np.float32))
    with pytest.raises(DataError, match=words):
        read_image(path)


def test_fitting_clips_nothing(tmp_path):
    path = saved(tmp_path / "a.png", np.tile(GREY, (20, 20)))
    found = read_image(path, 16)
    assert found.shape == (16, 16)
    assert abs(found.mean() - GREY.mean() / 65535) < 0.05


def test_hidden_files_and_folders_are_ignored(tmp_path):
    for folder in ("cat", "dog", ".ipynb_checkpoints", "__MACOSX", "cat/deeper"):
        (tmp_path / folder).mkdir()
        saved(tmp_path / folder / "a.png", GREY)
    for name in (".DS_Store", "dog/._a.png", "dog/Thumbs.db", ".hidden.png"):
        (tmp_path / name).write_bytes(b"none of ours")
    (tmp_path / "dog" / "notes.txt").write_text("words")
    found = read_folder(tmp_path, 8)
    assert found.classes.tolist() == ["cat", "dog"] and found.x.shape == (2, 1, 8, 8)
    assert found.words.startswith("read as: 2 images in grey, fitted to 8 × 8")
    assert found.notes == (
        "Left out 2 files, because not an image in a class's folder: 'cat/deeper/a.png', 'dog/notes.txt'.",
    )


def test_grey_beside_colour_is_colour(tmp_path):
    (tmp_path / "a").mkdir()
    saved(tmp_path / "a" / "grey.png", np.full((8, 8), 51, np.uint8))
    saved(tmp_path / "a" / "red.png", np.full((8, 8, 3), [255, 0, 0], np.uint8))
    found = read_folder(tmp_path, 8)
    assert found.x[:, :, 0, 0].tolist() == [[np.float32(0.2)] * 3, [1, 0, 0]]


def test_what_is_no_image_is_one_line(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    with pytest.raises(DataError, match=r"x\.png cannot be read as an image") as raised:
        read_folder(tmp_path, 8)
    assert "\n" not in str(raised.value)
