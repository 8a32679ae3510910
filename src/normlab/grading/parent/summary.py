"""What many reports say together: for the teacher, without names."""

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Any

from normlab.grading.lessons import LESSON_OF
from normlab.grading.parent import text


def many(reports: Sequence[dict[str, Any]]) -> str:
    """A line each, and the summary."""
    return "\n".join([*map(text.line, reports), "", summary(reports)])


def summary(reports: Sequence[dict[str, Any]]) -> str:
    """For the teacher, without names: how the class did, how many made each mistake, what to repeat."""
    graded = [r for r in reports if r["status"] != "refused"]
    lines = [_count(len(reports), "submission") + "."]
    if graded:
        scores = sorted(r["score"] for r in graded)
        of = "" if len(graded) == len(reports) else f" of the {len(graded)} that could be graded"
        lines[0] += (
            f" Mean score{of}: {sum(scores) / len(scores):.0f} %; median: {median(scores):.0f} %."
        )
    for status, words in _STATES.items():
        if count := sum(r["status"] == status for r in reports):
            lines.append(f"  {words}: {count} of {len(reports)}")
    told = _mistakes(graded)
    for name, sentences in sorted(told.items(), key=lambda item: -len(item[1])):
        lines += _told(f"  {name}: {len(sentences)} of {len(reports)}.", sentences)
    if lessons := _lessons(told):
        lines += [
            "Worth repeating:",
            *(f"  {lesson} ({count} of {len(reports)})" for lesson, count in lessons),
        ]
    return "\n".join(lines)


def _told(line: str, sentences: dict[int, set[str]]) -> list[str]:
    """One sentence beside the name; several, which say what one or another did, below it."""
    counts = Counter(words for said in sentences.values() for words in said).most_common()
    if len(counts) == 1:
        return [f"{line} It {counts[0][0]}."]
    return [line, *(f"    {count}: it {words}." for words, count in counts)]


_STATES = {
    "right": "right",
    "not finished": "not finished",
    "refused": "could not be graded",
}


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _mistakes(reports: Sequence[dict[str, Any]]) -> dict[str, dict[int, set[str]]]:
    """name → which reports have it, with its sentences, less what is quoted in them."""
    found: dict[str, dict[int, set[str]]] = {}
    for place, report in enumerate(reports):
        for mistake in report["mistakes"]:
            words = mistake["sentence"].removesuffix(f": {mistake['detail']}")
            found.setdefault(mistake["name"], {}).setdefault(place, set()).add(words)
    return found


def _lessons(told: dict[str, dict[int, set[str]]]) -> list[tuple[str, int]]:
    """The lessons, and how many submissions would have gained by each; the most useful first."""
    who: dict[str, set[int]] = {}
    for name, places in told.items():
        who.setdefault(LESSON_OF[name], set()).update(places)
    return sorted(
        ((lesson, len(places)) for lesson, places in who.items()), key=lambda one: -one[1]
    )
