"""What watching the norms of a model costs in training, as a share of a step.

    python benchmarks/watch.py [--rounds N]

A convolutional network of six batch norms learns made-up pictures: a step without `normlab.doctor.watch`, one
that is watched but not looked at, and one that is looked at, in turn, N rounds. The middle seconds give what
a step costs at the default interval. No file is written.
"""

import argparse
import statistics
import time
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

from normlab import doctor
from normlab.doctor.watching import EVERY


def network() -> nn.Module:
    sizes = [3, 32, 32, 64, 64, 128, 128]
    layers: list[nn.Module] = []
    for number, (into, out) in enumerate(pairwise(sizes)):
        layers += [nn.Conv2d(into, out, 3, padding=1, stride=1 + number % 2)]
        layers += [nn.BatchNorm2d(out), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10))


class Step:
    """One step of training."""

    def __init__(self, model: nn.Module):
        self.model = model
        self.optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        self.x, self.y = torch.randn(32, 3, 32, 32), torch.randint(10, (32,))

    def seconds(self) -> float:
        start = time.perf_counter()
        self.optimizer.zero_grad()
        F.cross_entropy(self.model(self.x), self.y).backward()
        self.optimizer.step()
        return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    given = parser.parse_args()
    torch.manual_seed(0)
    model = network().train()
    step = Step(model)
    step.seconds()
    plain, idle, looked = [], [], []
    for _ in range(given.rounds):
        plain.append(step.seconds())
        with doctor.watch(model, 2):
            looked.append(step.seconds())
            idle.append(step.seconds())
    one, other, look = map(statistics.median, (plain, idle, looked))
    share = ((EVERY - 1) * other + look) / (EVERY * one) - 1
    print(f"a step that is watched: {other / one:.3f}, one that is looked at: {look / one:.3f}")
    print(f"at every {EVERY} steps watching costs {share:+.1%} of a step ({given.rounds} rounds)")


if __name__ == "__main__":
    main()
