"""What the chapter claims of batch normalisation, and what became of it in the training laboratory."""

from normlab.lab import members
from normlab.lab.chapter.setup import Setup
from normlab.lab.published import Published, published
from normlab.report.page import Note, Numbers, Prose

FAMILY = "training"
PROPOSED = (
    "Batch normalisation was proposed by Sergey Ioffe and Christian Szegedy in 2015 "
    "(arXiv:1502.03167), to reduce what they called internal covariate shift. It made training much "
    "faster in their networks. *Why* it does is still discussed: Santurkar et al. 2018 "
    "(arXiv:1805.11604) found that training stays fast when the shift is put back in, and hold that the "
    "loss becomes smoother."
)
HOMES = (
    "The chapter names residual networks and Transformers as users of batch normalisation. Residual "
    "networks do use it (He et al. 2016, arXiv:1512.03385). Most Transformers use layer normalisation "
    "(Vaswani et al. 2017, arXiv:1706.03762) or, in recent language models, RMS normalisation."
)
BRAIN = (
    "The chapter speaks of the human brain. Most of the evidence that Carandini and Heeger (2012, Nature "
    "Reviews Neuroscience 13:51–62) review comes from recordings in other animals: the antennal lobe of "
    "the fruit fly, the retina, the visual cortex of cats and monkeys. Experiments with people agree "
    "with it, but they measure behaviour or the activity of many cells together."
)


def section(setup: Setup) -> None:
    run = published(FAMILY)
    experiments = members(FAMILY)
    setup.record.section(
        "What the chapter claims of batch normalisation",
        Prose(PROPOSED),
        Prose(
            "The chapter claims more than its own steps can show. The training laboratory tests each "
            "claim: small networks on real data, several seeds, and a threshold that was written down "
            "before the run."
        ),
        _table(run),
        Numbers(
            "What the literature lets us expect, and how to run it yourself",
            ("experiment", "expected", "command"),
            tuple(
                (
                    row.name,
                    getattr(experiments[row.name], "expectation", ""),
                    f"normlab run {FAMILY}.{row.name}",
                )
                for row in run.rows
            ),
        ),
        Prose(HOMES),
        Note(BRAIN),
    )


def _table(run: Published) -> Numbers:
    return Numbers(
        f"What `normlab run {FAMILY}` found on {run.day} ({run.machine}, {run.settings['seeds']} seeds). The "
        "networks are small: what is inconclusive here may be clear in large ones",
        ("claim", "verdict", "measured"),
        tuple((row.said, row.verdict, row.measured) for row in run.rows),
    )
