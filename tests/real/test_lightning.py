"""Lightning's trainer with the callback that watches norms."""

import libraries  # noqa: F401  (torchmetrics imports torchvision, which needs its operators declared)
import lightning.pytorch as lightning
import pytest
import torch
from lightning.pytorch.loggers import CSVLogger
from torch import nn

from normlab.doctor.callback import WatchNorms


@pytest.mark.filterwarnings("ignore")  # of lightning's own calls
def test_lightning_hands_on_what_is_seen(tmp_path):
    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.GroupNorm(2, 4))

        def training_step(self, batch, number):
            return self.net(batch).square().mean()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.01)

    loader = torch.utils.data.DataLoader(torch.randn(24, 3, 6, 6), batch_size=4)
    watcher = WatchNorms(every=2, csv=tmp_path / "norms.csv")
    options = {"enable_progress_bar": False, "enable_checkpointing": False, "max_epochs": 1}
    logger = CSVLogger(tmp_path / "logs")
    model = Module()
    trainer = lightning.Trainer(
        accelerator="cpu", callbacks=[watcher], logger=logger, enable_model_summary=False, **options
    )
    trainer.fit(model, loader)
    assert [s.step for s in watcher.watched.rows] == [0, 0, 2, 2, 4, 4]
    assert len((tmp_path / "norms.csv").read_text().splitlines()) == 7
    assert not any(part._forward_pre_hooks for part in model.modules())
