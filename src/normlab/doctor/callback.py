"""A callback for Lightning that watches the norms of what it trains."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from normlab.doctor.watching import EVERY, Sight, Watch, opened_sinks, scalars
from normlab.errors import MissingExtraError

try:
    from lightning.pytorch import Callback  # pyright: ignore[reportMissingImports]
except ImportError as _error:
    raise MissingExtraError.of("normlab.doctor.callback", "lightning", "lightning") from _error


class WatchNorms(Callback):
    """Watches the norms of a LightningModule in every so many training batches.

    What is seen goes to the trainer's loggers, as "norms/LAYER/WHAT", and to a CSV file if one is named.
    `watch` of `normlab.doctor` says what that is; its errors are the same.

    Args: every: batches from one look to the next; csv: a new file.
    """

    def __init__(self, every: int = EVERY, csv: str | Path | None = None):
        super().__init__()
        self.every, self.csv = every, csv
        self.watched: Watch | None = None
        self._open = ExitStack()

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        def log(seen: list[Sight]) -> None:
            numbers = {name: value for sight in seen for name, value in scalars(sight).items()}
            for logger in trainer.loggers:
                logger.log_metrics(numbers, step=seen[0].step)

        sinks = self._open.enter_context(opened_sinks(self.csv, None, log))
        self.watched = Watch(pl_module, self.every, sinks)
        self._open.callback(self.watched.end)

    def on_train_batch_start(
        self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int
    ) -> None:
        if self.watched is not None:
            self.watched.begin()

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        if self.watched is not None:
            self.watched.end()

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        self._open.close()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        self._open.close()
