"""A module that was recognised, in words."""

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from normlab.recognition.found import Recognised

_ROWS = {
    "batch": "batch norm",
    "layer": "layer norm",
    "instance": "instance norm",
    "group": "group norm",
    "rms": "RMS norm",
    "l2": "L2 norm",
    "scale": "ScaleNorm",
    "local_response": "local response norm",
    "local_contrast": "local contrast norm",
    "divisive": "divisive norm",
    "gdn": "GDN",
    "gdn1": "simplified GDN",
    "positional": "layer norm over the channels of each place",
    "positional_rms": "RMS norm over the channels of each place",
    "positional_l2": "L2 norm over the channels of each place",
    "filter_response": "filter response norm",
}


def words(found: "Recognised") -> str:
    """
    >>> from torch import nn
    >>> from normlab.recognition import recognise
    >>> recognise(nn.GroupNorm(2, 8)).words
    'group norm of 2 groups'
    """
    text = ("frozen " if found.frozen else "") + _ROWS.get(found.row.name, found.row.title.lower())
    if found.row.grouped:
        groups = found.settings["num_groups"]
        text += f" of {groups} group{'s' if groups != 1 else ''}"
    if found.channels == -1:
        text += ", channels last"
    if found.offset:
        text += f", weight stored as its difference from {found.offset:g}"
    if found.factor != 1.0:
        text += f", times {found.factor:.4g}"
    if found.precision is not None:
        text += f", in {_short(found.precision)}"
    return text if found.step is None else f"{text}, then {found.step.words}"


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
