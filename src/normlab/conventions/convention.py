"""What another framework calls a row's settings, and how its values become ours. Needs no torch.

The table itself, one convention for each framework and row, is `normlab.conventions.frameworks`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from normlab.equation.table import TABLE
from normlab.errors import SettingError, did_you_mean

STEERING = {
    "has_weight": "whether there is a weight",
    "has_bias": "whether there is a bias",
    "training": "train() or eval()",
    "axes": "how many of the last axes are pooled",
    "divisor": "divides mean and variance",
}
WEIGHTS = ("weight", "bias", "running_mean", "running_var")


@dataclass(frozen=True)
class Way:
    """How their value becomes ours: in words, and as a function of it and of all their values."""

    words: str
    of: Callable[[Any, Mapping[str, Any]], Any]


SAME = Way("theirs", lambda value, given: value)


@dataclass(frozen=True)
class Only:
    """The values that can be reproduced here, in words and as a test."""

    words: str
    holds: Callable[[Any], bool]

    def allows(self, value: Any) -> bool:
        try:
            return bool(self.holds(value))
        except TypeError:
            return False


@dataclass(frozen=True)
class Word:
    """One of their settings or arrays.

    ours: the argument, parameter or buffer here; STEERING are not arguments, but steer how the layer is
        built; "" where nothing here answers to it.
    only: the values that can be reproduced here, and why another cannot.
    attribute: where their layer holds it, if not under its name.
    """

    name: str
    ours: str = ""
    default: Any = None
    way: Way = SAME
    only: Only | None = None
    why: str = ""
    attribute: str = ""
    required: bool = False

    @property
    def array(self) -> bool:
        return self.ours in WEIGHTS

    @property
    def text(self) -> str:
        """The word with its default."""
        return self.name if self.default is None else f"{self.name}={self.default}"

    @property
    def formula(self) -> str:
        """Ours from theirs: momentum = 1 − theirs."""
        if not self.ours:
            return "–"
        if self.ours in STEERING:
            return STEERING[self.ours]
        return self.ours if self.way is SAME else f"{self.ours} = {self.way.words}"


@dataclass(frozen=True)
class Convention:
    """What one framework means by one row.

    layout: the axis that holds the channels by default; running: the variance that is stored; placement: of
    ε or k; window: on which side an even window reaches further; checked: how the facts were verified.
    """

    framework: str
    row: str
    layer: str
    words: tuple[Word, ...]
    layout: Literal["second", "last"]
    source: str
    checked: str
    classes: tuple[str, ...] = ()
    running: Literal["biased", "unbiased", ""] = ""
    placement: Literal["inside", "outside"] = "inside"
    window: Literal["before", "after", "odd only", ""] = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self):
        names = [word.name for word in self.words]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.framework} {self.row}: a word is listed twice in {names}")

    @property
    def channels(self) -> str:
        """The axis of the channels; "" where the last axes are pooled, whatever they hold."""
        return "" if self.size == "normalized_shape" else self.layout

    @property
    def size(self) -> str | None:
        """The argument of ours that the arrays tell, or that has to be given where there are none."""
        return TABLE[self.row].extent

    def word(self, ours: str) -> Word | None:
        return next((word for word in self.words if word.ours == ours), None)

    def default(self, ours: str) -> Any:
        """Their default, in our terms."""
        word = self.word(ours)
        return None if word is None or word.default is None else self._value(word, {})

    def ours(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Our names and values for theirs, and their defaults for what is not given.

        >>> from normlab.conventions.frameworks import find
        >>> find("tensorflow", "local_response").ours({"depth_radius": 2, "alpha": 1e-4})
        {'size': 5, 'k': 1.0, 'alpha': 0.0005, 'beta': 0.5}
        """
        self._check_names(given)
        values = {word.ours: self._value(word, given) for word in self.words}
        size = self.size
        extra = {size: given[size]} if size and given.get(size) is not None else {}
        return {name: value for name, value in values.items() if name} | extra

    def _value(self, word: Word, given: Mapping[str, Any]) -> Any:
        value = given.get(word.name, word.default)
        if value is None and word.required:
            raise SettingError(f"{self.layer}: {word.name} is missing; give it. {word.why}".strip())
        if word.only is not None and not word.only.allows(value):
            raise SettingError(
                f"{self.layer}: {word.name}={value!r} given, but it must be {word.only.words}. {word.why}"
            )
        if value is None:
            return None
        defaults = {word.name: word.default for word in self.words}
        try:
            return word.way.of(value, defaults | dict(given))
        except TypeError as error:
            raise SettingError(
                f"{self.layer}: {word.name}={value!r} given, which is not a valid value ({error})."
            ) from error

    def _check_names(self, given: Mapping[str, Any]) -> None:
        known = [word.name for word in self.words]
        for name in given:
            if name not in known and name != self.size:
                hint = did_you_mean(name, known)
                raise SettingError(
                    f"{self.layer} has no setting {name!r} here; it has {', '.join(known)}.{hint}"
                )


def differences(theirs: Convention, torchs: Convention) -> list[str]:
    """What means something else in torch, one line each."""
    found = [line for word in theirs.words for line in _apart(word, theirs, torchs)]
    if theirs.channels != torchs.channels:
        found.append("channels: the last axis there, the second in torch.")
    if theirs.running and theirs.running != torchs.running:
        found.append(
            f"running variance: {theirs.running} there, {torchs.running} in torch; the same numbers in "
            f"evaluation, others after further training."
        )
    if theirs.placement != torchs.placement:
        found.append(f"ε: {theirs.placement} the root there, {torchs.placement} it in torch.")
    if theirs.window and theirs.window != torchs.window:
        found.append(
            f"even windows: {_WINDOWS[theirs.window]} there, {_WINDOWS[torchs.window]} in torch."
        )
    return found


_WINDOWS = {
    "before": "one channel more before than after",
    "after": "one channel more after than before",
    "odd only": "none",
}


def _apart(word: Word, theirs: Convention, torchs: Convention) -> list[str]:
    mine = torchs.word(word.ours)
    if mine is None or word.array or word.ours in STEERING:
        return []
    default, here = theirs.default(word.ours), mine.default
    parts = [] if word.way is SAME else [word.formula]
    if default != here and default is not None and here is not None:
        converted = "" if word.way is SAME else f" ({default:g} in torch's terms)"
        parts.append(f"by default {word.default:g} there{converted}, {here:g} in torch")
    return [f"{word.name}: {'; '.join(parts)}."] if parts else []
