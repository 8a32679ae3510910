"""The yardstick: a plain script that draws the chapter's two figures as PNG, as a reader would write it."""

import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import torch


def draw(points: torch.Tensor, color: str, title: str, path: Path) -> None:
    figure, axes = plt.subplots(1, 2, figsize=(10, 4))
    axes[0].scatter(points[:, 0], points[:, 1], c=color, alpha=0.6, label=title)
    axes[0].set(title=title, xlabel="Feature 1", ylabel="Feature 2")
    axes[0].legend()
    for i in range(2):
        axes[1].hist(points[:, i].numpy(), bins=20, alpha=0.6, label=f"Feature {i + 1}")
    axes[1].set(title=title, xlabel="Value", ylabel="Frequency")
    axes[1].legend()
    plt.tight_layout()
    figure.savefig(path)


def main(folder: Path) -> None:
    torch.manual_seed(0)
    x = torch.randn(128, 2) * torch.tensor([4.0, 1.0]) + torch.tensor([10.0, -5.0])
    layer = torch.nn.BatchNorm1d(2, track_running_stats=False)
    y = torch.cat([layer(batch) for batch in x.split(8)]).detach()
    draw(x, "red", "Unnormalised data", folder / "before.png")
    draw(y, "green", "After batch normalisation", folder / "after.png")
    print(x.mean(0), x.std(0), y.mean(0), y.std(0))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
