"""The experiments as data, in the order of the report. Needs no torch."""

from normlab.lab.training.experiment import Trial
from normlab.lab.training.rows_dynamics import DYNAMICS
from normlab.lab.training.rows_places import PLACES
from normlab.lab.training.rows_rates import RATES

TRIALS: dict[str, Trial] = {trial.name: trial for trial in (*RATES, *DYNAMICS, *PLACES)}
