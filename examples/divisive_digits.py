"""A small network with divisive normalisation learns scikit-learn's handwritten digits.

python examples/divisive_digits.py [--epochs 6] [--seed 0]
"""

import argparse

import torch
import torch.nn.functional as F
from rich.progress import track
from sklearn.datasets import load_digits
from torch import Tensor

from normlab import nn


def digits(seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """1200 images and labels to learn from, 597 to test with; pixels from 0 to 1."""
    images, labels = (torch.tensor(a) for a in load_digits(return_X_y=True))
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    images = images[order].float().view(-1, 1, 8, 8) / 16
    labels = labels[order]
    return images[:1200], labels[:1200], images[1200:], labels[1200:]


def network() -> torch.nn.Sequential:
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 16, 3, padding=1),
        nn.DivisiveNorm(16, size=3, learn_pool=True, learn_power=True),
        torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(16, 16, 3, padding=1),
        nn.DivisiveNorm.miller(16, width=2.0),
        torch.nn.Flatten(),
        torch.nn.Linear(256, 10),
    )


def train(model: torch.nn.Module, images: Tensor, labels: Tensor, epochs: int) -> None:
    step = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in track(range(epochs), "learning"):
        for batch in torch.randperm(len(labels)).split(50):
            step.zero_grad()
            F.cross_entropy(model(images[batch]), labels[batch]).backward()
            step.step()


def accuracy(model: torch.nn.Module, images: Tensor, labels: Tensor) -> float:
    return (model(images).argmax(1) == labels).float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)  # images of 8 × 8 are too small to be worth sharing
    torch.manual_seed(given.seed)
    images, labels, unseen, truth = digits(given.seed)
    model = network()
    train(model, images, labels, given.epochs)
    report(model, unseen, truth)


@torch.no_grad()
def report(model: torch.nn.Sequential, unseen: Tensor, truth: Tensor) -> None:
    norm = model[1]
    assert isinstance(norm, nn.DivisiveNorm)
    assert norm.pool_weight is not None
    constant = truth.bincount().max().item() / len(truth)
    print(f"accuracy on {len(truth)} unseen digits: {accuracy(model, unseen, truth):.3f}")
    print(f"the best constant answer:          {constant:.3f}")
    print(f"power learned:                     {float(norm.power):.2f} (from 2)")
    print(f"sigma learned:                     {norm.sigma.min():.2f} to {norm.sigma.max():.2f}")
    print(f"weights of the pool at exactly 0:  {(norm.pool_weight == 0).float().mean():.0%}")


if __name__ == "__main__":
    main()
