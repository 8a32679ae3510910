"""Images as they are stored, decoded and counted level by level."""

import io
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from normlab.data.columns import reason
from normlab.data.images import is_grey, levels
from normlab.errors import DataError, SettingError
from normlab.kernels.levels import Tally, sums_of
from normlab.measuring import stopping
from normlab.measuring.levels import ends_of, mean_and_m2, powers_of
from normlab.measuring.part import MOST_BAD, Part, Pictures, joined, joined_powers
from normlab.measuring.recipe import counted
from normlab.measuring.sums import summed
from normlab.moments import merged

NAMES = {1: ("grey",), 3: ("red", "green", "blue")}
INTERPOLATIONS = ("bilinear", "bicubic", "nearest", "lanczos", "box")
_ORIENTATION = 0x0112
_TOLD = {"exif", "transparency"}


@dataclass(frozen=True)
class Look:
    """How images are looked at. channels: 1 or 3; fixed: whether a person chose that; first: the image that
    did else. size: as torchvision's Resize has it; top: the value of white, 1 or 255.
    """

    channels: int
    fixed: bool
    first: str
    size: int | tuple[int, int] | None = None
    interpolation: str = "bilinear"
    top: float = 1.0
    by_image: bool = False
    skip_bad: bool = False

    @property
    def mode(self) -> str:
        """Pillow's word for images of 8 bits with so many channels."""
        return "L" if self.channels == 1 else "RGB"

    def part(self, images: Iterable[tuple[str, Callable[[], bytes]]]) -> Part:
        """Of images with their names, each encoded as its function reads it.

        Errors: DataError, with the name, unless skip_bad.
        """
        seen = _Seen(self)
        for name, read in images:
            stopping.check()
            try:
                seen.take(name, read())
            except DataError as error:
                if not self.skip_bad:
                    raise
                seen.bad.append(str(error))
        return seen.part()


@dataclass(eq=False)
class _Seen:
    look: Look
    others: list[Part] = field(default_factory=list)
    noted: Counter[str] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tally = Tally(self.look.channels, self.look.by_image)

    def take(self, name: str, content: bytes) -> None:
        from PIL import Image

        try:
            with Image.open(io.BytesIO(content)) as opened:
                opened.load()
                met, image = self._met(opened), _looked(opened, self.look, name)
                if _is_deep(image):
                    self.others.append(_deep(image, opened.format or "", self.look))
                else:
                    self.tally.add(image)
        except (DataError, SettingError) as error:
            raise (
                error if isinstance(error, SettingError) else DataError(f"{name} {error}.")
            ) from error
        except Exception as error:  # Pillow raises kinds of its own for each format
            raise _unread(name, error) from error
        if met:
            self.noted.update(met)

    def _met(self, image: Any) -> list[str]:
        if (
            image.mode == self.look.mode
            and not image.info.keys() & _TOLD
            and image.format != "TIFF"
        ):
            return []  # most images, at no cost
        mode, grey = image.mode, is_grey(image.mode)
        met = {
            "exif": image.getexif().get(_ORIENTATION, 1) != 1,
            "alpha": mode in ("LA", "La", "RGBA", "RGBa", "PA") or "transparency" in image.info,
            "palette": mode in ("P", "PA"),
            "cmyk": mode in ("CMYK", "YCCK"),
            "16bit": mode.startswith("I"),
            "grey": grey and self.look.channels == 3,
            "colour": not grey and self.look.channels == 1,
        }
        return [key for key, whether in met.items() if whether]

    def part(self) -> Part:
        parts = list(self.others)
        if self.tally:
            tally = self.tally
            parts.append(_of_levels(tally.counts, tally.apart, tally.sums, self.look))
        whole = parts[0] if parts else _none(self.look.channels)
        for part in parts[1:]:
            whole = joined(whole, part)
        self.noted["bad"] += len(self.bad)
        noted = {key: count for key, count in self.noted.items() if count}
        return Part(**vars(whole) | {"noted": noted, "bad": tuple(self.bad[:MOST_BAD])})


def _looked(image: Any, look: Look, name: str) -> Any:
    """The image as it is counted: in the channels asked for, if it has 8 bits, and in the size."""
    grey = is_grey(image.mode)
    if not look.fixed and grey != (look.channels == 1):
        raise SettingError(
            f"{name} is {'grey' if grey else 'in colour'}, and {look.first} is not; give channels 3 "
            f"(--channels 3) to read grey images as colours, as torchvision's ImageFolder does, or 1."
        )
    if image.mode != look.mode and not _is_deep(image):
        image = image.convert(look.mode)
    return image if look.size is None else _resized(image, look)


def _is_deep(image: Any) -> bool:
    """Whether it has more than 8 bits."""
    return image.mode.startswith(("I", "F"))


