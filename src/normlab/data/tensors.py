"""Tensors that a command line asks for: of a file, or drawn at random."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from normlab.errors import DataError, SettingError


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
