"""Sums of powers and counts of levels: kernels and numpy to the same bits, against sums written out."""

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from normlab.kernels import native
from normlab.kernels.levels import Tally, levels
from normlab.kernels.sums import by_numpy, power_sums

SETS = [name for name, runs in native.compiled().items() if runs] if native.in_use() else []
by_set = pytest.mark.parametrize("name", SETS)
by_path = pytest.mark.parametrize("path", ["off", *SETS])
RNG = np.random.default_rng(0)


def with_holes(x):
    for value, share in ((np.nan, 0.1), (np.inf, 0.01), (-np.inf, 0.01)):
        x[RNG.random(len(x)) < share] = value
    return x


@by_set
@pytest.mark.parametrize("lanes", [129, 256, 3000])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "float16", "uint8"])
def test_kernels_and_numpy_agree_to_the_bit(name, lanes, dtype):
    for values, chunk in ((1, 1), (100, 7), (256, 256), (70_000, 1), (70_001, 256)):
        x, shift = (RNG.normal(size=values) * 100).astype(dtype), RNG.normal(size=lanes)
        some = RNG.random(values) < 0.5
        given = [x] if x.dtype.kind in "iu" else [x, with_holes(x.copy())]
        for one in given:
            for valid in (None, some):
                with native.forced(name):
                    found = power_sums(one, shift, valid, chunk)
                with native.forced("off"):
                    twin = power_sums(one, shift, valid, chunk)
                assert found.tobytes() == twin.tobytes()


@by_path
def test_worked_out_by_hand(path):
    """About 1: values 3 and −1 are 2 and −2: squares 8, cubes 0, fourth powers 32."""
    x = np.array([3.0, 7.0, -1.0, np.nan, np.inf])
    with native.forced(path):
        found = power_sums(x, np.array([1.0, 7.0]), None, 2)
    assert found[:, 0].tolist() == [2, 1, 0, 8, 0, 32, -1, 3]
    assert found[:, 1].tolist() == [1, 0, 0, 0, 0, 0, 7, 7]


@by_path
def test_sums_of_whole_numbers_are_exact(path):
    """Every sum is below 2⁵³."""
    x = RNG.integers(-50, 50, 10_000).astype(np.int32)
    with native.forced(path):
        found = power_sums(x, np.zeros(250), None, 13)
    for power in (1, 2, 3, 4):
        assert Fraction(found[1 + power].sum()) == sum(int(v) ** power for v in x)


@by_path
def test_memory_that_must_not_be_written_is_read(path):
    x = np.arange(600, dtype=np.float32)
    x.flags.writeable = False
    with native.forced(path):
        assert power_sums(x, np.zeros(200), None, 1)[2].sum() == x.sum()


@by_path
@pytest.mark.parametrize("pixels", [0, 1, 3, 1000])
def test_levels_against_a_plain_count(path, pixels):
    x = RNG.integers(0, 256, (pixels, 4)).astype(np.uint8)
    with native.forced(path):
        found = levels(x, 3)
    assert found.shape == (3, 256) and found.dtype == np.int64
    for channel in range(3):
        every = x[:, channel].tolist()
        assert found[channel].tolist() == [every.count(level) for level in range(256)]


@by_path
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize(
    "size", [(1, 1), (3, 1), (7, 5), (2100, 2000)]
)  # the last in several pieces
def test_images_against_a_plain_count(path, mode, size):
    channels, (wide, high) = len(mode), size
    pixels = [RNG.integers(0, 256, (high, wide, channels)).astype(np.uint8) for _ in range(3)]
    with native.forced(path):
        tally = Tally(channels, apart=True)
        for one in pixels:
            tally.add(Image.fromarray(one.squeeze(-1) if channels == 1 else one))
    flat = [one.reshape(-1, channels).astype(np.int64) for one in pixels]
    apart = [[np.bincount(column, minlength=256) for column in one.T] for one in flat]
    assert np.array_equal(tally.apart, apart)
    assert np.array_equal(tally.counts, np.sum(apart, 0))
    assert len(tally) == 3
    assert tally.sums[:, :, 0].tolist() == [[wide * high] * channels] * 3
    assert np.array_equal(tally.sums[:, :, 1], [one.sum(0) for one in flat])
    assert np.array_equal(tally.sums[:, :, 2], [(one**2).sum(0) for one in flat])


@by_path
def test_an_image_that_pillow_keeps_in_several_pieces(path):
    """More than 16 MB."""
    with native.forced(path):
        tally = Tally(3)
        tally.add(Image.new("RGB", (2100, 2000), (0, 1, 255)))
    n = 2100 * 2000
    assert tally.counts[:, [0, 1, 255]].tolist() == [[n, 0, 0], [0, n, 0], [0, 0, n]]
    assert tally.sums.tolist() == [[[n, 0, 0], [n, n, n], [n, 255 * n, 255**2 * n]]]


def test_the_twin_is_what_runs_without_kernels():
    x, shift = RNG.normal(size=1000), np.zeros(200)
    with native.forced("off"):
        assert power_sums(x, shift, None, 3).tobytes() == by_numpy(x, shift, None, 3).tobytes()
