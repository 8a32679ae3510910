"""Section 6, first part: running statistics over batches and epochs, training against evaluation."""

from dataclasses import dataclass

import torch
from torch import Tensor

from normlab.lab.chapter.catalogue import SETTLED
from normlab.lab.chapter.drawings import curves
from normlab.lab.chapter.setup import Setup, arrays, drawn, order_note, order_warning
from normlab.nn import BatchNorm
from normlab.report.page import Ask, Block, Picture, Prose

EPOCHS, STEPS = 4, 4000
SCATTERED = 500  # points of training against evaluation


# what is said, with the numbers that it is said of
_TEXT = {
    "intro": "**Running statistics.** In training the layer keeps an average of what it saw, "
    "`running = (1 − momentum) · running + momentum · batch`, with the unbiased variance, and in "
    "evaluation it uses that instead of the batch.",
    "question": "The running mean starts at 0. After one epoch of {batches} batches with momentum "
    "{momentum:g}, how much of the start is left?",
    "answer": "(1 − {momentum:g}) to the power of {batches}, {left}: {arrived}",
    "much is left": "evaluation after one short epoch uses statistics that have not arrived yet.",
    "little is left": "this epoch is long enough. With few batches the statistics would not have arrived.",
    "unsettled": "Here the running mean does not settle: it follows the last batches.",
    "caption": "Running mean and variance over {steps}. Momentum {momentum:g}; dashed are "
    "the data's own. Right: the same points in training and evaluation.",
    "picture": "Traces of running mean and variance approaching dashed lines; a scatter of outputs in "
    "evaluation against training, around the diagonal.",
}


@dataclass(frozen=True)
class _Run:
    """The running statistics after each batch, and the outputs of the last epoch and of evaluation."""

    mean: Tensor
    var: Tensor
    train: Tensor
    evaluated: Tensor

    @classmethod
    def of(cls, setup: Setup) -> "_Run":
        layer = BatchNorm(setup.x.shape[1], setup.values["eps"], setup.settings.momentum)
        layer = layer.to(setup.x)
        traced = _train(setup, layer)
        with torch.no_grad():
            return cls(*traced, layer.eval()(setup.x)[: len(traced[-1])])


def blocks(setup: Setup) -> list[Block | None]:
    run = _Run.of(setup)
    _note(setup, run)
    settled = setup.record.claim(SETTLED, _reach(setup, run), detail=order_note(setup))
    gap = (run.evaluated - run.train).abs().max().item()
    setup.record.number(
        "eval.difference", gap, "largest |y in evaluation − y in training| of an element"
    )
    return [
        Prose(_TEXT["intro"]),
        _left(len(setup.batches), setup.settings.momentum),
        _picture(setup, run),
        order_warning(setup, settled, _TEXT["unsettled"]),
    ]


def _note(setup: Setup, run: _Run) -> None:
    """Record the statistics after the last batch."""
    steps, batches = len(run.mean), len(setup.batches)
    when = "the epochs" if batches <= steps else f"the first {steps} of {batches} batches"
    for key, traced in (("mean", run.mean), ("var", run.var)):
        setup.record.vector(
            f"running.{key}", setup.names, traced[-1], f"running {key} after {when}"
        )


def _reach(setup: Setup, run: _Run) -> Tensor | float:
    """How far the running mean ends from the data's, in standard errors, less what is left of its start."""
    if not bool(setup.moving.any()):
        return 0.0
    data, momentum = setup.moments, setup.settings.momentum
    error = (run.mean[-1].double() - data.mean.cpu()).abs()
    standard = data.std(0).cpu() * (momentum / ((2 - momentum) * setup.size)) ** 0.5
    start = (1 - momentum) ** len(run.mean) * data.mean.cpu().abs()
    return ((error - start).clamp_min(0) / standard)[setup.moving.cpu()].max()


def _left(batches: int, momentum: float) -> Ask:
    """How much of the start is left after one epoch."""
    kept = (1 - momentum) ** batches
    told = {
        "batches": batches,
        "momentum": momentum,
        "left": f"that is {kept:.2g}" if kept or momentum == 1 else "that is next to nothing",
        "arrived": _TEXT["much is left" if kept > 0.01 else "little is left"],
    }
    return Ask(_TEXT["question"].format(**told), _TEXT["answer"].format(**told))


def _picture(setup: Setup, run: _Run) -> Picture:
    steps, batches = len(run.mean), len(setup.batches)
    told = {"steps": _steps(steps, batches), "momentum": setup.settings.momentum}
    return setup.record.figure(
        "running",
        curves.running,
        _TEXT["caption"].format(**told),
        _TEXT["picture"],
        steps=drawn(torch.arange(1, steps + 1)),
        mean=drawn(run.mean),
        var=drawn(run.var),
        true_mean=arrays(setup.moments.mean),
        true_var=arrays(setup.moments.var()),
        epoch=batches if batches < steps else None,
        names=setup.shown,
        train=drawn(run.train, SCATTERED),
        evaluated=drawn(run.evaluated, SCATTERED),
    )


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
