"""The canonical computation: the same division from the retina to attention, and in networks."""

from normlab.lab.canonical.catalogue import MEMBERS
from normlab.lab.canonical.settings import Settings
from normlab.lab.family import Family

FAMILY = Family(
    "canonical",
    "The canonical computation",
    "Is it one equation that adapts the retina, balances odours, lets gratings compete, shifts with "
    "attention, makes natural images independent, and inhibits laterally in a network?",
    Settings,
    "normlab.lab.canonical.setup:prepare",
    MEMBERS,
)
