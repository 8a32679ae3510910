"""Images of every kind that people have, against their pixels."""

import io
import tarfile
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

import normlab
from cases import exact
from normlab.errors import DataError, SettingError

RNG = np.random.default_rng(4)
ENDINGS = ("png", "jpg", "webp", "bmp")


def pixels(height, width, channels=3):
    """Smooth with noise, so that JPEG is no chaos; sizes differ."""
    ramp = np.add.outer(np.arange(height), np.arange(width))[..., None] * np.array([3, 2, 1])
    x = np.clip(ramp + RNG.normal(60, 20, (height, width, 3)), 0, 255).astype(np.uint8)
    return x if channels == 3 else x[..., 0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("images")
    for kind in ("cat", "dog"):
        (home / kind).mkdir()
        for i in range(70):
            image = Image.fromarray(pixels(8 + i % 7, 10 + i % 5))
            image.save(home / kind / f"{i:02}.{ENDINGS[i % 4]}")
    (home / "notes.txt").write_text("no image")
    return home


def files(folder):
    return sorted(path for path in folder.rglob("*.*") if path.suffix != ".txt")


def decoded(folder, mode="RGB"):
    return [np.asarray(Image.open(path).convert(mode)) for path in files(folder)]


def test_a_folder_by_pixel(folder):
    """Each number is the float64 nearest to the exact one."""
    every = np.concatenate([x.reshape(-1, 3) for x in decoded(folder)]).astype(object)
    found = normlab.measure(folder)
    assert found.names == ("red", "green", "blue") and found.kind == "images" and found.rows == 140
    assert found.count.tolist() == [len(every)] * 3
    for i in range(3):
        n, s, s2 = len(every), sum(map(int, every[:, i])), sum(int(v) ** 2 for v in every[:, i])
        assert found.mean[i].item() == s / (n * 255)
        assert found.var(0)[i].item() == pytest.approx(
            (n * s2 - s**2) / (n * n * 255**2), rel=4e-16
        )
    assert [shard.name for shard in found.shards] == ["cat", "dog"]
    assert found.histograms[1].counts.sum() == len(every)
    assert found.quantile(0.5)[2] == sorted(every[:, 2])[(len(every) - 1) // 2] / 255


def test_by_image_and_what_the_wrong_recipes_take(folder):
    images = [x.reshape(-1, 3) / 255 for x in decoded(folder)]
    found = normlab.measure(folder, weighting="image")
    means, squares = (
        np.mean([f(x) for x in images], 0) for f in (lambda x: x.mean(0), lambda x: (x**2).mean(0))
    )
    np.testing.assert_allclose(found.mean, means, rtol=1e-13)
    np.testing.assert_allclose(found.std(correction=0), np.sqrt(squares - means**2), rtol=1e-11)
    taken = found.pictures
    np.testing.assert_allclose(
        taken.mean_of_stds, np.mean([x.std(0, ddof=1) for x in images], 0), rtol=1e-12
    )
    np.testing.assert_allclose(
        np.sqrt(taken.m2_of_means / taken.images),
        np.std([x.mean(0) for x in images], 0),
        rtol=1e-12,
    )


def test_the_scale(folder):
    unit, whole = normlab.measure(folder), normlab.measure(folder, scale="0-255")
    np.testing.assert_allclose(whole.mean, unit.mean * 255, rtol=1e-15)
    np.testing.assert_allclose(whole.std(), unit.std() * 255, rtol=1e-15)
    assert (unit.scale, whole.scale, whole.maximum.max() > 1) == ("0-1", "0-255", True)


def _tar(path, folder, mode):
    with tarfile.open(path, mode) as tar:
        for file in files(folder):
            tar.add(file, str(file.relative_to(folder)))


def _zip(path, folder):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files(folder):
            archive.write(file, str(file.relative_to(folder)))


PACK = {
    "shard.tar": lambda path, folder: _tar(path, folder, "w"),
    "shard.tar.gz": lambda path, folder: _tar(path, folder, "w:gz"),
    "shard.zip": _zip,
}


@pytest.mark.parametrize("name", PACK)
def test_archives(name, folder, tmp_path):
    PACK[name](tmp_path / name, folder)
    (tmp_path / "other").mkdir()
    expected = normlab.measure(folder)
    for source in (tmp_path / name, tmp_path):
        found = normlab.measure(source)
        assert found.rows == 140
        for number in ("count", "mean", "m2", "m3", "m4"):
            assert torch.equal(getattr(found, number), getattr(expected, number))


@pytest.mark.parametrize(("resize", "how"), [(6, "bilinear"), ((5, 7), "bicubic"), (9, "nearest")])
def test_resized_as_torchvision_does(resize, how, folder):
    """Its Resize on Pillow's images: the shorter side, the longer one rounded down."""
    found = normlab.measure(folder, resize=resize, interpolation=how)
    sizes = []
    for path in files(folder):
        image = Image.open(path).convert("RGB")
        wide, high = image.size
        if isinstance(resize, int):
            size = (
                (resize, int(resize * high / wide))
                if wide <= high
                else (int(resize * wide / high), resize)
            )
        else:
            size = resize[::-1]
        sizes.append(np.asarray(image.resize(size, Image.Resampling[how.upper()])).reshape(-1, 3))
    every = np.concatenate(sizes) / 255
    assert found.count[0] == len(every)
    np.testing.assert_allclose(found.std(correction=0), every.std(0), rtol=1e-12)
    assert any(note.startswith(f"Resized to {resize}") for note in found.notes)


def _alpha(x):
    return Image.fromarray(np.dstack([x, np.full(x.shape[:2], 7, np.uint8)]), "RGBA")


def _exif(x):
    image = Image.fromarray(x)
    exif = image.getexif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    image.save(buffer, "PNG", exif=exif)
    return Image.open(buffer)


MET = {
    "alpha": (_alpha, "png", "1 image has transparency, which was left out."),
    "palette": (
        lambda x: Image.fromarray(x).quantize(256), "png", "1 image has a palette and was read as colours.",
    ),
    "CMYK": (
        lambda x: Image.fromarray(x).convert("CMYK"), "jpg", "1 image is in CMYK and was read as RGB.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "ending", "note"), MET.values(), ids=MET)
def test_what_is_met_is_said(make, ending, note, tmp_path):
    x = pixels(12, 9)
    make(x).save(tmp_path / f"a.{ending}")
    Image.fromarray(x).save(tmp_path / "b.png")
    found = normlab.measure(tmp_path)
    assert note in found.notes
    every = np.concatenate([v.reshape(-1, 3) for v in decoded(tmp_path)]) / 255
    np.testing.assert_allclose(found.std(correction=0), every.std(0), rtol=1e-12)


def test_turned_images_are_turned_before_they_are_resized(tmp_path):
    x = pixels(20, 8)
    image = _exif(x)
    image.save(tmp_path / "a.png", exif=image.getexif())
    found = normlab.measure(tmp_path, resize=(4, 10))
    upright = Image.fromarray(np.rot90(x, -1)).resize((10, 4), Image.Resampling.BILINEAR)
    np.testing.assert_allclose(found.mean, np.asarray(upright).mean((0, 1)) / 255, rtol=1e-14)
    assert "1 image is stored turned (EXIF) and was turned upright." in found.notes


def test_sixteen_bits(tmp_path):
    """Beside 8 bits, whose 255 is 65535 too."""
    deep = RNG.integers(0, 65536, (30, 20)).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "a.png")
    shallow = pixels(10, 10, 1)
    Image.fromarray(shallow).save(tmp_path / "b.png")
    found = normlab.measure(tmp_path)
    every = np.concatenate([deep.ravel() / 65535, shallow.ravel() / 255])
    assert found.names == ("grey",)
    np.testing.assert_allclose(found.mean, [every.mean()], rtol=1e-14)
    np.testing.assert_allclose(found.std(correction=0), [every.std()], rtol=1e-14)
    assert "1 image has 16 bits." in found.notes


def test_floating_point(tmp_path):
    x = RNG.random((9, 8)).astype(np.float32)
    Image.fromarray(x).save(tmp_path / "a.tif")
    Image.fromarray(pixels(5, 5, 1)).save(tmp_path / "b.png")
    found = normlab.measure(tmp_path, scale="0-255")
    every = np.concatenate(
        [x.ravel().astype(np.float64) * 255, np.asarray(Image.open(tmp_path / "b.png")).ravel()]
    ).astype(np.float64)
    np.testing.assert_allclose(found.std(correction=0), [every.std()], rtol=1e-12)
    Image.fromarray(x * 3).save(tmp_path / "a.tif")
    with pytest.raises(DataError, match=r"a\.tif holds values in floating point, from"):
        normlab.measure(tmp_path)


def test_grey_among_colours_is_a_question(tmp_path):
    colour, grey = pixels(9, 9), pixels(9, 9, 1)
    Image.fromarray(colour).save(tmp_path / "a.png")
    Image.fromarray(grey).save(tmp_path / "b.png")
    with pytest.raises(SettingError, match=r"b\.png is grey, and .*a\.png is not; give channels 3"):
        normlab.measure(tmp_path, skip_bad=True)
    found = normlab.measure(tmp_path, channels=3)
    every = np.concatenate([colour.reshape(-1, 3), np.repeat(grey.reshape(-1, 1), 3, 1)]) / 255
    np.testing.assert_allclose(found.std(correction=0), every.std(0), rtol=1e-13)
    assert "1 grey image was read as colours." in found.notes
    one = normlab.measure(tmp_path, channels=1)
    assert one.names == ("grey",) and "1 image in colour was read as grey." in one.notes


def test_bad_images(folder, tmp_path):
    good = files(folder)[1].read_bytes()
    for i in range(3):
        (tmp_path / f"{i}.jpg").write_bytes(good)
    (tmp_path / "3.jpg").write_bytes(good[: len(good) // 2])
    (tmp_path / "4.png").write_text("no image")
    with pytest.raises(DataError, match=r"3\.jpg: cannot be read as an image"):
        normlab.measure(tmp_path)
    found = normlab.measure(tmp_path, skip_bad=True)
    assert found.rows == 3
    (note,) = [note for note in found.notes if "could not" in note]
    assert note.startswith("2 items could not be read and were left out: ")
    assert "3.jpg: cannot be read as an image (" in note
    assert "4.png: cannot be read as an image (not in a format of images)" in note
    for i in range(3):
        (tmp_path / f"{i}.jpg").unlink()
    with pytest.raises(DataError):
        normlab.measure(tmp_path, skip_bad=True)


REFUSED = {
    "a scale": ({"scale": "0-2"}, "scale='0-2' given; it must be one of 0-1, 0-255."),
    "a weighting": ({"weighting": "area"}, "weighting='area' given; it must be one of pixel, image."),
    "channels": ({"channels": 2}, "channels=2 given; it must be one of 1, 3."),
    "a size": ({"resize": 0}, "resize=0 given; it must be a side, or height and width: 224 or 256,256."),
    "no size": (
        {"interpolation": "box"}, "interpolation given without resize; leave it out, or give a size.",
    ),
    "columns": ({"columns": ["a"]}, "columns given, which says nothing about images; leave it out."),
}  # fmt: skip


@pytest.mark.parametrize(("options", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(options, message, folder):
    with pytest.raises(SettingError, match=exact(message)):
        normlab.measure(folder, **options)


def test_images_beside_tables_are_a_question(tmp_path):
    Image.fromarray(pixels(4, 4)).save(tmp_path / "a.png")
    (tmp_path / "labels.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="holds 1 images and 1 tables; give a folder of one kind"):
        normlab.measure(tmp_path)


def test_a_few_tables_beside_many_images_are_left_out(folder):
    assert "Left out, beside images: 'notes.txt'." in normlab.measure(folder).notes
