"""A runner that hands out made-up results, to see which verdicts they get."""

from contextlib import nullcontext

from normlab.lab.experiment import Record
from normlab.lab.family import Study, load
from normlab.lab.training.catalogue import MEMBERS
from normlab.lab.training.plan import Plan
from normlab.lab.training.settings import Settings
from normlab.lab.training.store import Store


class MadeUp(nullcontext):
    """`of` gives what `results` makes of the experiment's real cells."""

    def __init__(self, results, **settings):
        super().__init__()
        self.plan = Plan.of(Settings.of(**settings))
        self.store = Store(None)
        self.results = results

    def of(self, study):
        return validated(self.results(load(study.member.cells)(self.plan)))


def validated(found):
    """Results whose accuracy on the validation data is that on the test data."""
    return {
        label: {"validation_accuracy": arrays.get("test_accuracy")} | dict(arrays)
        for label, arrays in found.items()
    }


def judged(name, results, **settings):
    """claim → outcome of an experiment, given results; and the study."""
    experiment = MEMBERS[name]
    study = Study(Record(), experiment, MadeUp(results, **settings))
    load(experiment.measure)(study)
    study.finish()
    found = {v.claim.name.removeprefix(f"{name}."): v.outcome for v in study.verdicts}
    return found, study
