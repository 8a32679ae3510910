"""The experiments as data, in the order of the report. Needs no torch."""

from normlab.lab.training.experiment import TrainingExperiment
from normlab.lab.training.rows_dynamics import DYNAMICS
from normlab.lab.training.rows_places import PLACES
from normlab.lab.training.rows_rates import RATES

MEMBERS: dict[str, TrainingExperiment] = {
    experiment.name: experiment for experiment in (*RATES, *DYNAMICS, *PLACES)
}
