"""Sentences on what was met."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from normlab.data.columns import quoted
from normlab.measuring.part import Part

_MET: dict[str, tuple[str, str]] = {
    "bad": ("item could not be read and was left out", "items could not be read and were left out"),
    "exif": (
        "image is stored turned (EXIF) and was turned upright",
        "images are stored turned (EXIF) and were turned upright",
    ),
    "alpha": (
        "image has transparency, which was left out", "images have transparency, which was left out",
    ),
    "palette": (
        "image has a palette and was read as colours", "images have a palette and were read as colours",
    ),
    "cmyk": ("image is in CMYK and was read as RGB", "images are in CMYK and were read as RGB"),
    "16bit": ("image has 16 bits", "images have 16 bits"),
    "grey": ("grey image was read as colours", "grey images were read as colours"),
    "colour": ("image in colour was read as grey", "images in colour were read as grey"),
}  # fmt: skip
_NEAR, _ENOUGH = 0.05, 1000


def notes_of(part: Part, names: Sequence[str]) -> list[str]:
    """What the numbers themselves say."""
    found = []
    for key, (one, many) in _MET.items():
        if count := part.noted.get(key, 0):
            more = f": {'; '.join(bad.rstrip('.') for bad in part.bad)}" if key == "bad" else ""
            found.append(f"{count:,} {one if count == 1 else many}{more}.")
    found += _of_features(part, names)
    if _looks_normalised(part):
        found.append("Looks normalised already: every mean is near 0 and every std near 1.")
    return found


def of_changed(files: Sequence[str]) -> list[str]:
    """What is said of files that were written to meanwhile."""
    names = quoted(Path(file).name for file in files)
    return [f"Changed while they were measured: {names}; measure again."] if files else []


def _of_features(part: Part, every: Sequence[str]) -> list[str]:
    told: dict[str, Callable[[], np.ndarray]] = {
        "No value": lambda: part.count == 0,
        "Constant, so that std is 0": lambda: (part.count > 1) & (part.minimum == part.maximum),
        "Infinite values, which were left out": lambda: part.infinite > 0,
    }
    found = []
    for words, which in told.items():
        names = [every[i] for i in np.flatnonzero(which()).tolist()]
        if names:
            found.append(f"{words}: {quoted(names)}.")
    return found


def _looks_normalised(part: Part) -> bool:
    """Of more values than could be so by chance."""
    std = np.sqrt(part.m2 / np.maximum(part.count, 1))
    near = (np.abs(part.mean) < _NEAR) & (np.abs(std - 1) < _NEAR)
    return bool((near & (part.count >= _ENOUGH)).all())
