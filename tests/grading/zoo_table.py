"""The zoo: wrong and right implementations, and what each is named as. `make zoo` prints the table."""

from pathlib import Path

from normlab.grading import grade

ZOO = Path(__file__).parent / "zoo"


def expected(path):
    """The mistakes that a wrong file's first line names; none for a right one."""
    first, _, _ = path.read_text().partition("\n")
    return first.removeprefix("# names: ").split() if first.startswith("# names: ") else []


def graded(folder):
    """File → (the names it should be given, its report)."""
    files = sorted((ZOO / folder).glob("*.py"))
    reports = grade(*map(str, files), timeout=60)
    return {
        path.stem: (expected(path), report) for path, report in zip(files, reports, strict=True)
    }


def found(report):
    if report["status"] == "refused":
        return [report["message"]]
    return [mistake["name"] for mistake in report["mistakes"]]


def main():
    lines = [("implementation", "row", "mistake", "named as", "score")]
    for folder in ("wrong", "right"):
        for name, (wanted, report) in graded(folder).items():
            shown = [", ".join(names) or "none" for names in (wanted, found(report))]
            lines.append((name, report.get("row", "?"), *shown, f"{report.get('score', 0)} %"))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for cells in lines:
        print("  ".join(f"{c:{w}}" for c, w in zip(cells, widths, strict=True)).rstrip())
    wrong = [cells for cells in lines[1:] if cells[2] != "none"]
    named = sum(cells[2] == cells[3] for cells in wrong)
    passed = sum(cells[2] == cells[3] == "none" for cells in lines[1:])
    right = len(lines) - 1 - len(wrong)
    print(f"\n{named} of {len(wrong)} wrong ones named, {passed} of {right} right ones passed.")


if __name__ == "__main__":
    main()
