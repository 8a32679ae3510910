"""Photographs that come with scikit-learn and scikit-image, as luminance. Nothing is downloaded."""

from collections.abc import Callable, Iterable
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from normlab._installed import advice
from normlab.errors import DataError, did_you_mean

_LUMINANCE = (0.2126, 0.7152, 0.0722)  # of linear sRGB: Rec. 709


def _sklearn(name: str) -> Any:
    """From the package's file: importing scikit-learn would take seconds."""
    from PIL import Image

    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise ImportError("scikit-learn is missing", name="sklearn")
    with Image.open(Path(package.origin).parent / "datasets" / "images" / name) as picture:
        return np.asarray(picture)


def _skimage(name: str) -> Any:
    from skimage import data

    found = getattr(data, name)()
    return found[0] if isinstance(found, tuple) else found  # the left one of a stereo pair


SCENES: dict[str, Callable[[], Any]] = {
    "china": partial(_sklearn, "china.jpg"),
    "flower": partial(_sklearn, "flower.jpg"),
    **{
        name: partial(_skimage, name)
        for name in ("astronaut", "camera", "chelsea", "coffee", "rocket", "stereo_motorcycle")
    },
}
TEXTURES: dict[str, Callable[[], Any]] = {
    name: partial(_skimage, name) for name in ("brick", "grass", "gravel")
}
PHOTOGRAPHS = SCENES | TEXTURES


def photographs(names: Iterable[str] = tuple(PHOTOGRAPHS)) -> dict[str, Tensor]:
    """Photographs by name: luminance in [0, 1] as light, not as stored; (height, width), float32.

    Stored values are undone from sRGB's transfer function, so that twice the number is twice the
    light. china and flower are scikit-learn's, the others scikit-image's.

    Errors: DataError for an unknown name, and where a package that holds them is missing.
    """
    return {name: _luminance(name).clone() for name in names}


@cache
def _luminance(name: str) -> Tensor:
    if name not in PHOTOGRAPHS:
        hint = did_you_mean(name, PHOTOGRAPHS)
        raise DataError(f"No photograph {name!r}.{hint} There is {', '.join(PHOTOGRAPHS)}.")
    try:
        stored = np.asarray(PHOTOGRAPHS[name]())
    except ImportError as error:
        raise DataError(
            f"the photograph {name!r} comes with a package that is missing here ({error.name}); "
            f"{advice('photographs')}."
        ) from error
    light = _linear(stored / 255.0)
    return torch.from_numpy(light @ _LUMINANCE if light.ndim == 3 else light).float()


def _linear(stored: np.ndarray) -> np.ndarray:
    """Light from values of sRGB (IEC 61966-2-1).

    >>> _linear(np.array([0.0, 0.5, 1.0])).round(4).tolist()
    [0.0, 0.214, 1.0]
    """
    return np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)
