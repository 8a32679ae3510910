"""One study for a member of the family, as the laboratory makes it."""

import pytest

from normlab.lab.canonical import FAMILY
from normlab.lab.experiment import Record
from normlab.lab.family import Study


@pytest.fixture
def study():
    def made(name, seed=0):
        return Study(Record(), FAMILY.member(name), FAMILY.settings.of(seed=seed))

    return made


@pytest.fixture
def judged(study):
    """Run a measure (with what it should measure) and tell each claim's outcome."""

    def run(name, measure, *given, **options):
        made = study(name)
        measure(made, *given, **options)
        made.finish()
        return {v.claim.name.partition(".")[2]: v.outcome for v in made.verdicts}

    return run
