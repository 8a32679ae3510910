"""For which shapes of x a mistake gives other numbers, in words."""

from normlab.grading.judge.compare import agrees
from normlab.grading.judge.naming import Case, Explanation
from normlab.grading.judge.recipe import Recipe

_SHAPES = {2: "(N, C)", 3: "(N, C, L)", 4: "(N, C, H, W)", 5: "(N, C, D, H, W)"}
_SEVERAL = "where normalized_shape has two numbers"


def places(why: Explanation, without: Recipe) -> str:
    """ "for (N, C, L)", where the recipe with the mistake differs from the one without."""
    shapes = dict.fromkeys(_shape(c) for c in why.cases)
    wrong = [
        s for s in shapes if any(_shape(c) == s and _touched(c, why, without) for c in why.cases)
    ]
    if len(wrong) == len(shapes) > 1:
        return "for every shape"
    plain = " and ".join(shape for shape in wrong if shape != _SEVERAL)
    return ", and ".join(
        [*([f"for {plain}"] if plain else []), *([_SEVERAL] * (_SEVERAL in wrong))]
    )


def _shape(case: Case) -> str:
    scenario = case.scenario
    if (scenario.last or 1) > 1:
        return _SEVERAL
    rank = len(scenario.shape)
    return "(N, T, D)" if rank == 3 and scenario.last else _SHAPES[rank]


def _touched(case: Case, why: Explanation, without: Recipe) -> bool:
    mine, other = (r.predict(case.scenario, case.seen) for r in (why.recipe, without))
    return not agrees(case.scenario, mine, other, case.share_of(why.recipe))
