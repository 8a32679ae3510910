"""The settings of the cortex family: the model's parameters, and those of the noise. Needs no torch."""

from dataclasses import asdict, dataclass
from typing import Any

from normlab.lab.checking import known_names, whole
from normlab.lab.cortex.parameters import STANDARD, Parameters


@dataclass(frozen=True)
class Settings(Parameters):
    """What `normlab run cortex` offers: the parameters, and of the noise its seed and frames."""

    seed: int = 0
    frames: int = 50_000
    noises: int = 40

    def __post_init__(self):
        super().__post_init__()
        whole("seed", self.seed, 0, 2**63 - 1)
        whole("frames", self.frames, 1000, 1_000_000)
        whole("noises", self.noises, 10, 1000)

    @classmethod
    def of(cls, /, **given: Any) -> "Settings":
        known_names("cortex", cls, given)
        return cls(**given)

    @property
    def parameters(self) -> Parameters:
        return Parameters(**{name: getattr(self, name) for name in asdict(STANDARD)})