def _deep(image: Any, format_: str, look: Look) -> Part:
    """The part that one image of more than 8 bits is."""
    values, largest = levels(image, format_)
    if largest == 65535:
        flat = values.astype(np.uint16).reshape(-1, 1)
        one = np.repeat(counted(flat, largest), look.channels, 0)
        return _of_levels(one, one[None], sums_of(one)[None], look)
    scaled = values.astype(np.float64) / (largest or 1)
    found = summed(np.repeat(scaled.reshape(-1, 1) * look.top, look.channels, 1))
    powers = found.powers[:, None]
    pictures, powers = _of_images(powers), _weighted(powers, look)
    return Part.of(powers, found.minimum * 1.0, found.maximum * 1.0, rows=1, pictures=pictures)


def _resized(image: Any, look: Look) -> Any:
    """As torchvision's Resize does it with Pillow, upright."""
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    image = image.convert("I") if image.mode.startswith("I;") else image
    wide, high = image.size
    if isinstance(look.size, int):
        short, long = sorted((wide, high))
        other = int(look.size * long / short)
        size = (look.size, other) if wide <= high else (other, look.size)
    else:
        assert look.size is not None
        size = (look.size[1], look.size[0])
    return image.resize(size, Image.Resampling[look.interpolation.upper()])


def _of_levels(counts: np.ndarray, apart: Any, sums: np.ndarray, look: Look) -> Part:
    """counts: (channels, levels) of all images; apart: of each, where that has a weight; sums: of each."""
    largest = counts.shape[-1] - 1
    step = look.top / largest
    each = powers_of(np.asarray(apart), step) if look.by_image else mean_and_m2(sums, step)
    powers = _weighted(each, look) if look.by_image else powers_of(counts, step)
    low, high = ends_of(counts, step)
    return Part.of(
        powers, low, high, rows=len(sums), levels={largest: counts}, pictures=_of_images(each)
    )  # fmt: skip


def _weighted(each: np.ndarray, look: Look) -> np.ndarray:
    """(6, images, channels) -> (6, channels); by image: each image is one value's worth."""
    if look.by_image:
        each = np.concatenate([np.ones_like(each[:1]), each[1:3], each[3:] / each[0]])
    return joined_powers(each.swapaxes(0, 1))


def _of_images(each: np.ndarray) -> Pictures:
    count, mean, _, m2 = each[:4]
    std = np.sqrt(m2 / np.maximum(count - 1, 1))
    ones = torch.ones(len(mean), 1, dtype=torch.float64)
    _, middle, spread = merged(ones, torch.from_numpy(mean), torch.zeros(mean.shape).double())
    return Pictures(len(mean), middle.numpy(), spread.numpy(), std.mean(0))


def _none(channels: int) -> Part:
    nan = np.full(channels, np.nan)
    return Part.of(np.zeros((6, channels)), nan, nan, rows=0)


def channels_of(
    images: Iterable[tuple[str, Callable[[], bytes]]], skip_bad: bool
) -> tuple[int, str]:
    """Of the first image that can be read, and its name. Errors: DataError."""
    from PIL import Image

    name, error = "", Exception("there is none")
    for name, read in images:
        try:
            with Image.open(io.BytesIO(read())) as opened:
                return (1 if is_grey(opened.mode) else 3), name
        except Exception as found:
            error = found
            if not skip_bad:
                break
    raise _unread(name, error)


def _unread(name: str, error: Exception) -> DataError:
    """Pillow's own word for what is no image names an object in memory."""
    kind = type(error).__name__
    told = (
        "not in a format of images"
        if kind == "UnidentifiedImageError"
        else reason(error).rstrip(".")
    )
    return DataError(f"{name}: cannot be read as an image ({told}).")


def check(
    size: Sequence[int] | int | None,
    interpolation: str | None,
    scale: str | None,
    weighting: str | None,
    channels: int | None,
) -> None:
    """Errors: SettingError for an option of images that is none."""
    sides = (size,) if isinstance(size, int) else tuple(size or ())
    if size is not None and (len(sides) > 2 or not sides or min(sides) < 1):
        raise SettingError(
            f"resize={size} given; it must be a side, or height and width: 224 or 256,256."
        )
    known = {
        "interpolation": (interpolation, INTERPOLATIONS),
        "scale": (scale, ("0-1", "0-255")),
        "weighting": (weighting, ("pixel", "image")),
        "channels": (channels, tuple(NAMES)),
    }
    for name, (given, allowed) in known.items():
        if given is not None and given not in allowed:
            words = ", ".join(map(str, allowed))
            raise SettingError(f"{name}={given!r} given; it must be one of {words}.")
    if interpolation is not None and size is None:
        raise SettingError("interpolation given without resize; leave it out, or give a size.")
