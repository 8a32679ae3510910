"""What watching the norms of a model costs in training, as a share of a step.

    python benchmarks/watch.py [--rounds N]

Two networks learn made-up pictures: six convolutions with batch norm, and a ResNet-18. In each round some
steps are not watched, as many are watched but not looked at, and one is looked at. The time of the processor
on one thread is compared, which depends little on what else the machine does. No file is written.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from normlab import doctor
from normlab.doctor.watching import EVERY

STEPS = 4  # in a row, watched or not


def plain() -> nn.Module:
    sizes = [3, 32, 32, 64, 64, 128, 128]
    layers: list[nn.Module] = []
    for number, (into, out) in enumerate(pairwise(sizes)):
        layers += [nn.Conv2d(into, out, 3, padding=1, stride=1 + number % 2)]
        layers += [nn.BatchNorm2d(out), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10))


def conv(into: int, out: int, size: int, stride: int = 1) -> nn.Sequential:
    weights = nn.Conv2d(into, out, size, stride, padding=size // 2, bias=False)
    return nn.Sequential(weights, nn.BatchNorm2d(out))


class Block(nn.Module):
    """The basic block of He et al. 2016 (arXiv:1512.03385), figure 2."""

    def __init__(self, into: int, out: int):
        super().__init__()
        stride = 1 if into == out else 2
        self.body = nn.Sequential(conv(into, out, 3, stride), nn.ReLU(), conv(out, out, 3))
        self.past = nn.Identity() if into == out else conv(into, out, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.body(x) + self.past(x))


def resnet18() -> nn.Module:
    """Table 1 of the same paper: 18 layers, 20 batch norms."""
    wide = [64, 64, 64, 128, 128, 256, 256, 512, 512]
    start = [conv(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    end = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10)]
    return nn.Sequential(*start, *(Block(*pair) for pair in pairwise(wide)), *end)


class Step:
    """One step of training."""

    def __init__(self, model: nn.Module, size: int):
        self.model = model
        self.optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        self.x, self.y = torch.randn(32, 3, size, size), torch.randint(10, (32,))

    def seconds(self) -> float:
        start = time.process_time()
        self.optimizer.zero_grad()
        F.cross_entropy(self.model(self.x), self.y).backward()
        self.optimizer.step()
        return time.process_time() - start


def measured(model: nn.Module, size: int, rounds: int) -> Iterator[tuple[float, float, float]]:
    """For each round: seconds of a step, of one that is watched, of one that is looked at."""
    step = Step(model.train(), size)
    step.seconds()
    for _ in range(rounds):
        alone = [step.seconds() for _ in range(STEPS)]
        with doctor.watch(model):
            look = step.seconds()
            watched = [step.seconds() for _ in range(STEPS)]
        yield statistics.median(alone), statistics.median(watched), look


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    networks: dict[str, tuple[Callable[[], nn.Module], int]] = {
        "six convolutions, 32 x 32": (plain, 32),
        "ResNet-18, 64 x 64": (resnet18, 64),
    }
    for name, (make, size) in networks.items():
        rounds = list(measured(make(), size, given.rounds))
        watched, look = (statistics.median(row[n] / row[0] for row in rounds) for n in (1, 2))
        share = ((EVERY - 1) * watched + look) / EVERY - 1
        print(
            f"{name}: a watched step takes {watched:.3f} of one without, one looked at {look:.2f};"
        )
        print(
            f"  with every={EVERY}, watching costs {share:+.1%} of a step ({given.rounds} rounds)"
        )


if __name__ == "__main__":
    main()
