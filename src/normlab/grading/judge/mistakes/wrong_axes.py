"""The mistake of pooling over other axes: one for every choice that is not the row's."""

from normlab.equation.row import Norm
from normlab.grading.judge import kinds
from normlab.grading.judge.mistakes.record import Mistake, parts
from normlab.grading.rows import sized

_POOL_WORDS = {
    "n": "over the batch alone",
    "c": "over the channels alone",
    "s": "over space alone",
    "n c": "over batch and channels",
    "n s": "over batch and space",
    "c s": "over channels and space",
    "n c s": "over everything at once",
    "last": "over the last axis alone",
    "-2": "over the last axis but one",
    "but last": "over all axes but the last",
}
_LAST_WORDS = {
    "n": "over the batch alone",
    "c": "over axis 1 alone",
    "s": "over the axes from 2 on alone",
    "n c": "over axes 0 and 1",
    "n s": "over all axes but 1",
    "c s": "over all axes but the batch",
}
_AXES_HINT = "Write down, for one output number, which input numbers its mean should be made of."
_RIGHT_WORDS = {  # of the axes that papers pool
    "n s": "runs over batch and space: all axes but 1",
    "s": "runs over space alone, for each sample and channel: axes 2 and on",
    "c": "runs over the channels (axis 1), at each place of each sample",
}


def _right_words(row: Norm) -> str:
    """Over what the pool runs, as the solution says it."""
    reduce = "sum" if kinds.summed(row) else "mean"
    if row.grouped:
        return f"each {reduce} runs over the channels of one group and space, for each sample"
    if sized(row):
        last = "all but the batch" if kinds.length(row) else "normalized_shape"
        return f"each {reduce} runs over the last dimensions ({last}), for each sample"
    over = kinds.right_axes(row) or ""
    lead = {"n s": f"each channel's {reduce}", "c": f"the {reduce}"}.get(over, f"each {reduce}")
    return f"{lead} {_RIGHT_WORDS.get(over, f'runs {_POOL_WORDS[over]}')}"


# of which the axes are wrong, and how that is said
_PARTS = {
    "both": "pools",
    "mean": "takes its mean",
    "mean moved": "takes its mean, about which it takes the variance,",
    "variance": "takes its variance about the right mean, but",
    "own variance": "takes its variance",
}
_NUMBERED = ("0 2", "0 3", "0 1 2", "0 1 3")  # of images, where (0, 2, 3) are meant


def wrong_axes(row: Norm) -> list[Mistake]:
    """Every way to pool over whole axes that is not the row's."""
    if row.grouped:
        ways = [(f"group {axis}", f"over axis {axis} of x as (N, groups, …)") for axis in (0, 1)]
        return [_wrong(row, *way, part) for way in ways for part in _parts(row)]
    right = kinds.right_axes(row)
    if right is None:
        return []
    places = ["n", "n c", "n c s", "n s", "c", "s", "c s", *(["but last", "last"] * sized(row))]
    words = _POOL_WORDS | (_LAST_WORDS if sized(row) else {})
    ways = [(over, words[over]) for over in places if over != right]
    if sized(row):
        ways.append(("-2", words["-2"]))
        ways.append(("leading", "over the first axes, as many as normalized_shape has"))
    if not (row.uses_batch or sized(row)):
        ways += [(over, words[over]) for over in ("last", "-2")]
    if row.uses_batch:
        ways.append(("last", words["last"]))
        ways += [(over, f"over axes {over.replace(' ', ', ')}") for over in (*_NUMBERED, "-2")]
    return [_wrong(row, over, said, part) for part in _parts(row) for over, said in ways]


def _parts(row: Norm) -> list[str]:
    return list(_PARTS) if row.center else ["both"]


def _wrong(row: Norm, over: str, said: str, part: str) -> Mistake:
    return Mistake(
        "wrong_axis", f"{_PARTS[part]} {said}", _AXES_HINT,
        f"{_right_words(row)}.", change=parts(over=over, over_of=part),
        rare=part != "both" or over in (*_NUMBERED, "-2", "leading"),
        placed=True, basic=part == "both",
    )  # fmt: skip
