"""Reports as they come back: plain data that prints as the command does."""

from typing import Any

from normlab.grading.parent import text
from normlab.grading.parent.summary import many


class Report(dict[str, Any]):
    """The report on one submission."""

    def __str__(self) -> str:
        return text.one(self)

    def share(self, most: float) -> float:
        """Its part of so many points, as an nbgrader cell gives them; 0 where it could not be graded.

        >>> Report(status="mistakes", points=24, of=27).share(9)
        8.0
        """
        of = self.get("of")
        return round(most * self["points"] / of, 2) if of else 0.0


class Reports(list[Report]):
    """All of them; a notebook shows one in full, and of many a line each and the summary."""

    def __str__(self) -> str:
        return str(self[0]) if len(self) == 1 else many(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))
