"""The training laboratory: what the chapter says of training, as experiments that can fail."""

from normlab.lab.family import Family
from normlab.lab.training.catalogue import MEMBERS
from normlab.lab.training.experiment import outcome
from normlab.lab.training.settings import Settings

__all__ = ["FAMILY", "Settings"]

FAMILY = Family(
    "training",
    "Normalisation and training",
    "Is what is said of batch norm and training so: that it is faster and smoother, bears higher learning "
    "rates and any first weights, regularises, and does it by reducing internal covariate shift?",
    Settings,
    "normlab.lab.training.setup:prepare",
    MEMBERS,
    outcome,
    ("experiment", "the chapter says", "measured", "verdict"),
    "normlab.lab.training.setup:work",
    "normlab.lab.training.setup:fits",
)
