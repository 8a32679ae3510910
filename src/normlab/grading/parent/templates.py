"""A file to start from, for every row: the signature, the formula, and the body left open."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from normlab.equation import formula
from normlab.equation.row import Norm
from normlab.equation.table import find

if TYPE_CHECKING:
    from jinja2 import Template


class _Start(NamedTuple):
    """A class or function: its name, its parameters, and the lines of its constructor, where it has one."""

    name: str
    parameters: str
    kept: tuple[str, ...] = ()


def _parameter(name: str, value: str) -> str:
    return f"self.{name} = nn.Parameter({value})"


def _affine(size: str) -> tuple[str, str]:
    return _parameter("weight", f"torch.ones({size})"), _parameter("bias", f"torch.zeros({size})")


_POOL = (
    _parameter("sigma", "torch.ones(num_channels)"),
    _parameter("pool_weight", "0.1 * torch.eye(num_channels)"),
)
_STARTS: Mapping[str, _Start] = {
    "batch": _Start(
        "BatchNorm",
        "num_features, eps=1e-5, momentum=0.1",
        (
            "self.eps, self.momentum = eps, momentum",
            *_affine("num_features"),
            'self.register_buffer("running_mean", torch.zeros(num_features))',
            'self.register_buffer("running_var", torch.ones(num_features))',
        ),
    ),
    "layer": _Start(
        "LayerNorm",
        "normalized_shape, eps=1e-5",
        ("self.eps = eps", *_affine("normalized_shape")),
    ),
    "instance": _Start(
        "InstanceNorm", "num_features, eps=1e-5", ("self.eps = eps", *_affine("num_features"))
    ),
    "group": _Start(
        "GroupNorm",
        "num_groups, num_channels, eps=1e-5",
        ("self.num_groups, self.eps = num_groups, eps", *_affine("num_channels")),
    ),
    "rms": _Start(
        "RMSNorm",
        "normalized_shape, eps=1e-6",
        ("self.eps = eps", _parameter("weight", "torch.ones(normalized_shape)")),
    ),
    "gdn": _Start("GDN", "num_channels", _POOL),
    "gdn1": _Start("GDN1", "num_channels", _POOL),
    "l2": _Start("l2_norm", "eps=1e-12"),
    "local_response": _Start("local_response_norm", "size, alpha=1e-4, beta=0.75, k=1.0"),
    "local_contrast": _Start("local_contrast_norm", "sigma=1.0, size=9, width=None"),
    "divisive": _Start("divisive_norm", "sigma=1.0, power=2.0"),
}


def template(name: str) -> str:
    """The source of a file to start from.

    >>> "class GroupNorm(nn.Module)" in template("group")
    True
    """
    row = find(name)
    start = _STARTS.get(row.name) or _function_of(row)
    told = formula.text(row).replace(",  d = ", "\n    d = ")
    return _source().render(start._asdict(), title=row.title, formula=told, running=row.running)


def _function_of(row: Norm) -> _Start:
    """Of a row that is not listed: its name, and its settings with their defaults."""
    settings = ", ".join(f"{s.name}={s.default!r}" for s in row.settings)
    return _Start(f"{row.name}_norm", settings)


@cache
def _source() -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("normlab.grading.parent", "")
    environment = Environment(
        loader=loader,
        autoescape=False,  # Python, not HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("start.jinja")
