"""Batches of a model's input, gone through as often as needed, and what the model makes of them."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from normlab.errors import DataError, one_line

KEPT = 10_000  # batches of an iterator, and
KEPT_BYTES = 4 * 2**30  # of their tensors, beyond which it is taken for an endless one
_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")
Progress = Callable[[int, int], None]  # called with the number done, and of how many


def silent(done: int, total: int) -> None:
    """No progress."""


class Batches:
    """An iterable of batches that can be gone through again and again.

    Args: batches: a DataLoader, a list or another iterable, whose batches are tensors, lists or tuples
        that begin with a tensor (what follows it, such as labels, is left out), or mappings, which the
        model takes as keywords. Nothing is kept, unless it is an iterator, which gives its batches once.
    Errors: DataError for a tensor or mapping in the place of an iterable, for a batch of another kind,
        for an iterator that gives more than KEPT batches or KEPT_BYTES, and when there is no batch.
    """

    def __init__(self, batches: Iterable[Any], what: str = "batches"):
        self.what = what
        if isinstance(batches, Tensor | Mapping | str) or not isinstance(batches, Iterable):
            kind = type(batches).__name__
            raise DataError(f"{what} is a {kind}; give a list of batches, [x], or a DataLoader.")
        self.held = _kept(batches, what) if isinstance(batches, Iterator) else batches

    def __len__(self) -> int:
        """How many there are, or 0 where that is not known."""
        try:
            return len(self.held)  # pyright: ignore[reportArgumentType]
        except TypeError:
            return 0

    def __iter__(self) -> Iterator[Any]:
        empty = True
        for batch in self.held:
            empty = False
            yield batch
        if empty:
            raise DataError(f"{self.what} holds no batch; give at least one.")

    def run(self, model: nn.Module, batch: Any) -> Any:
        """What the model gives for a batch, which is moved to where the model is."""
        given, named = self._arguments(batch)
        own = next((p.device for p in model.parameters()), None)
        given = [_moved(value, own) for value in given]
        named = {name: _moved(value, own) for name, value in named.items()}
        try:
            with torch.compiler.set_stance("force_eager"):  # what is compiled calls no hook
                return model(*given, **named)
        except Exception as error:
            raise _refused(model, error) from error

    def _arguments(self, batch: Any) -> tuple[list[Any], dict[str, Any]]:
        if isinstance(batch, Mapping):
            return [], {str(name): value for name, value in batch.items()}
        x = batch[0] if isinstance(batch, list | tuple) and batch else batch
        if not isinstance(x, Tensor):
            raise DataError(
                f"{self.what} holds a {type(x).__name__}; give batches that are tensors, tuples that "
                f"begin with one, or mappings of a model's keywords."
            )
        return [x], {}


def _refused(model: nn.Module, error: Exception) -> DataError:
    said, name = one_line(error), type(model).__name__
    if isinstance(error, MemoryError) or any(words in said.lower() for words in _MEMORY):
        return DataError(f"{name} ran out of memory on a batch; give smaller batches.")
    return DataError(
        f"{name} does not run on a batch ({type(error).__name__}: {said}); give batches that it takes."
    )


def _kept(batches: Iterator[Any], what: str) -> list[Any]:
    """All batches of an iterator, if it ends in time."""
    kept, held = [], 0
    for batch in batches:
        kept.append(batch)
        held += sum(t.nbytes for t in tensors(batch))
        if len(kept) > KEPT or held > KEPT_BYTES:
            raise DataError(
                f"{what} is an iterator that has not ended after {len(kept):,} batches ({held / 2**30:.1f} "
                f"GiB), and all of them would have to be kept; give a list or a DataLoader, or "
                f"itertools.islice({what}, 100)."
            )
    return kept


def _moved(value: Any, device: torch.device | None) -> Any:
    return value.to(device) if isinstance(value, Tensor) and device is not None else value


@contextmanager
def random_state_kept(model: nn.Module) -> Iterator[None]:
    """Torch's random numbers go on afterwards as if nothing had been drawn, where the model is too."""
    used = {p.device for p in model.parameters() if p.device.type == "cuda"}
    with torch.random.fork_rng(devices=list(used)):
        yield


def tensors(output: Any) -> Iterator[Tensor]:
    """Every floating-point tensor of an output: of mappings, sequences and dataclasses too, in order.

    >>> [t.item() for t in tensors({"b": torch.tensor(2.0), "a": (torch.tensor(1.0), None)})]
    [2.0, 1.0]
    """
    if isinstance(output, Tensor):
        if output.is_floating_point() or output.is_complex():
            yield output
    elif isinstance(output, Mapping):
        for value in output.values():
            yield from tensors(value)
    elif isinstance(output, list | tuple):
        for value in output:
            yield from tensors(value)
    elif dataclasses.is_dataclass(output) and not isinstance(output, type):
        for field in dataclasses.fields(output):
            yield from tensors(getattr(output, field.name))
