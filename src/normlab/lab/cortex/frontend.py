"""The same bank and division at every place of a photograph: `normlab.nn.V1Block`."""

import numpy as np
import torch
from torch import Tensor

from normlab.lab.cortex import drawings
from normlab.lab.cortex.stimuli import contrast
from normlab.lab.family import Study
from normlab.nn.v1 import V1Block

SHRINK = 8  # pixels of the photograph to one of the image
CONTRASTS = (1.0, 0.5, 0.25, 0.1)
SHOWN = (0.125, 0.0)  # cycles/pixel and degrees of the channels that are drawn


def portrait() -> Tensor:
    """matplotlib's photograph of Grace Hopper as contrast (height, width), an eighth of its size."""
    from matplotlib import cbook, image

    path = str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))
    pixels = torch.from_numpy(np.array(image.imread(path))).double().mean(2)
    high, wide = (n // SHRINK for n in pixels.shape)
    luminance = pixels[: high * SHRINK, : wide * SHRINK]
    luminance = luminance.reshape(high, SHRINK, wide, SHRINK).mean((1, 3))
    return contrast(luminance, luminance.mean().item())


def photograph(study: Study) -> None:
    image = portrait()
    block = V1Block()
    shown = torch.stack([c * image for c in CONTRASTS]).float().unsqueeze(1)
    with torch.no_grad():
        before, after = block.drives(shown) ** 2, block(shown)
    changes = {name: _changes(of) for name, of in (("before", before), ("after", after))}
    for name, values in changes.items():
        study.curve(
            name,
            CONTRASTS,
            values,
            f"change of the responses {name} division, by contrast, relative",
        )
    study.claim("half", changes["after"][1], detail=f"before division {changes['before'][1]:.2f}")
    study.claim("tenth", changes["after"][3] / changes["before"][3])
    study.claim("even", _share(after[0]) / _share(before[0]))
    study.found = (
        f"half the contrast changes responses by {changes['after'][1]:.0%}, squared drives by "
        f"{changes['before'][1]:.0%}"
    )
    channel = block.frequencies.index(SHOWN[0]) * len(block.phases)
    high, wide = image.shape
    study.show(
        study.figure(
            drawings.photographs,
            f"A photograph ({high} × {wide}) and one channel of `nn.V1Block` (vertical, {SHOWN[0]:g} "
            "cycles/pixel, phase 0) before and after division, at contrast 1 and at a quarter of it. Each "
            "column has one grey scale.",
            "Two rows of three pictures: in the second row the photograph is faint, its squared drive is "
            "black, and its divided response looks as in the first row.",
            rows={
                f"contrast {CONTRASTS[i]:.0%}": [
                    shown[i, 0].numpy(), before[i, channel].numpy(), after[i, channel].numpy(),
                ]
                for i in (0, 2)
            },
            titles=["photograph", "squared drive", "divided"],
        )
    )  # fmt: skip


def _changes(responses: Tensor) -> list[float]:
    """How far responses are from those at contrast 1: norm of the difference over the norm."""
    whole = responses[0]
    return [((part - whole).norm() / whole.norm()).item() for part in responses]


def _share(responses: Tensor) -> float:
    """The share of all activity that the most active hundredth of the units has."""
    ordered = responses.flatten().sort(descending=True).values
    return (ordered[: len(ordered) // 100].sum() / ordered.sum()).item()
