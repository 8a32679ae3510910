"""Models that a command line names, and the state_dicts that files hold."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from normlab.errors import CheckError, DataError, MissingExtraError, one_line
from normlab.system.importing import named

_INSIDE = ("state_dict", "model_state_dict", "model", "weights")  # of a checkpoint, the usual names


def model_from(place: str, weights: Path | None = None) -> nn.Module:
    """What the callable at "package.module:name" or "file.py:name" returns, with the weights of a file.

    It runs the code of that module. Errors: CheckError where no model comes of it, DataError for the file.
    """
    maker = named(place, "my_net.py:Net")
    if not callable(maker):
        home, _, name = place.partition(":")
        raise CheckError(
            f"{home} has no {name} to call; name a class or function that makes a model."
        )
    try:
        model = maker()
    except Exception as error:
        raise CheckError(
            f"{place} makes no model without arguments ({type(error).__name__}: {one_line(error)}); "
            f"name a function that does."
        ) from error
    if not isinstance(model, nn.Module):
        raise CheckError(
            f"{place} returns a {type(model).__name__}; it must return a torch.nn.Module."
        )
    return model if weights is None else _loaded(model, weights)


def _loaded(model: nn.Module, weights: Path) -> nn.Module:
    state = state_dict_from(weights)
    try:
        model.load_state_dict(state)
    except Exception as error:
        raise DataError(
            f"{weights} is not a state_dict of this model ({one_line(error)})."
        ) from error
    return model


def state_dict_from(path: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors, .pt or similar file, by name; a checkpoint's are found in it.

    Only tensors and plain values are read (weights_only): nothing that a file could have run.
    Errors: DataError; MissingExtraError without safetensors.
    """
    if path.suffix == ".safetensors":
        return _from_safetensors(path)
    held = _unpickled(path)
    state = _found(held)
    if state is None:
        raise DataError(
            f"{path} does not hold a state_dict, but a {type(held).__name__}; save model.state_dict()."
        )
    return state


def _unpickled(path: Path) -> Any:
    try:
        return torch.load(path, weights_only=True, map_location="cpu")
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or one_line(error)}).") from error
    except Exception as error:  # what torch.load makes of a file that is none
        raise DataError(
            f"{path} does not hold tensors only, and other objects are never loaded, since loading them "
            f"could run code; save model.state_dict()."
        ) from error


def _from_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        from safetensors.torch import load_file
    except ImportError:
        raise MissingExtraError.of(f"reading {path.name}", "safetensors", "safetensors") from None
    try:
        return load_file(path)
    except Exception as error:  # of the package's own kinds
        raise DataError(f"{path} cannot be read as safetensors ({one_line(error)}).") from error


def _found(held: Any) -> dict[str, Tensor] | None:
    """The state_dict itself, or that within a checkpoint."""
    if not isinstance(held, Mapping):
        return None
    for inner in (held, *(held.get(name) for name in _INSIDE)):
        if isinstance(inner, Mapping):
            tensors = {str(n): v for n, v in inner.items() if isinstance(v, Tensor)}
            if tensors:
                return tensors
    return None
