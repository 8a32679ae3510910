"""Section 6, first part: running statistics over batches and epochs, training against evaluation."""

import torch
from torch import Tensor

from normlab.lab.chapter.catalogue import SETTLED
from normlab.lab.chapter.drawings import curves
from normlab.lab.chapter.setup import Setup, arrays, drawn, order_note, order_warning
from normlab.nn import BatchNorm
from normlab.report.page import Ask, Block, Prose

EPOCHS, STEPS = 4, 4000
SCATTERED = 500  # points of training against evaluation


def blocks(setup: Setup) -> list[Block | None]:
    record, x = setup.record, setup.x
    features, momentum = x.shape[1], setup.settings.momentum
    layer = BatchNorm(features, setup.values["eps"], momentum).to(x)
    means, variances, train = _train(setup, layer)
    data = setup.moments
    with torch.no_grad():
        evaluated = layer.eval()(x)
    batches, size = len(setup.batches), setup.size
    when = "the epochs" if batches <= len(means) else f"the first {len(means)} of {batches} batches"
    for key, traced in (("mean", means), ("var", variances)):
        record.vector(f"running.{key}", setup.names, traced[-1], f"running {key} after {when}")
    error = (means[-1].double() - data.mean.cpu()).abs()
    standard = data.std(0).cpu() * (momentum / ((2 - momentum) * size)) ** 0.5
    reach = (error - (1 - momentum) ** len(means) * data.mean.cpu().abs()).clamp_min(0) / standard
    settled = record.claim(
        SETTLED,
        reach[setup.moving.cpu()].max() if bool(setup.moving.any()) else 0.0,
        detail=order_note(setup),
    )
    gap = (evaluated[: len(train)] - train).abs().max().item()
    record.number("eval.difference", gap, "largest |y in evaluation − y in training| of an element")
    picture = record.figure(
        "running",
        curves.running,
        f"Running mean and variance over {_steps(len(means), batches)}. Momentum {momentum:g}; dashed are "
        "the data's own. Right: the same points in training and evaluation.",
        "Traces of running mean and variance approaching dashed lines; a scatter of outputs in "
        "evaluation against training, around the diagonal.",
        steps=drawn(torch.arange(1, len(means) + 1)),
        mean=drawn(means),
        var=drawn(variances),
        true_mean=arrays(data.mean),
        true_var=arrays(data.var()),
        epoch=batches if batches < len(means) else None,
        names=setup.shown,
        train=drawn(train, SCATTERED),
        evaluated=drawn(evaluated[: len(train)], SCATTERED),
    )
    kept = (1 - momentum) ** batches
    left = f"that is {kept:.2g}" if kept or momentum == 1 else "that is next to nothing"
    return [
        Prose(
            "**Running statistics.** In training the layer keeps an average of what it saw, "
            "`running = (1 − momentum) · running + momentum · batch`, with the unbiased variance, and in "
            "evaluation it uses that instead of the batch."
        ),
        Ask(
            f"The running mean starts at 0. After one epoch of {batches} batches with momentum "
            f"{momentum:g}, how much of the start is left?",
            f"(1 − {momentum:g}) to the power of {batches}, {left}: "
            + (
                "evaluation after one short epoch uses statistics that have not arrived yet."
                if kept > 0.01
                else "this epoch is long enough. With few batches the statistics would not have arrived."
            ),
        ),
        picture,
        order_warning(
            setup, settled, "Here the running mean does not settle: it follows the last batches."
        ),
    ]


def _steps(run: int, batches: int) -> str:
    """
    >>> _steps(64, 16), _steps(4000, 25000), _steps(3000, 3000)
    ('64 steps; the dotted line ends the first epoch', 'the first 4,000 of 25,000 batches', '3,000 steps')
    """
    if run < batches:
        return f"the first {run:,} of {batches:,} batches"
    return f"{run:,} steps" + ("; the dotted line ends the first epoch" if run > batches else "")


def _train(setup: Setup, layer: BatchNorm) -> tuple[Tensor, Tensor, Tensor]:
    """Run the batches through the layer for the epochs; returns traces and the last epoch's output."""
    means, variances, outputs = [], [], []
    batches = setup.batches[:STEPS]
    epochs = EPOCHS if len(batches) * EPOCHS <= STEPS else 1
    with torch.no_grad():
        for epoch in range(epochs):
            for batch in batches:
                y = layer(batch)
                assert layer.running_mean is not None
                assert layer.running_var is not None
                means.append(layer.running_mean.cpu().clone())
                variances.append(layer.running_var.cpu().clone())
                if epoch == epochs - 1:
                    outputs.append(y)
    return torch.stack(means), torch.stack(variances), torch.cat(outputs)
