"""The chapter's closing discussion: what was seen, and what to try next."""

from normlab.equation.row import Norm
from normlab.lab.chapter.setup import Setup
from normlab.report.page import Numbers, Prose

_NEXT = (
    ("Change the input", "normlab run chapter --data table.csv, or drag points in normlab explore"),
    (
        "Add samples",
        "normlab run chapter --samples 1024, or double-click into the explorer's picture",
    ),
    (
        "Watch the running statistics",
        "section “Going on” of a report on batch normalisation; Step and Play in the explorer",
    ),
    (
        "Move the weight (γ) and the bias (β)",
        "normlab run chapter --weight 2 --bias 1, or the explorer's sliders",
    ),
    ("Take another normaliser", "normlab run chapter --norm layer; normlab list shows them all"),
    ("Write it yourself", "normlab grade my_norm.py finds the mistakes and names them"),
)


def section(setup: Setup) -> None:
    setup.record.section(
        "Discussion",
        Prose(_before(setup)),
        Prose(_after(setup.row)),
        Numbers("What the chapter suggests to try, and how", ("to", "do"), _NEXT),
    )


def _before(setup: Setup) -> str:
    spread = setup.moments.std()
    low, high = spread.min().item(), spread.max().item()
    words = f"from {low:.3g} to {high:.3g}" if len(spread) > 1 else f"of {high:.3g}"
    return f"Before normalising, the features had standard deviations {words}."


def _after(row: Norm) -> str:
    if row.uses_batch:
        return (
            "After batch normalisation, each feature has mean 0 and variance 1 *within a batch*, before "
            "weight and bias. Over all batches together both are only nearly so, since each batch is "
            "normalised with statistics of its own. The next layer always gets numbers of one size. "
            "Networks often train faster so; why they do is still discussed, and whether they also "
            "generalise better is a question for an experiment (section “What the chapter claims of batch "
            "normalisation”)."
        )
    return (
        f"{row.title} looks at one sample at a time. It does not bring the *features* to one scale, as "
        "batch normalisation does, but the samples."
    )
