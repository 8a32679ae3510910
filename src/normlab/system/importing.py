"""What a command line names: classes in modules or files, tensors in files or drawn at random."""

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from normlab.errors import CheckError, DataError, SettingError


def named(place: str, example: str) -> Any:
    """The object of "package.module:name" or "file.py:name"; None where the module has none."""
    home, _, name = place.partition(":")
    if not name:
        raise SettingError(
            f"{place!r} given; it must be package.module:name or file.py:name, for example {example}."
        )
    return getattr(_imported(home), name, None)


def _imported(home: str) -> Any:
    try:
        if not home.endswith(".py"):
            sys.path.insert(0, "")  # the user's own package, as python -m finds it
            return importlib.import_module(home)
        spec = importlib.util.spec_from_file_location(Path(home).stem, home)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    except SyntaxError as error:
        raise CheckError(f"{home}, line {error.lineno}: {error.msg}; mend the syntax.") from error
    except Exception as error:
        raise CheckError(
            f"{home} cannot be imported ({type(error).__name__}: {error}); give an installed module, "
            f"or a file that imports by itself."
        ) from error


def drawn(sizes: Sequence[float] | None, seed: int, mean: float, std: float) -> Tensor:
    if sizes is None or any(size < 1 or size != int(size) for size in sizes):
        raise SettingError(
            f"--shape {'is missing' if sizes is None else f'{sizes} given'}; give whole sizes, batch "
            f"and channels first (--shape 16,8,32,32), or --data FILE."
        )
    generator = torch.Generator().manual_seed(seed)
    return torch.randn([int(size) for size in sizes], generator=generator) * std + mean


def read_tensor(path: Path) -> Tensor:
    try:
        if path.suffix == ".npy":
            x = torch.from_numpy(np.load(path, allow_pickle=False))
        else:
            x = torch.load(path, weights_only=True)
    except (OSError, ValueError, RuntimeError, TypeError) as error:
        raise DataError(f"{path} cannot be read as npy or pt ({error}).") from error
    except Exception as error:  # what torch.load makes of a file that is none
        raise DataError(f"{path} is neither an npy nor a pt file of a tensor.") from error
    if not isinstance(x, Tensor):
        raise DataError(f"{path} holds a {type(x).__name__}; save one tensor.")
    return x
