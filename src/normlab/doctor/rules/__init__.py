"""The rules, one file for each: by their codes, in order."""

from collections.abc import Mapping
from types import MappingProxyType

from normlab.doctor.rule import Rule
from normlab.doctor.rules.never_updated import NeverUpdated
from normlab.errors import SettingError, did_you_mean

_CLASSES: tuple[type[Rule], ...] = (NeverUpdated,)
RULES: Mapping[str, Rule] = MappingProxyType({kind.code: kind() for kind in _CLASSES})


def find(code: str) -> Rule:
    """The rule of that code or name, or SettingError."""
    wanted = code.strip()
    for rule in RULES.values():
        if wanted.upper() == rule.code or wanted.lower() == rule.name:
            return rule
    known = [name for rule in RULES.values() for name in (rule.code, rule.name)]
    raise SettingError(
        f"no rule {code!r}; normlab doctor --list shows them.{did_you_mean(wanted, known)}"
    )
