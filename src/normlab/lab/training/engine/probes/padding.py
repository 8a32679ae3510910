"""A probe of Transformers: what more padding changes."""

from torch import Tensor

from normlab.lab.training.engine.networks.transformer import Tokens
from normlab.lab.training.engine.run import Probe, Run


def padding(run: Run, extra: int = 16, examples: int = 64) -> Probe:
    """The largest change of a class's probability when `extra` more tokens of padding follow: (M,).

    padding_training: with the statistics of the test examples; padding_evaluation: with running ones.
    """
    tokens = next(m for m in run.group.network.modules() if isinstance(m, Tokens))
    x, _ = run.test
    x = x[:, :: max(1, x.shape[1] // examples)][:, :examples]

    def answers(more: int, training: bool) -> Tensor:
        tokens.extra = more
        try:
            return run.group.outputs(x, training).softmax(-1)
        finally:
            tokens.extra = 0

    def probe() -> dict[str, Tensor]:
        return {
            f"padding_{name}": (answers(extra, mode) - answers(0, mode)).abs().amax((1, 2))
            for name, mode in (("training", True), ("evaluation", False))
        }

    return probe
