"""Code that is right for tables (N, C) alone: all that is wrong for (N, C, L) is one mistake."""

from collections.abc import Sequence

from normlab.grading.judge.mistakes import SEEN, Mistake
from normlab.grading.judge.naming import Case, Explanation, Named, named
from normlab.grading.judge.work import Judgement
from normlab.grading.names import rank_in

ONLY_TABLES = SEEN["only_tables"]
_SHAPE = "running_shape"


def apart(
    work: Judgement, mistakes: Sequence[Mistake], cases: list[Case], whole: Named
) -> Named | None:
    """What explains the tables, and one mistake for the rest: where that says more than all together."""
    tables = [c for c in cases if len(c.scenario.shape) == 2]
    others = [c for c in work.cases if len(c.scenario.shape) != 2]
    if _told(whole) + (_SHAPE in work.seen) < 2 or not _right_for_tables(work, tables, others):
        return None
    found = named(work.right, mistakes, tables)
    if found.left:
        return None
    failed = [c for c in others if not c.passed()]
    why = Explanation((ONLY_TABLES,), work.right, work.right, failed)
    # the points stay those of all shapes together
    return Named([*found.found, why], [], whole.bases, whole.recipes)


def _told(named: Named) -> int:
    return sum(len(why.mistakes) for why in named.found) + bool(named.left)


def _right_for_tables(work: Judgement, tables: list[Case], others: list[Case]) -> bool:
    """Whether training is right for all tables, and gives wrong numbers, not only errors, elsewhere."""
    if rank_in(work.offer.name) != {2, 3} or not work.row.uses_batch:
        return False
    trained = [c for c in others if c.phase == "training" and not c.passed()]
    return all(c.passed() for c in tables if c.phase == "training") and any(
        "error" not in c.seen[-1] for c in trained
    )
