"""A widget's state that tells of every change that is made in it."""

from collections.abc import Callable, Mapping
from typing import Any


class Held(dict[str, Any]):
    """A widget's state: one setting that is set in it is set in the widget, and a picture follows."""

    def __init__(self, state: Mapping[str, Any], told: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(state)
        self._told = told

    def __setitem__(self, name: str, value: Any) -> None:
        self._told({**self, name: value})

    def __delitem__(self, name: str) -> None:
        self._told({other: value for other, value in self.items() if other != name})

    def update(self, *given: Any, **more: Any) -> None:
        self._told({**self, **dict(*given, **more)})

    def clear(self) -> None:
        self._told({})

    def pop(self, name: str, *default: Any) -> Any:
        value = super().get(name, *default) if default else self[name]
        if name in self:
            del self[name]
        return value

    def setdefault(self, name: str, default: Any = None) -> Any:
        if name not in self:
            self[name] = default
        return self.get(name, default)

    def popitem(self) -> tuple[str, Any]:
        name = list(self)[-1]
        return name, self.pop(name)

    def __ior__(self, other: Any) -> "Held":
        self.update(other)
        return self
