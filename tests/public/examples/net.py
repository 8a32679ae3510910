"""A network small enough to be converted in a test."""

from torch import nn


class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.BatchNorm2d(2))
