"""Image files as arrays, scaled by their type and never clipped; folders of them, one for each class."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from normlab.data.columns import quoted, reason
from normlab.errors import DataError

IMAGES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm"}
)
_LARGEST = {"uint8": 2**8 - 1, "uint16": 2**16 - 1, "int32": 2**31 - 1}
_SIXTEEN_BITS = ("PNG", "PPM")  # formats whose whole numbers have 16 bits, where Pillow says 32
_HIDDEN = ("__MACOSX", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True, eq=False)
class Folder:
    """Images (N, C, H, W), float32, the name of each one's folder, and notes on what was left out."""

    x: np.ndarray
    classes: np.ndarray
    words: str
    notes: tuple[str, ...]


def read_image(file: Path, side: int = 0) -> np.ndarray:
    """An image as float32, (height, width) or (height, width, 3), as a share of its type's largest value.

        value / largest,   largest = 2⁸ − 1, 2¹⁶ − 1, 2³¹ − 1 for 8, 16 and (signed) 32 bits

    Palettes become colours, and transparency is left out. Values in floating point must be in [0, 1],
    and stay. With `side`, it is fitted to side × side: scaled, and cropped in the middle. Of several
    pages the first is read. Pillow reads colours of 16 bits as 8.

    Errors: DataError, without the file's name, for what cannot be read, and for floating point beyond
    [0, 1], whose scale nothing says.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as opened:
            image = ImageOps.exif_transpose(opened)
            stored = _stored(image, opened.format or "")
    except DataError:
        raise
    except Exception as error:  # Pillow raises kinds of its own for each format
        raise DataError(f"cannot be read as an image ({reason(error)}); take it out") from error
    return _fitted(stored, side) if side else stored


def read_named(file: Path, side: int = 0) -> np.ndarray:
    """The same, with the file's name in the error."""
    try:
        return read_image(file, side)
    except DataError as error:
        raise DataError(f"{file} {error}.") from error


def _stored(image: Any, format_: str) -> np.ndarray:
    values, largest = levels(image, format_)
    if largest is None:
        return values
    if values.dtype == np.uint8:
        return values.astype(np.float32) / largest
    return (values.astype(np.float64) / largest).astype(np.float32)


def levels(image: Any, format_: str) -> tuple[np.ndarray, int | None]:
    """Pillow's image as whole numbers, and the largest of their type; or as floats in [0, 1], and None.

    (height, width) for grey, else (height, width, 3). Errors: DataError.
    """
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image)
        if values.dtype.kind == "f":
            return _in_unit(values), None
        kind = "uint16" if format_ in _SIXTEEN_BITS and image.mode == "I" else values.dtype.name
        kind = kind if kind in _LARGEST else "uint16"  # whatever its order of bytes
        return values, _LARGEST[kind]
    return np.asarray(image.convert("L" if is_grey(image.mode) else "RGB")), _LARGEST["uint8"]


def is_grey(mode: str) -> bool:
    return mode in ("1", "L", "LA", "La") or mode.startswith(("I", "F"))


def _in_unit(values: np.ndarray) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    if not (0 <= low <= high <= 1):  # also NaN
        ends = f"from {low:g} to {high:g}" if math.isfinite(low + high) else "NaN or infinite"
        raise DataError(
            f"holds values in floating point, {ends}; they must be in 0 to 1: divide them, or save them "
            "as whole numbers of 16 bits"
        )
    return values.astype(np.float32)


def _fitted(values: np.ndarray, side: int) -> np.ndarray:
    """Each channel by itself, in floating point."""
    from PIL import Image, ImageOps

    planes = values[..., None] if values.ndim == 2 else values
    fitted = [
        np.asarray(ImageOps.fit(Image.fromarray(planes[..., c]), (side, side)))
        for c in range(planes.shape[-1])
    ]
    return fitted[0] if values.ndim == 2 else np.stack(fitted, axis=-1)


def read_folder(folder: Path, side: int) -> Folder:
    """The images in a folder's folders, each of which is a class. Errors: DataError.

    Hidden files and folders (.ipynb_checkpoints, .DS_Store, __MACOSX) are ignored; other files that are
    no images are counted in a note.
    """
    seen = visible(folder)
    files = [path for path in seen if _is_image(path) and path.parent.parent == folder]
    if not files:
        raise DataError(
            f"{folder} has no images in folders of its own; give one folder for each class."
        )
    x, colours = _stacked([read_named(file, side) for file in files])
    words = (
        f"read as: {len(files):,} images {'in colour' if colours else 'in grey'}, fitted to {side} × {side}, "
        "as a share of the largest value of their type"
    )
    names = np.array([file.parent.name for file in files])
    others = [path.relative_to(folder).as_posix() for path in seen if path not in set(files)]
    return Folder(x, names, words, _left_out(others))


def _stacked(images: Sequence[np.ndarray]) -> tuple[np.ndarray, bool]:
    """(N, C, H, W): one channel where all are grey, in value if not in kind."""
    if all(image.ndim == 2 for image in images):
        return np.stack(images)[:, None], False
    wide = [np.repeat(im[..., None], 3, -1) if im.ndim == 2 else im for im in images]
    x = np.stack(wide).transpose(0, 3, 1, 2)
    return (x[:, :1], False) if (x == x[:, :1]).all() else (x, True)


def _left_out(others: Sequence[str]) -> tuple[str, ...]:
    if not others:
        return ()
    count = "1 file" if len(others) == 1 else f"{len(others):,} files"
    return (f"Left out {count}, because not an image in a class's folder: {quoted(others)}.",)


def visible(folder: Path) -> list[Path]:
    """The files of a folder and its folders, but for what a system or an editor keeps for itself."""
    return [p for p in sorted(folder.rglob("*")) if p.is_file() and not _hidden(p, folder)]


def _hidden(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    return any(part.startswith(".") or part in _HIDDEN for part in parts)


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGES
