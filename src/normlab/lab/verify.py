"""Running an experiment again from its numbers.json, and saying which numbers moved."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from normlab._version import __version__
from normlab.errors import DataError
from normlab.lab import check, known, run
from normlab.lab.console import bar
from normlab.lab.experiment import FORMAT, versions
from normlab.safe import json_text

RELATIVE = 1e-6  # what another machine's order of additions may change
_NEEDED = {"experiment": str, "settings": dict, "versions": dict, "numbers": dict}
_HOOKS = {"say", "progress"}  # of a run, and no settings


def verify_file(path: Path, say: Callable[[str], None], as_json: bool = False, **how: Any) -> int:
    """Compare a fresh run with a record; returns 0 if no number moved, else 1.

    how: settings that change no number, and so are not in the record, such as processes.

    A number has moved when it differs by more than 1e-6 of the larger of 1 and itself; smaller
    differences are counted as rounding.
    """
    record = _read(path)
    check(record["experiment"], **record["settings"])
    with bar() as step:
        now = run(record["experiment"], progress=step, **record["settings"], **how).numbers
    was = record["numbers"]
    moved = differences(was, now)
    unequal = sum(was.get(key, "absent") != _null(now.get(key, "absent")) for key in was | now)
    found = {
        "versions": _changed(record["versions"], versions()),
        "moved": [{"number": key, "was": before, "is": after} for key, before, after in moved],
        "numbers": len(was | now),
        "rounding": unequal - len(moved),
    }
    say(json_text(found) if as_json else _words(found))
    return 1 if moved else 0


def _changed(was: dict[str, Any], now: dict[str, str]) -> dict[str, Any]:
    return {
        key: {"was": was.get(key), "is": now.get(key)}
        for key in was | now
        if was.get(key) != now.get(key)
    }


def _words(found: dict[str, Any]) -> str:
    lines = [f"{name} was {v['was']}, is {v['is']}" for name, v in found["versions"].items()]
    for m in found["moved"]:
        change = _change(m["was"], m["is"])
        lines.append(f"moved: {m['number']}: {_show(m['was'])} -> {_show(m['is'])}{change}")
    counts = (
        f"{len(found['moved'])} of {found['numbers']} numbers moved; {found['rounding']} differ by "
        f"rounding only."
    )
    return "\n".join([*lines, counts])


def differences(was: dict[str, Any], now: dict[str, float]) -> list[tuple[str, Any, Any]]:
    """(key, before, now) of every number that moved, appeared or is gone.

    >>> differences({"a": 1.0, "b": 2.0, "c": None}, {"a": 1.0 + 1e-9, "b": 3.0, "c": float("nan")})
    [('b', 2.0, 3.0)]
    """
    keys = dict.fromkeys([*was, *now])
    pairs = [(key, was.get(key, "absent"), _null(now.get(key, "absent"))) for key in keys]
    return [pair for pair in pairs if not _same(pair[1], pair[2])]


def _same(was: Any, now: Any) -> bool:
    if isinstance(was, str) or isinstance(now, str) or was is None or now is None:
        return was == now
    return abs(was - now) <= RELATIVE * max(1.0, abs(was))


def _null(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _show(value: Any) -> str:
    return f"{value:.9g}" if isinstance(value, int | float) else str(value)


def _change(was: Any, now: Any) -> str:
    numbers = isinstance(was, int | float) and isinstance(now, int | float)
    return f" (by {now - was:+.3g})" if numbers else ""


def _read(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(
            f"cannot read {str(path)!r}: {error.strerror}. Give a numbers.json of a run."
        ) from error
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{str(path)!r} is not JSON: {error}. Give a numbers.json of a run."
        ) from error
    if problem := _problem(record):
        raise DataError(f"{str(path)!r} {problem}; give a numbers.json of a run.")
    return record


def _problem(record: Any) -> str:
    """What keeps this from being a record that can be run again."""
    if not isinstance(record, dict) or not set(_NEEDED) <= set(record):
        return f"lacks the keys {', '.join(sorted(_NEEDED))}"
    given = record.get("format", FORMAT)  # the first records named none
    if isinstance(given, bool) or given != FORMAT:
        return f"is of format {str(given)[:40]!r}, and normlab {__version__} reads format {FORMAT}"
    for key, kind in _NEEDED.items():
        if not isinstance(record[key], kind):
            return f"has a {type(record[key]).__name__} as its {key}"
    for key, value in record["numbers"].items():
        if isinstance(value, bool) or not isinstance(value, int | float | None):
            return f"has a {type(value).__name__} as its number {key!r}"
        if value is not None and not math.isfinite(value):
            return f"has {value} as its number {key!r}, where null stands for what is not finite"
    if not known(record["experiment"]):
        return f"is of experiment {record['experiment']!r}, which is unknown here"
    if hooks := _HOOKS & set(record["settings"]):
        return f"has {', '.join(sorted(hooks))} among its settings, which are none"
    return ""
