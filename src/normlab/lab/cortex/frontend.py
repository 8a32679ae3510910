"""The same bank and division at every place of photographs: `normlab.nn.V1Block`."""

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from normlab.data.photographs import photographs
from normlab.lab.cortex import drawings
from normlab.lab.cortex.setup import Study
from normlab.lab.cortex.stimuli import contrast
from normlab.nn.v1 import V1Block
from normlab.report.page import Numbers

SHOWN = ("china", "flower", "astronaut", "chelsea")
SIZE = (64, 80)  # pixels that each is averaged down to
CONTRASTS = (1.0, 0.5, 0.25, 0.1)
CHANNEL = 0.125  # cycles/pixel of the vertical channel that is drawn


def images() -> Tensor:
    """The photographs as contrast about their mean light, ±½ at most, (N, 1, 64, 80)."""
    found = photographs(SHOWN).values()
    small = [adaptive_avg_pool2d(light[None].double(), SIZE)[0] for light in found]
    about = [contrast(light, light.mean().item()) for light in small]
    return torch.stack([image / (2 * image.abs().max()) for image in about])[:, None]


def measure(study: Study) -> None:
    given, block = images().float(), V1Block()
    with torch.no_grad():
        stages = [_responses(block, c * given) for c in CONTRASTS]
    before, after = (torch.stack(stage) for stage in zip(*stages, strict=True))
    changes = {name: _changes(of) for name, of in (("before", before), ("after", after))}
    for name, values in changes.items():
        meaning = (
            f"change of the responses {name} division, by contrast, relative; mean over photographs"
        )
        study.curve(name, CONTRASTS, values.mean(1), meaning)
    half, tenth = (CONTRASTS.index(c) for c in (0.5, 0.1))
    kept = changes["after"]
    study.claim("half", kept[half].max(), detail="the worst of the photographs")
    study.claim("tenth", (kept[tenth] / changes["before"][tenth]).max(), detail="the worst of them")
    shares = [torch.stack([_share(image) for image in of[0]]) for of in (before, after)]
    study.claim("even", (shares[1] / shares[0]).max(), detail="the worst of them")
    study.found = (
        f"half the contrast changes responses by {kept[half].mean():.0%}, squared drives by "
        f"{changes['before'][half].mean():.0%}"
    )
    _show(study, given, before, after, changes, block)


def _responses(block: V1Block, shown: Tensor) -> tuple[Tensor, Tensor]:
    """Squared drives and divided responses (N, channels, height, width)."""
    return block.drives(shown) ** 2, block(shown)


def _changes(responses: Tensor) -> Tensor:
    """How far responses (contrasts, N, …) are from those at contrast 1: norm of the difference over it."""
    flat = responses.flatten(2)
    return (flat - flat[0]).norm(dim=2) / flat[0].norm(dim=1)


def _share(responses: Tensor) -> Tensor:
    """The share of all activity that the most active hundredth of the units has."""
    ordered = responses.flatten().sort(descending=True).values
    return ordered[: len(ordered) // 100].sum() / ordered.sum()


def _show(study: Study, given, before, after, changes, block: V1Block) -> None:
    channel = block.frequencies.index(CHANNEL) * len(block.phases)
    rows = {}
    for i, name in enumerate(SHOWN):
        for c in (0, CONTRASTS.index(0.25)) if i == 0 else (0,):
            label = f"{name}, {CONTRASTS[c]:.0%}" if i == 0 else name
            drawn = (CONTRASTS[c] * given[i, 0], before[c, i, channel], after[c, i, channel])
            rows[label] = [image.numpy() for image in drawn]
    picture = study.figure(
        drawings.photographs,
        f"Photographs ({SIZE[0]} × {SIZE[1]}) and one channel of `nn.V1Block` (vertical, {CHANNEL:g} "
        "cycles/pixel, phase 0) before and after division; the first also at a quarter of its contrast. "
        "The first two rows share one grey scale a column.",
        "Rows of three pictures: at a quarter of the contrast the photograph is faint, its squared drive is "
        "black, and its divided response looks as before.",
        rows=rows,
        titles=["photograph", "squared drive", "divided"],
    )
    lines = [
        (f"{contrast:g}", *(round(values[i].mean().item(), 3) for values in changes.values()))
        for i, contrast in enumerate(CONTRASTS)
    ]
    header = ("contrast", "squared drives", "divided")
    study.show(
        picture, Numbers("Change against contrast 1, mean over photographs", header, tuple(lines))
    )
