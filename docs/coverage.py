"""The page docs/reference/coverage.md: what is proved of which row, and by which test.

A test says what it proves by `@pytest.mark.proves("vmap")`; of which row, by its parameters or by
`@pytest.mark.proves("sync", "batch")`. `make docs` runs these tests and writes the page from their
reports; a run of the whole suite fails when the page says anything else (tests/conftest.py).
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from normlab.equation.row import Norm
from normlab.equation.table import TABLE

PAGE = Path(__file__).parent / "reference" / "coverage.md"
PROVED, MISSING, FAILS, NO_MEANING = "✓", "missing", "fails", "–"
PROPERTIES = {
    "reference": "the layer gives the equation's numbers, in float64, for tables, sequences and images",
    "outside oracle": "the numbers are those of torch, of plain loops, or of arithmetic by hand",
    "gradcheck": "first and second derivatives are finite differences, for every parameter, at zeros too",
    "mask": "masked places, NaN too, leave no trace in outputs, gradients and statistics",
    "sync": "several processes give the numbers of one that has all their data",
    "vmap": "`torch.func` over ensembles and over the gradients of samples equals a loop",
    "checkpoint": "activation checkpointing changes no gradient and updates statistics once",
    "compile": "`torch.compile` makes one graph of forward and backward, with the same numbers",
    "export": "`torch.export` keeps the numbers, with any number of samples",
    "half": "float16, bfloat16 and autocast: computed in float32, rounded once",
    "channels_last": "the layout stays, and costs no digit at means of 0, 1 and 100",
    "memory": "what is kept for backward is at most two inputs, and one where the formula allows it",
}
# property → whether it has a meaning for a row, and why not
LIMITS = {
    "sync": (lambda row: row.uses_batch, "no sample's output depends on the others"),
}

Pair = tuple[str, str]  # property, row
Test = tuple[str, str]  # file below the repository's root, name


@dataclass
class Proofs:
    """The tests of each pair that passed, and the pairs of which one failed."""

    passed: dict[Pair, set[Test]] = field(default_factory=lambda: defaultdict(set))
    failed: set[Pair] = field(default_factory=set)

    def add(self, noted: Iterable[tuple[str, object]], nodeid: str, passed: bool) -> None:
        """A test's report: the notes attached to it that are pairs, and whether it passed."""
        path, _, name = nodeid.partition("[")[0].partition("::")
        for pair in [(note, str(row)) for note, row in noted if note in PROPERTIES]:
            if passed:
                self.passed[pair].add((path, name))
            else:
                self.failed.add(pair)

    @property
    def proved(self) -> set[Pair]:
        return set(self.passed) - self.failed

    def state(self, pair: Pair) -> str:
        if not has_meaning(*pair):
            return NO_MEANING
        if pair in self.failed:
            return FAILS
        return PROVED if pair in self.passed else MISSING

    def summary(self) -> str:
        states = [self.state((name, row)) for name in PROPERTIES for row in TABLE]
        counts = [f"{states.count(PROVED)} proved", f"{states.count(FAILS)} failing"]
        counts += [
            f"{states.count(MISSING)} missing",
            f"{states.count(NO_MEANING)} without meaning",
        ]
        return f"{len(TABLE)} rows × {len(PROPERTIES)} properties: {', '.join(counts)}"

    def of_this_run(self) -> str:
        return (
            f"rows × properties, in this run: {len(self.proved)} proved, {len(self.failed)} failing"
        )


def has_meaning(name: str, row: str | Norm) -> bool:
    applies, _ = LIMITS.get(name, (lambda _: True, ""))
    return applies(TABLE[row] if isinstance(row, str) else row)


def pairs(name: str, rows: Iterable[str]) -> list[Pair]:
    """The pairs that a marker claims, refused where the page has no such cell."""
    if name not in PROPERTIES:
        raise ValueError(
            f"proves({name!r}): no such property; docs/coverage.py has {[*PROPERTIES]}"
        )
    found = [(name, row) for row in rows]
    wrong = [row for row in rows if row not in TABLE or not has_meaning(name, row)]
    if wrong or not found:
        raise ValueError(f"proves({name!r}): no row, or one it has no meaning for: {wrong}")
    return found


def page(proofs: Proofs) -> str:
    header = ["row", *PROPERTIES]
    rows = [
        [f"[{row}](rows/{row}.md)", *(_cell(proofs, (p, row)) for p in PROPERTIES)] for row in TABLE
    ]
    lines = ["| " + " | ".join(line) + " |" for line in (header, ["---"] * len(header), *rows)]
    parts = [
        "# What is proved of which row",
        f"{proofs.summary()}.",
        "\n".join(lines),
        f"Each {PROVED} leads to a test that passed; its name is the link's title. {MISSING}: there "
        f"ought to be a test; {FAILS}: there is one, and it fails; {NO_MEANING}: the property has no "
        f"meaning for the row. `make docs` writes this page from the tests' reports.",
        "## The properties, and their tests",
        "\n".join(_property(proofs, name) for name in PROPERTIES),
    ]
    return "\n\n".join(parts) + "\n"


def _cell(proofs: Proofs, pair: Pair) -> str:
    state = proofs.state(pair)
    if state != PROVED:
        return state
    return " ".join(
        f'[{PROVED}](../../{file} "{name}")' for file, name in sorted(proofs.passed[pair])
    )


def _property(proofs: Proofs, name: str) -> str:
    tests = {test for pair in proofs.proved if pair[0] == name for test in proofs.passed[pair]}
    links = ", ".join(f"[{test}](../../{file})" for file, test in sorted(tests))
    without = f"; {NO_MEANING} where {LIMITS[name][1]}" if name in LIMITS else ""
    return f"- **{name}**: {PROPERTIES[name]}{without}. {links or MISSING}"


def claimed(text: str) -> set[Pair]:
    """The pairs that a page calls proved."""
    rows = [re.split(r" *\| *", line)[1:-1] for line in text.splitlines() if line.startswith("|")]
    if not rows:
        return set()
    header, _, *body = rows
    found = [(name, cell, row[0]) for row in body for name, cell in zip(header, row, strict=True)]
    return {
        (name, re.sub(r"\W*(\w+).*", r"\1", row)) for name, cell, row in found if PROVED in cell
    }


def complaint(proofs: Proofs, text: str) -> str:
    """What the page says that the reports of a whole run do not; empty if it is as it would be written."""
    if text == page(proofs):
        return ""
    lost, new = claimed(text) - proofs.proved, proofs.proved - claimed(text)
    parts = [f"not proved now: {_listed(lost)}"] if lost else []
    parts += [f"proved but not on the page: {_listed(new)}"] if new else []
    parts = parts or ["its words or links are old"]
    fix = "fix what fails, then " if proofs.failed else ""
    return f"docs/reference/{PAGE.name} is stale ({'; '.join(parts)}): {fix}run make docs"


def _listed(found: set[Pair]) -> str:
    by_property = {p: sorted(row for name, row in found if name == p) for p, _ in sorted(found)}
    return ", ".join(f"{name} of {' and '.join(rows)}" for name, rows in by_property.items())
