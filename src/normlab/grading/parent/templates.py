"""A file to start from, for every row: the signature, the formula, and the body left open."""

from collections.abc import Mapping

from normlab.equation import formula
from normlab.equation.row import Norm
from normlab.equation.table import find

_AFFINE = "self.weight = nn.Parameter(torch.ones({0}))\n        self.bias = nn.Parameter(torch.zeros({0}))"
_RUNNING = """
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))"""

# row → name, parameters of the constructor or function, what the constructor keeps
_CLASSES: Mapping[str, tuple[str, str, str]] = {
    "batch": (
        "BatchNorm",
        "num_features, eps=1e-5, momentum=0.1",
        f"self.eps, self.momentum = eps, momentum\n        {_AFFINE.format('num_features')}{_RUNNING}",
    ),
    "layer": (
        "LayerNorm",
        "normalized_shape, eps=1e-5",
        f"self.eps = eps\n        {_AFFINE.format('normalized_shape')}",
    ),
    "instance": (
        "InstanceNorm",
        "num_features, eps=1e-5",
        f"self.eps = eps\n        {_AFFINE.format('num_features')}",
    ),
    "group": (
        "GroupNorm",
        "num_groups, num_channels, eps=1e-5",
        f"self.num_groups, self.eps = num_groups, eps\n        {_AFFINE.format('num_channels')}",
    ),
    "rms": (
        "RMSNorm",
        "normalized_shape, eps=1e-6",
        "self.eps = eps\n        self.weight = nn.Parameter(torch.ones(normalized_shape))",
    ),
    "gdn": (
        "GDN",
        "num_channels",
        "self.sigma = nn.Parameter(torch.ones(num_channels))\n"
        "        self.pool_weight = nn.Parameter(0.1 * torch.eye(num_channels))",
    ),
    "gdn1": (
        "GDN1",
        "num_channels",
        "self.sigma = nn.Parameter(torch.ones(num_channels))\n"
        "        self.pool_weight = nn.Parameter(0.1 * torch.eye(num_channels))",
    ),
}
_FUNCTIONS: Mapping[str, tuple[str, str]] = {
    "l2": ("l2_norm", "eps=1e-12"),
    "local_response": ("local_response_norm", "size, alpha=1e-4, beta=0.75, k=1.0"),
    "local_contrast": ("local_contrast_norm", "sigma=1.0, size=9, width=None"),
    "divisive": ("divisive_norm", "sigma=1.0, power=2.0"),
}
_CLASS = '''"""{title}, to be written.

    {formula}

Test it with: normlab grade FILE.py
"""

import torch
from torch import nn


class {name}(nn.Module):
    """{title}."""

    def __init__(self, {parameters}):
        super().__init__()
        {kept}

    def forward(self, x):
        # TODO: x has the shape (N, C, *); return y, of the same shape{modes}
        raise NotImplementedError("forward is still to be written")
'''
_MODES = """
        # TODO: self.training tells training from evaluation"""
_FUNCTION = '''"""{title}, to be written.

    {formula}

Test it with: normlab grade FILE.py
"""


def {name}(x, {parameters}):
    """{title}."""
    # TODO: x has the shape (N, C, *); return y, of the same shape
    raise NotImplementedError("the body is still to be written")
'''


def template(name: str) -> str:
    """The source of a file to start from.

    >>> "class GroupNorm(nn.Module)" in template("group")
    True
    """
    row = find(name)
    told = {"title": row.title, "formula": _formula(row)}
    if row.name in _CLASSES:
        called, parameters, kept = _CLASSES[row.name]
        return _CLASS.format(
            **told,
            name=called,
            parameters=parameters,
            kept=kept,
            modes=_MODES if row.running else "",
        )
    called, parameters = _FUNCTIONS.get(row.name) or _function_of(row)
    return _FUNCTION.format(**told, name=called, parameters=parameters)


def _function_of(row: Norm) -> tuple[str, str]:
    """Of a row that is not listed: its name, and its settings with their defaults."""
    return f"{row.name}_norm", ", ".join(f"{s.name}={s.default!r}" for s in row.settings)


def _formula(row: Norm) -> str:
    return formula.text(row).replace(",  d = ", "\n    d = ")
