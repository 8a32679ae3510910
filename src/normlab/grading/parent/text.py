"""What `normlab grade` prints: one report in full, or a line for each of many."""

from collections.abc import Sequence
from itertools import product
from typing import Any

from normlab.equation.table import TABLE
from normlab.grading.parent.points import earned
from normlab.safe import printable

_PLAIN = {"weight": 1.0, "bias": 0.0}
_QUANTITY = {
    "mean": "running mean",
    "var": "running variance",
    "slope": "gradient",
    "dweight": "gradient of weight",
    "dbias": "gradient of bias",
    "after": "x after",
}
_MARK = {"passed": "✓", "failed": "✗", "does not apply": "–", "not reached": "?"}


def exit_code(reports: Sequence[dict[str, Any]]) -> int:
    """2 if a file could not be graded, 1 if a mistake was found or one is not finished, else 0."""
    states = {report["status"] for report in reports}
    return 2 if "refused" in states else 0 if states == {"right"} else 1


def without_solutions(reports: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        report
        | {
            "mistakes": [
                {key: value for key, value in mistake.items() if key != "solution"}
                for mistake in report["mistakes"]
            ]
        }
        if report.get("mistakes")
        else report
        for report in reports
    ]


def one(report: dict[str, Any], solution: bool = False) -> str:
    """One file, graded or refused."""
    if report["status"] == "refused":
        return line(report)
    return full(report, solution)


def full(report: dict[str, Any], solution: bool) -> str:
    """One file: verdict, mistakes with the input that shows them, checks, score."""
    parts = [_verdict(report)]
    for mistake in report["mistakes"]:
        parts.append(_mistake(mistake, report["row"], report["checks"], solution))
    parts += ["\n".join(_checks(report)), _score(report)]
    return "\n\n".join(parts)


def _verdict(report: dict[str, Any]) -> str:
    what = f"{printable(report['file'])}: {report['name']}, graded as {report['row']}"
    if report["status"] == "right":
        words = "no mistake found."
    elif report["status"] == "not finished":
        words = f"not finished ({report['unfinished']}). Write its body, and grade it again."
    else:
        words = _found([m["name"] for m in report["mistakes"]])
    return "\n".join([f"{what}: {words}", *(f"Note: {note}." for note in report["notes"])])


def _found(names: list[str]) -> str:
    """How many mistakes are known; what is unknown may be several."""
    known = [name for name in names if name != "unknown"]
    if not known:
        return "it differs, and none of the known mistakes explains how."
    count = "one mistake found" if len(known) == 1 else f"{len(known)} mistakes found"
    rest = ", and something that none of the known mistakes explains" if known != names else ""
    return f"{count}{rest}."


def told(mistake: dict[str, Any]) -> str:
    """Its name, and what is wrong in a sentence."""
    sentence = printable(
        mistake["sentence"].rstrip(".")
    )  # an error of the learner's may end in one
    return f"{mistake['name']}: it {sentence}."


def _mistake(
    mistake: dict[str, Any], row: str, checks: Sequence[dict[str, Any]], solution: bool
) -> str:
    lines = [told(mistake)]
    if mistake["shown"]:
        lines += [f"  {line}" for line in _example(mistake["shown"], row)]
    lines.append(f"  Hint: {mistake['hint']}")
    if solution:
        lines.append(f"  Solution: {mistake['solution']}")
    return "\n".join([*lines, f"  {_cost(mistake, checks)}"])


def _cost(mistake: dict[str, Any], checks: Sequence[dict[str, Any]]) -> str:
    """How many points a mistake costs, and where."""
    if not mistake["points"]:
        return "Costs no points of its own."
    count = "1 point" if mistake["points"] == 1 else f"{mistake['points']} points"
    lost = [c["title"] for c in checks if c["check"] in mistake["costs"]]
    return f"Costs {count}: {'; '.join(lost)}."


def _example(shown: dict[str, Any], row: str) -> list[str]:
    """The smallest input as a short table: input, expected, given."""
    rank = len(shown["shape"])
    sized = row in TABLE and "normalized_shape" in TABLE[row].defaults  # the last is no channel
    names = "NTD" if sized and rank == 3 else "NCL" if rank == 3 else "NCHWD"
    sizes = ", ".join(f"{n}={size}" for n, size in zip(names, shown["shape"], strict=False))
    count = "one number" if shown["numbers"] == 1 else f"{shown['numbers']} numbers"
    lines = [f"Smallest input that shows it: {count} ({sizes}){_settings(shown)}"]
    lines += _before(shown, row)
    *before, last = shown["steps"]
    for step in before:
        lines.append(f"  first, in {step['mode']}: x = {_short(step['x'])}")
    if before or last["mode"] == "evaluation":
        lines.append(f"  {'then, ' if before else ''}in {last['mode']}:")
    return lines + [f"  {line}" for line in _table(shown, last)]


