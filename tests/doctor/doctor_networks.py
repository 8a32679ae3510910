"""Small networks trained on scikit-learn's digits, for the doctor's zoo; each is trained once."""

import copy
from functools import cache

import torch
from sklearn.datasets import load_digits
from torch import nn

CALIBRATION, SCORING = (
    (0, 1),
    (2, 3),
)  # seeds: thresholds are looked at on the first, scored on the others
TRAIN = 1297


@cache
def digits():
    """Images (1797, 1, 8, 8) in [0, 1] and classes, in an order that is always the same."""
    held = load_digits()
    order = torch.randperm(len(held.target), generator=torch.Generator().manual_seed(7))
    x = torch.tensor(held.images, dtype=torch.float32)[:, None] / 16
    return x[order], torch.tensor(held.target)[order]


def train_set():
    x, y = digits()
    return x[:TRAIN], y[:TRAIN]


def left_over():
    x, y = digits()
    return x[TRAIN:], y[TRAIN:]


def held_out(size=50):
    return list(left_over()[0].split(size))


def conv(norm=nn.BatchNorm2d):
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1, bias=False), norm(12), nn.ReLU(),
        nn.Conv2d(12, 16, 3, stride=2, padding=1, bias=False), norm(16), nn.ReLU(),
        nn.Flatten(), nn.Linear(256, 10),
    )  # fmt: skip


def mlp(norm=nn.BatchNorm1d):
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 32, bias=False), norm(32), nn.ReLU(),
        nn.Linear(32, 32, bias=False), norm(32), nn.ReLU(), nn.Linear(32, 10),
    )  # fmt: skip


class Residual(nn.Module):
    """A convolution, a block with a way around it, and a head."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(1, 12, 3, padding=1, bias=False), nn.BatchNorm2d(12)
        self.conv1, self.norm1 = nn.Conv2d(12, 12, 3, padding=1, bias=False), nn.BatchNorm2d(12)
        self.conv2, self.norm2 = nn.Conv2d(12, 12, 3, padding=1, bias=False), nn.BatchNorm2d(12)
        self.head = nn.Linear(12 * 16, 10)

    def forward(self, x):
        x = self.norm(self.stem(x)).relu()
        x = (x + self.norm2(self.conv2(self.norm1(self.conv1(x)).relu()))).relu()
        return self.head(nn.functional.max_pool2d(x, 2).flatten(1))


def converted():
    """conv -> ReLU -> BN as in networks that come from Keras."""
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(12, eps=1e-3),
        nn.Conv2d(12, 16, 3, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(16, eps=1e-3),
        nn.Flatten(), nn.Linear(256, 10),
    )  # fmt: skip


MAKERS = {"conv": conv, "mlp": mlp, "residual": Residual, "converted": converted}


def fit(model, seed, size=32, epochs=4, order=None, lr=3e-3, decay=0.0):
    """Train with Adam; order: sorts the samples of every epoch instead of shuffling them."""
    x, y = train_set()
    optimizer = torch.optim.Adam(model.parameters(), lr, weight_decay=decay)
    generator = torch.Generator().manual_seed(seed)
    model.train()
    for _ in range(epochs):
        at = torch.randperm(len(x), generator=generator) if order is None else order
        for part in at.split(size):
            if len(part) < 2:
                continue
            loss = nn.functional.cross_entropy(model(x[part]), y[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return optimizer


@cache
def _trained(name, seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = MAKERS[name]()
        fit(model, seed)
    if name == "converted":
        for part in model.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.momentum, part.num_batches_tracked = 0.0, torch.tensor(0)
    return model.eval()


def trained(name, seed):
    """A copy of the network that was trained with that seed, in eval()."""
    return copy.deepcopy(_trained(name, seed))


def norms(model):
    return [part for part in model.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]


def accuracy(model):
    x, y = left_over()
    with torch.no_grad():
        return (model.eval()(x).argmax(1) == y).double().mean().item()
