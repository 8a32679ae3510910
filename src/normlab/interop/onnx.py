"""A module as a file of ONNX, by torch's exporter."""

import os
import warnings
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from normlab.errors import DataError, SettingError, ShapeError, need
from normlab.nn.modes import evaluating
from normlab.system.files import staging


def to_onnx(
    module: nn.Module,
    x: Tensor | tuple[Tensor, ...],
    path: str | os.PathLike[str],
    *,
    training: Literal["refuse", "as eval"] = "refuse",
) -> Path:
    """Write a module, as it computes in evaluation, to a file of ONNX; returns its path.

    Args: module, a layer or a whole model; x, an example input, or a tuple of them; path; training: what
        to do with a module in training mode, "refuse" or "as eval": export what eval() would compute, and
        leave the module as it is.
    Shapes: x (N, …); the file takes any number of samples, the other sizes are those of the example.
    Errors: SettingError for a module in training mode, or with a `V1Block`, whose complex numbers ONNX has
        no operators for; ShapeError for an example without samples;
        MissingExtraError without the packages onnx and onnxscript; DataError where path cannot be written.
    Limits: nothing is written unless all of it is; one file, of at most 2 GB. A layer without running
        statistics normalises with the batch's in ONNX too.
    Same as: torch.onnx.export(module.eval(), …, dynamo=True), which exports as eval without a word.

    >>> to_onnx(nn.BatchNorm2d(3), torch.zeros(2, 3, 4, 4), "layer.onnx")
    Traceback (most recent call last):
    normlab.errors.SettingError: to_onnx: BatchNorm2d is in training mode, and ONNX holds what evaluation \
computes. Call eval() first, or give training="as eval" to export that and leave the module as it is.
    """
    if training not in ("refuse", "as eval"):
        raise SettingError(f"to_onnx: training={training!r} given; use 'refuse' or 'as eval'.")
    if training == "refuse":
        _refuse_training(module)
    _refuse_unwritable(module)
    need("to_onnx", "onnx")
    inputs = x if isinstance(x, tuple) else (x,)
    with evaluating(module):
        content = _exported(module, tuple(_example(value) for value in inputs))
    return _write(Path(path), content)


def _refuse_training(module: nn.Module) -> None:
    parts = [name for name, part in module.named_modules() if part.training]
    if not parts:
        return
    which = f" (part {parts[0]!r})" if parts[0] else ""
    raise SettingError(
        f"to_onnx: {type(module).__name__}{which} is in training mode, and ONNX holds what evaluation "
        f'computes. Call eval() first, or give training="as eval" to export that and leave the module as it '
        f"is."
    )


def _refuse_unwritable(module: nn.Module) -> None:
    """A part that says of itself why ONNX has no operators for it."""
    for name, part in module.named_modules():
        why = getattr(part, "not_in_onnx", None)
        if isinstance(why, str):
            which = f" (part {name!r})" if name else ""
            raise SettingError(
                f"to_onnx: {type(part).__name__}{which} cannot be written: {why}. Export the model after "
                f"it, and give it this part's output."
            )


def _example(x: Tensor) -> Tensor:
    """At least two samples: one would be taken for the only number there can be."""
    if x.dim() == 0 or len(x) == 0:
        raise ShapeError(
            f"to_onnx: the example has shape {tuple(x.shape)}; give one of (samples, …) with a sample."
        )
    return torch.cat([x, x]) if len(x) == 1 else x


def _exported(module: nn.Module, inputs: tuple[Any, ...]) -> bytes:
    samples = torch.export.Dim("samples")
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore", FutureWarning)  # torch's exporter warns of torch's own code
        # exported here, so that a size that cannot vary is an error, and not quietly the example's
        program = torch.export.export(
            module, inputs, dynamic_shapes=tuple({0: samples} for _ in inputs)
        )
        made = torch.onnx.export(program, dynamo=True, verbose=False)
    if made is None:
        raise RuntimeError("torch.onnx.export returned nothing")
    return made.model_proto.SerializeToString()


def _write(path: Path, content: bytes) -> Path:
    """All of it or nothing: written beside its place and moved there."""
    try:
        with staging(path.parent) as stage:
            staged = stage / path.name
            staged.write_bytes(content)
            os.replace(staged, path)
    except OSError as error:
        raise DataError(
            f"to_onnx: cannot write {str(path)!r}: {error.strerror or error}. Give another path."
        ) from error
    return path