def _before(shown: dict[str, Any], row: str) -> list[str]:
    """The running statistics that it starts from, where the numbers shown depend on them."""
    start, running = shown["start"], row in TABLE and TABLE[row].running
    if not start and running and shown["steps"][0]["mode"] == "evaluation":
        start = [[0.0] * shown["shape"][1], [1.0] * shown["shape"][1]]  # of a fresh layer
    names = ("running_mean", "running_var")
    told = [f"{name} = {_short(value)}" for name, value in zip(names, start or (), strict=False)]
    return [f"  before: {', '.join(told)}"] if told else []


def _settings(shown: dict[str, Any]) -> str:
    told = shown["settings"] | {k: shown[k] for k in ("weight", "bias") if shown[k] is not None}
    told = {k: v for k, v in told.items() if k not in _PLAIN or set(_flat(v)) != {_PLAIN[k]}}
    if shown["quantity"] not in ("mean", "var") and len(shown["steps"]) == 1:
        told.pop("momentum", None)
    return ", " + ", ".join(f"{k}={_short(v)}" for k, v in told.items()) if told else ""


def _table(shown: dict[str, Any], last: dict[str, Any]) -> list[str]:
    name = _QUANTITY.get(shown["quantity"], shown["quantity"])
    expected, given, x = shown["expected"], shown["given"], f"x = {_short(last['x'])}"
    if shown["error"]:
        return [x]  # the error has been told
    if not name:
        return [x]
    if name.startswith(("running", "gradient of")):
        towards = [f"of Σ y·{_short(last['slope'])}"] if "slope" in last else []
        return [x, *towards, f"{name}: expected {_short(expected)}, given {_short(given)}"]
    columns = {"x": last["x"], "slope": last.get("slope")}
    columns |= {f"{name} expected": expected, f"{name} given": given}
    told = {
        title: _flat(values)
        for title, values in columns.items()
        if values is not None or "given" in title
    }
    if sum(size > 1 for size in shown["shape"]) > 1:
        told = {"place": _places(shown["shape"]), **told}
    if "slope" in told:
        told = {"of Σ y·" if title == "slope" else title: v for title, v in told.items()}
    return _columns(told)


def _places(shape: list[int]) -> list[str]:
    return [", ".join(map(str, place)) for place in product(*map(range, shape))]


def _columns(columns: dict[str, list[Any]]) -> list[str]:
    rows = max(map(len, columns.values()))
    lines = ["  ".join(f"{title:>16}" for title in columns)]
    for index in range(min(rows, 12)):
        cells = [_number(v[index]) if index < len(v) else "none" for v in columns.values()]
        lines.append("  ".join(f"{cell:>16}" for cell in cells))
    return lines + ([f"{'…':>16}"] if rows > 12 else [])


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [number for part in value for number in _flat(part)]
    return [] if value is None else [value]


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, int | float) else str(value)


def _short(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_short, value[:8]))}{', …' if len(value) > 8 else ''}]"
    return _number(value)


def _checks(report: dict[str, Any]) -> list[str]:
    width = max(len(check["title"]) for check in report["checks"])
    return [
        f"  {_MARK[c['outcome']]} {c['title']:{width}}  {_outcome(c)}"
        for c in report["checks"]
        if c["why"] != "the row has no such shape"
    ]


def _outcome(check: dict[str, Any]) -> str:
    if check["outcome"] == "does not apply":
        return f"does not apply: {check['why']}"
    return f"{earned(check)} of {check['points']}" + (f": {check['why']}" if check["why"] else "")


def _score(report: dict[str, Any]) -> str:
    if not report["of"]:
        return "Score: none, as no check that has points applies."
    return f"Score: {report['score']} % ({report['points']} of {report['of']} points)."


def line(report: dict[str, Any]) -> str:
    """One file in a line."""
    file = printable(report["file"])
    if report["status"] == "refused":
        return f"{file}: cannot be graded: {report['message']}"
    found = ", ".join(m["name"] for m in report["mistakes"])
    words = {"right": "right", "not finished": "not finished"}.get(report["status"], found)
    return f"{file}: {report['name']} ({report['row']}) {report['score']} %: {words}"
