"""What the grader knows of a row beside the table: words of names, names of settings, inputs to try.

All of it follows from the row's columns; a record holds what does not. So a row without a record, such as
one that is registered for a while (`normlab.nn.registry.registered`), can be graded too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log2
from typing import Any

import torch

from normlab.equation.pools import Axes, Learned
from normlab.equation.row import Norm
from normlab.equation.spellings import BIAS, MEAN, VAR, WEIGHT, spellings
from normlab.equation.table import find

KEPT: Mapping[str, tuple[str, ...]] = {
    "momentum": ("momentum", "mom", "m", "decay"),
    "running_mean": MEAN,
    "running_var": VAR,
    "training": ("training", "train", "is_training", "is_train", "train_mode"),
}


@dataclass(frozen=True)
class Inputs:
    """The inputs of a row: shapes by form, settings, and which numbers it is tried on."""

    shapes: Mapping[str, tuple[int, ...]]
    settings: Mapping[str, Any] = field(default_factory=dict)
    sigma: Mapping[str, Any] = field(default_factory=dict)  # settings under which σ matters
    tiny: float = 2.0**-11  # a factor of x under which the default σ matters
    others: Mapping[str, Any] = field(default_factory=dict)
    low: int = -16
    high: int = 16
    offset: int = 5  # from channel to channel
    constant: str = "a constant channel"


@dataclass(frozen=True)
class Record:
    """What does not follow from a row's columns.

    long, short: patterns of what names say, in lower case; short ones count as a word of their own only.
    covers: a row that a name says too whenever it says this one.
    aliases: names of settings that differ from the usual ones; none of them: the row does not have it.
    """

    long: tuple[str, ...]
    short: tuple[str, ...] = ()
    covers: str = ""
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inputs: Inputs | None = None


_LONG, _IMAGE = (2, 3, 5), (2, 3, 4, 5)
_SPACE = {"sequence": _LONG, "image": _IMAGE, "volume": (2, 3, 5, 4, 6)}
_TABLE = {"table": (4, 3)}
_ROWWISE = {"table": (3, 4), "sequence": (2, 3, 4), "several": (2, 3, 4)}
_GROUPED = {"table": (3, 6), "sequence": (2, 6, 5), "image": (2, 6, 4, 3)}
_WEIGHTS = torch.tensor(
    [[0.5, 0.125, 0.25, 0.75, 0.0, 0.375], [0.25, 1.0, 0.125, 0.5, 0.625, 0.25]] * 3,
    dtype=torch.float64,
) + torch.diag(torch.arange(6, dtype=torch.float64) / 8)
_SIGMAS = torch.tensor([1.5, 3.0, 0.5, 2.0, 1.0, 2.5], dtype=torch.float64)
_LEARNED = Inputs(
    _TABLE | {"image": _IMAGE},
    {"sigma": _SIGMAS / 4, "pool_weight": _WEIGHTS},
    {"sigma": _SIGMAS * 4},
    low=-6, high=6, offset=1, tiny=0.25, constant="zeros",
)  # fmt: skip
RECORDS: Mapping[str, Record] = {
    "batch": Record(("batch_?norm",), ("batch", "bn")),
    "layer": Record(("layer_?norm",), ("layer", "ln")),
    "instance": Record(("inst_?norm",), ("instance",)),
    "group": Record(("group_?norm",), ("group", "gn")),
    "rms": Record(("root_?mean",), ("rms",), aliases={"bias": ()}),
    "l2": Record(
        ("l2_?norm", "unit_?norm", "unit_?length"), ("l2",),
        inputs=Inputs(
            _ROWWISE, {"eps": 1e-12}, {"eps": 40.0}, tiny=2.0**-45, constant="zeros"
        ),
    ),
    "local_response": Record(
        ("local_?response", "response_?norm"), ("lrn",),
        inputs=Inputs(
            {"table": (2, 7), "sequence": (2, 7, 5), "image": (2, 7, 3, 4)},
            {"size": 3, "alpha": 0.75, "beta": 0.75, "k": 1.0}, {"k": 20.0}, tiny=0.0625,
            others={"size": 5, "alpha": 1.5, "beta": 0.625}, constant="zeros",
        ),
    ),
    "local_contrast": Record(
        ("local_?contrast", "contrast_?norm"), ("lcn",),
        aliases={"size": ("size", "kernel_size", "window_size", "k", "n")},
        inputs=Inputs(
            {"sequence": (2, 3, 9), "image": (2, 3, 7, 6)},
            {"sigma": 1.0, "size": 3, "width": 0.75}, {"sigma": 8.0},
            others={"size": 5, "width": 1.5}, tiny=0.0625, constant="a constant image",
        ),
    ),
    "divisive": Record(
        ("divisive", "heeger"), ("dn",),
        inputs=Inputs(
            _TABLE | {"image": _IMAGE}, {"sigma": 1.0, "power": 2.0}, {"sigma": 4.0},
            others={"power": 3.0}, low=1, high=7, offset=1, tiny=0.25, constant="zeros",
        ),
    ),
    "gdn": Record(("generali[sz]ed_?divisive",), ("gdn",), covers="divisive"),
    "gdn1": Record(("gdn_?1", "simplified_?gdn", "gdn_?simplified"), covers="gdn"),
}  # fmt: skip


def record(row: Norm) -> Record:
    """Of a row without one: its name may stand anywhere, or as a word where it is short."""
    if row.name in RECORDS:
        return RECORDS[row.name]
    said = (row.name.lower().replace("_", "_?"),)
    return Record((), said) if len(row.name) < 5 else Record(said)


def aliases(row: str | Norm) -> dict[str, tuple[str, ...]]:
    """The names of all that an implementation of a row may be given, by role.

    >>> list(aliases("rms")), aliases("group")["num_groups"][:2]
    (['eps', 'normalized_shape', 'weight'], ('num_groups', 'groups'))
    """
    row = find(row)
    found = {setting.name: spellings(setting) for setting in row.settings}
    if isinstance(row.pool, Learned):
        found["sigma_raised"] = ("beta", "β")  # papers keep σⁿ
    if row.affine is not None:
        found |= {"weight": WEIGHT, "bias": BIAS}
    if row.running:
        found |= KEPT
    found |= record(row).aliases
    return {role: names for role, names in found.items() if names}


def learned(row: str | Norm) -> tuple[str, ...]:
    """The roles that a class holds as tensors, rather than being given them when it is made."""
    pool = isinstance(find(row).pool, Learned)
    return ("weight", "bias", *(("sigma", "sigma_raised", "pool_weight") if pool else ()))


def sized(row: Norm) -> bool:
    """Whether it pools the last dimensions, as many as normalized_shape says."""
    return "normalized_shape" in row.defaults


def inputs(row: Norm) -> Inputs:
    """What an implementation of a row is tried on."""
    return record(row).inputs or (_LEARNED if isinstance(row.pool, Learned) else _derived(row))


def _derived(row: Norm) -> Inputs:
    settings = {name: value for name, value in row.defaults.items() if _is_number(value)}
    at = row.sigma.setting
    settings[at] = settings.get(at, 1e-5)
    if row.running:
        settings["momentum"] = 0.25
    if row.grouped:
        settings["num_groups"] = 2
    power = row.number("n") if row.sigma.placement == "inside" and not row.sigma.raised else 1.0
    return Inputs(
        _shapes(row), settings, {at: 8.0**power}, _tiny(settings[at] ** (1 / power)), _others(row),
        constant=_constant(row),
    )  # fmt: skip


def _others(row: Norm) -> dict[str, Any]:
    """Other settings, but for σ: half as large again, where that is allowed."""
    if row.grouped:
        return {"num_groups": 3}
    given = {s: 1.5 * s.default for s in row.settings if type(s.default) is float}
    return {
        setting.name: value
        for setting, value in given.items()
        if setting.name != row.sigma.setting and value and value in setting.domain
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _tiny(sigma: float) -> float:
    """The power of two that makes inputs about as small as σ."""
    return 2.0 ** round(log2(sigma / 8)) if sigma else 2.0**-11


def _shapes(row: Norm) -> Mapping[str, tuple[int, ...]]:
    if sized(row):
        return _ROWWISE
    if row.grouped:
        return _GROUPED
    return _SPACE if row.needs_space else _TABLE | _SPACE


def _constant(row: Norm) -> str:
    if not row.center:
        return "zeros"
    if row.grouped:
        return "a constant group"
    whole = isinstance(row.pool, Axes) and {"c"} <= row.pool.touches and not row.uses_batch
    return "a constant sample" if whole else "a constant channel"
