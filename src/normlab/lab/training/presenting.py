"""What an experiment's section has between its introduction and its conclusion."""

from normlab.lab.training.setup import Study
from normlab.report.page import Block, Note, Numbers, Prose


def present(study: Study, design: str, *found: Block) -> None:
    """Show an experiment, once all of its claims are judged."""
    verdicts = [verdict.row() for verdict in study.verdicts]
    study.show(
        Prose(f"**Design.** {design}"),
        *found,
        Numbers(
            "Claims, with the thresholds stated before the run",
            ("claim", "measured", "threshold", "verdict", "in words"),
            tuple((v.claim, v.measured, v.threshold, v.outcome, v.detail) for v in verdicts),
        ),
    )
    for path in study.shared.store.told():
        words = f"A kept result was not as it was written, and was set aside as {path.name}."
        study.record.say(words)
        study.show(Note(words, "warning"))
