"""The verdicts of the laboratory's full runs, as they ship with the package: what prose and docs quote."""

import json
import os
import platform
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from normlab.safe import json_text
from normlab.system.files import write_all

if TYPE_CHECKING:
    from normlab.lab.experiment import Result

FORMAT = 1
_FOLDER = "verdicts"


@dataclass(frozen=True)
class Row:
    """A member of a family: its name, what is said, what was measured, and the verdict."""

    name: str
    said: str
    measured: str
    verdict: str


@dataclass(frozen=True)
class Published:
    """A full run of a family: when, on what machine, with which settings and versions, and its verdicts."""

    format: int
    experiment: str
    made: str
    machine: str
    seconds: int
    settings: Mapping[str, Any]
    versions: Mapping[str, str]
    rows: tuple[Row, ...]
    verdicts: tuple[Mapping[str, Any], ...]

    @classmethod
    def of(cls, result: "Result", seconds: float) -> "Published":
        """What is kept of a run, which has to be of a whole family."""
        from torch.backends import cpu

        held = json.loads(result.json())
        cores = f"{platform.machine()} with {cpu.get_cpu_capability()}, {os.cpu_count()} cores"
        rows = tuple(Row(*map(str, row)) for row in result.record.rows)
        return cls(
            FORMAT, result.experiment, held["made"][:10], cores, round(seconds),
            held["settings"], held["versions"], rows, tuple(held["verdicts"]),
        )  # fmt: skip

    @property
    def day(self) -> str:
        """
        >>> published("training").day[-4:].isdigit()
        True
        """
        day = date.fromisoformat(self.made)
        return f"{day.day} {day:%B %Y}"

    @property
    def outcomes(self) -> str:
        """How many claims came out how, in a sentence."""
        from normlab.lab.experiment import counted

        return counted(Counter(verdict["outcome"] for verdict in self.verdicts))

    @property
    def table(self) -> list[tuple[str, str, str, str]]:
        """The rows as the family's table has them."""
        return [(row.name, row.said, row.measured, row.verdict) for row in self.rows]

    def save(self, folder: Path) -> Path:
        name = f"{self.experiment}.json"
        return write_all(folder, {name: f"{json_text(asdict(self))}\n".encode()}) / name


def kept() -> list[str]:
    """The families whose full runs ship with the package."""
    folder = files("normlab.lab").joinpath(_FOLDER)
    return sorted(
        f.name.removesuffix(".json") for f in folder.iterdir() if f.name.endswith(".json")
    )


@cache
def published(family: str) -> Published:
    """The run of a family that ships with the package."""
    text = files("normlab.lab").joinpath(_FOLDER, f"{family}.json").read_text(encoding="utf-8")
    held = json.loads(text)
    rows, verdicts = (tuple(held.pop(name)) for name in ("rows", "verdicts"))
    return Published(**held, rows=tuple(Row(**row) for row in rows), verdicts=verdicts)
