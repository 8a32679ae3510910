"""What all phenomena share: models, made once for each set of parameters, and how they are shown."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from normlab.lab import family
from normlab.lab.cortex import drawings
from normlab.lab.cortex.model import V1
from normlab.lab.cortex.parameters import SMALL, STANDARD, Parameters
from normlab.lab.cortex.phenomenon import CHANGED, Phenomenon, in_words
from normlab.lab.cortex.settings import Settings
from normlab.report.page import Prose

PATCH = 0.81  # degrees: the measured receptive field's diameter at contrast 1
ORIENTATIONS = np.arange(-90.0, 90.1, 3.0)  # the grids that decide widths
OCTAVES = np.arange(-1.5, 3.41, 0.1)  # log2 of cycles/degree
CONTRASTS = np.geomspace(0.01, 1.0, 81)


class Lab:
    """The settings, and every model that some phenomenon has asked for."""

    def __init__(self, settings: Settings):
        self.settings, self.parameters = settings, settings.parameters
        self._models: dict[tuple[int, Parameters], V1] = {}
        self.kept: dict[str, Any] = {}  # sweeps that several phenomena read

    def model(self, size: int = SMALL, changes: Mapping[str, float] | None = None) -> V1:
        parameters = self.parameters.replace(**(changes or {}))
        key = size, parameters
        if key not in self._models:
            self._models[key] = V1(parameters, size)
        return self._models[key]

    @property
    def published(self) -> bool:
        """Whether the parameters are the standard set, whose numbers were published."""
        return self.parameters == STANDARD

    @property
    def blank(self) -> float:
        return self.parameters.blank


Study: TypeAlias = family.Study[Lab, Phenomenon]


def prepare(settings: Settings) -> Lab:
    return Lab(settings)


def sets(study: Study) -> Iterator[tuple[str, str, V1]]:
    """(prefix of claims, label, model): with the standard set, then with the paper's changes to it."""
    yield "", "standard set", study.shared.model()
    if changes := study.member.change:
        study.show(Prose(f"The changed set has {in_words(changes)}."))
        yield CHANGED, "changed set", study.shared.model(changes=changes)


def rates(model: V1, images: Any, amounts: Any = None, phase: float | None = None) -> np.ndarray:
    """Firing rates (S, B) of images at contrasts, or of mixtures: `V1.respond` in numpy."""
    stack = images if isinstance(images, Tensor) else torch.stack(list(images))
    given = None if amounts is None else torch.as_tensor(np.asarray(amounts, dtype=np.float64))
    return model.respond(stack, given, phase=phase).rate.numpy()


def pairs(first: Tensor, others: Any) -> Tensor:
    """One component with each of several others → (S, 2, size, size)."""
    return torch.stack([torch.stack([first, other]) for other in others])


def with_second(contrasts: np.ndarray, second: float) -> np.ndarray:
    """Amounts (B, 2): the first component's contrasts beside one contrast of the second."""
    return np.stack([contrasts, np.full_like(contrasts, second)], 1)


def picture(
    study: Study,
    caption: str,
    alt: str,
    panels: list[dict[str, Any]],
    stimuli: Mapping[str, Tensor] | None = None,
) -> None:
    """The phenomenon's figure: its curves, under some of what the cell was shown."""
    shown = {label: image.numpy().astype(np.float32) for label, image in (stimuli or {}).items()}
    study.show(study.figure(drawings.curves, caption, alt, panels=panels, stimuli=shown))


def panel(
    x: np.ndarray, lines: Mapping[str, np.ndarray], xlabel: str, **more: Any
) -> dict[str, Any]:
    """One panel of `drawings.curves`: lines over x; more: title, ylabel, log, marks, levels."""
    return {"x": x, "lines": dict(lines), "xlabel": xlabel, "ylabel": "spikes/s", **more}
