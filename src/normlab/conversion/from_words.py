"""normlab convert: a model from words, the table of what changes, and its converted weights."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from normlab.conversion.exchange import Conversion, converted, plan
from normlab.conversion.order import REFUSED
from normlab.conversion.plan import Change
from normlab.data.models import model_from
from normlab.data.tensors import drawn, read_tensor
from normlab.errors import CheckError
from normlab.recalibration.batches import Progress
from normlab.safe import json_text
from normlab.system.files import write_all


class Asked(NamedTuple):
    """What is to become of which layers, as the command line says it."""

    to: str
    source: str
    skip: tuple[str, ...]
    num_groups: int | None


def converted_from(
    place: str,
    asked: Asked,
    weights: Path | None,
    data: Path | None,
    sizes: Sequence[float] | None,
    progress: Progress,
) -> Conversion:
    """The conversion of the model that `place` returns; refused layers are listed, nothing else done."""
    model = model_from(place, weights)
    batches = None
    if data is not None or sizes is not None:
        batches = [drawn(sizes, 0, 0.0, 1.0) if data is None else read_tensor(data)]
    settings = {"skip": asked.skip, "num_groups": asked.num_groups}
    changes = plan(model, asked.to, asked.source, **settings)
    if any(change.refused for change in changes):
        return Conversion(model, changes)
    more = {"calibration": batches, "progress": progress}
    return converted(model, asked.to, asked.source, **settings, **more)


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
            "status": "left" if change.left else "refused" if change.refused else "changed",
            "note": change.note,
        }
        for change in found.changes
    ]
    moved = {"carried": found.difference_carried, "fitted": found.difference}
    if as_json:
        return json_text({"changes": rows, "difference": moved})
    return "\n".join([*map(_line, rows), "", _summary(found)])


def _line(row: dict[str, Any]) -> str:
    became = {"left": "left as it is", "refused": "REFUSED"}.get(row["status"], row["new"])
    return f"{row['layer']}: {row['old']}\n  → {became}\n    {row['note']}"


def _summary(found: Conversion) -> str:
    refused = sum(change.refused for change in found.changes)
    if refused:
        return (
            f"{refused} of {len(found.changes)} layers refused; nothing would be converted. "
            f"--skip {REFUSED} leaves them as they are."
        )
    changed = [change for change in found.changes if not change.left]
    left = len(found.changes) - len(changed)
    text = f"{len(changed)} {'layer' if len(changed) == 1 else 'layers'} would change"
    text += f", {left} would stay as {'it is' if left == 1 else 'they are'}." if left else "."
    return f"{text} {_moved(found, changed)}"


def _moved(found: Conversion, changed: list[Change]) -> str:
    carried, fitted = found.difference_carried, found.difference
    if carried is None and all(change.new is change.old for change in changed):
        return "Weights and statistics stay as they are."
    if carried is None:
        return "Give --data or --shape to calibrate them and to see how much the outputs change."
    if fitted is None:
        return "The outputs cannot be compared: their number or shape changes."
    return (
        f"Outputs change by {carried:.1%} of their size if weight and bias are copied, by {fitted:.1%} if "
        f"they are calibrated."
    )
