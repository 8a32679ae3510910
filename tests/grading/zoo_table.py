"""The zoo: wrong and right implementations, and what each is named as. `make zoo` prints the table."""

from pathlib import Path

import mutants

from normlab.grading import grade

ZOO = Path(__file__).parent / "zoo"


def _said(path, word):
    """What a file's first line says of it."""
    first, _, _ = path.read_text().partition("\n")
    return first.removeprefix(f"# {word}: ").split() if first.startswith(f"# {word}: ") else []


def graded(folder, name=""):
    """File → (the names it should be given, its report)."""
    files = sorted(path for path in (ZOO / folder).glob("*.py") if name in path.name)
    told = {}
    for convention in ("", "keras"):
        mine = [path for path in files if "".join(_said(path, "convention")) == convention]
        reports = grade(*map(str, mine), convention=convention, timeout=60) if mine else []
        told |= dict(zip(mine, reports, strict=True))
    return {path.stem: (_said(path, "names"), told[path]) for path in files}


def found(report):
    if report["status"] == "refused":
        return [report["message"]]
    return [mistake["name"] for mistake in report["mistakes"]]


def main():
    lines = [("implementation", "row", "mistake", "named as", "score")]
    for folder in ("wrong", "cases", "right"):
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
    unknown = sum("unknown" in cells[3] for cells in wrong)
    alarms = right - passed
    print(f"{unknown} told as unknown, {alarms} false alarms.")
    mutants.main()


if __name__ == "__main__":
    main()
