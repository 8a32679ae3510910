"""The cortex laboratory: a model of primary visual cortex, and thirty phenomena it should show."""

from normlab.lab.cortex.catalogue import MEMBERS
from normlab.lab.cortex.parameters import STANDARD, Parameters
from normlab.lab.cortex.phenomenon import outcome
from normlab.lab.cortex.settings import Settings
from normlab.lab.family import Family

__all__ = ["FAMILY", "STANDARD", "Parameters", "Settings"]

FAMILY = Family(
    "cortex",
    "Divisive normalisation in visual cortex",
    "Which of thirty phenomena of primary visual cortex come out of one model with one set of "
    "parameters: filters, a pool, and a division?",
    Settings,
    "normlab.lab.cortex.setup:prepare",
    MEMBERS,
    outcome,
    ("phenomenon", "published signature", "measured", "verdict"),
)
