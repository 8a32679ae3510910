"""normlab convert: a model from words, the table of what changes, and its converted weights."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from normlab.conversion.exchange import Conversion, converted, plan
from normlab.data.tensors import drawn, read_tensor
from normlab.errors import CheckError, DataError
from normlab.safe import json_text
from normlab.system.files import write_all
from normlab.system.importing import named


def converted_from(
    place: str,
    to: str,
    source: str,
    weights: Path | None,
    data: Path | None,
    sizes: Sequence[float] | None,
    groups: int | None,
) -> Conversion:
    """The conversion of the model that `place` returns; refused layers are listed, nothing else done."""
    model = _model(place, weights)
    batches = None
    if data is not None or sizes is not None:
        batches = [drawn(sizes, 0, 0.0, 1.0) if data is None else read_tensor(data)]
    changes = plan(model, to, source, num_groups=groups)
    if any(change.refused for change in changes):
        return Conversion(model, changes)
    return converted(model, to, source, batches, num_groups=groups)


def _model(place: str, weights: Path | None) -> nn.Module:
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
            f"{place} makes no model without arguments ({type(error).__name__}: {error}); name a "
            f"function that does."
        ) from error
    if not isinstance(model, nn.Module):
        raise CheckError(
            f"{place} returns a {type(model).__name__}; it must return a torch.nn.Module."
        )
    return model if weights is None else _loaded(model, weights)


def _loaded(model: nn.Module, weights: Path) -> nn.Module:
    try:
        model.load_state_dict(torch.load(weights, weights_only=True))
    except Exception as error:
        told = " ".join(str(error).split())[:200]
        raise DataError(f"{weights} is no state_dict of this model ({told}).") from error
    return model


def saved(found: Conversion, out: Path) -> None:
    """The converted state_dict, written whole or not at all."""
    if any(change.refused for change in found.changes):
        raise CheckError("nothing was converted, so nothing was written; see the refusals above.")
    buffer = io.BytesIO()
    torch.save(found.model.state_dict(), buffer)
    write_all(out.parent, {out.name: buffer.getvalue()})


def table(found: Conversion, as_json: bool) -> str:
    """Layer by layer: old, new, and why not."""
    rows = [
        {
            "layer": ", ".join(change.names) or "(the model)",
            "old": change.was,
            "new": None if change.new is None else repr(change.new),
            "note": change.note,
        }
        for change in found.changes
    ]
    moved = {"carried": found.difference_carried, "fitted": found.difference}
    if as_json:
        return json_text({"changes": rows, "difference": moved})
    return "\n".join([*map(_line, rows), "", _summary(found)])


def _line(row: dict[str, Any]) -> str:
    new = "REFUSED" if row["new"] is None else row["new"]
    return f"{row['layer']}: {row['old']}\n  → {new}\n    {row['note']}"


def _summary(found: Conversion) -> str:
    refused = sum(change.refused for change in found.changes)
    if refused:
        return f"{refused} of {len(found.changes)} layers refused; nothing would be converted."
    number = len(found.changes)
    text = f"{number} {'layer' if number == 1 else 'layers'} would change."
    if found.difference is None and all(change.new is change.old for change in found.changes):
        return f"{text} Weights and statistics stay as they are."
    if found.difference is None:
        return f"{text} Give --data or --shape to fit them and to see how far outputs move."
    return (
        f"{text} Outputs move by {found.difference_carried:.1%} of their size with the affine carried, "
        f"by {found.difference:.1%} when it is fitted."
    )
