"""Photographs are read as light, from what the installed packages hold."""

import sys

import pytest
import torch
from skimage.color import rgb2xyz
from sklearn.datasets import load_sample_image

from normlab.data.photographs import PHOTOGRAPHS, SCENES, photographs
from normlab.errors import DataError


def test_luminance_is_the_y_of_xyz():
    found = photographs(["china"])["china"]
    expected = torch.from_numpy(rgb2xyz(load_sample_image("china.jpg"))[..., 1])
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, atol=1e-4, rtol=0)  # its Y has 0.212671 …


def test_every_photograph_is_an_image_of_light():
    found = photographs()
    assert list(found) == list(PHOTOGRAPHS)
    assert {"china", "flower", "chelsea"} < set(SCENES) < set(found)
    for image in found.values():
        assert image.dim() == 2 and min(image.shape) >= 300
        assert 0 <= image.min() < image.max() <= 1


def test_a_caller_may_write_into_what_it_got():
    photographs(["china"])["china"].zero_()
    assert photographs(["china"])["china"].max() > 0.5


def test_unknown_and_missing(monkeypatch):
    with pytest.raises(DataError, match=r"No photograph 'chna'\. Did you mean 'china'\?"):
        photographs(["chna"])
    from normlab.data import photographs as module

    module._luminance.cache_clear()
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(DataError, match=r"pip install .*\[photographs\]"):
        photographs(["coffee"])
