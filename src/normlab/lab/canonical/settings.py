"""The settings of the canonical computation: what the command offers, checked. Needs no torch."""

from dataclasses import dataclass
from typing import Any

from normlab.lab.checking import known_names, whole


@dataclass(frozen=True)
class Settings:
    """seed: of everything drawn at random: spike counts, odours, mixtures, shuffles."""

    seed: int = 0

    @classmethod
    def of(cls, /, **given: Any) -> "Settings":
        known_names("canonical", cls, given)
        return cls(**given)

    def __post_init__(self) -> None:
        whole("seed", self.seed, 0, 2**63 - 1)

    def json(self) -> dict[str, Any]:
        return {"seed": self.seed}
