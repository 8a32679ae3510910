"""Running an experiment again from its numbers.json, and saying which numbers moved."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from normlab.errors import DataError
from normlab.lab import EXPERIMENTS, run
from normlab.lab.experiment import versions

RELATIVE = 1e-6  # what another machine's order of additions may change


def verify_file(path: Path, say: Callable[[str], None]) -> int:
    """Compare a fresh run with a record; returns 0 if no number moved, else 1.

    A number has moved when it differs by more than 1e-6 of the larger of 1 and itself; smaller
    differences are counted as rounding.
    """
    record = _read(path)
    for name, was in record["versions"].items():
        if (now := versions().get(name)) != was:
            say(f"{name} was {was}, is {now}")
    result = run(record["experiment"], **record["settings"])
    moved = differences(record["numbers"], result.numbers)
    rounded = sum(record["numbers"].get(k) != _null(v) for k, v in result.numbers.items()) - len(
        moved
    )
    for key, was, now in moved:
        say(f"moved: {key}: {_show(was)} -> {_show(now)}{_change(was, now)}")
    say(
        f"{len(moved)} of {len(result.numbers)} numbers moved; {max(rounded, 0)} differ by rounding only."
    )
    return 1 if moved else 0


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
        raise DataError(f"cannot read {str(path)!r}: {error.strerror}.") from error
    except ValueError as error:
        raise DataError(
            f"{str(path)!r} is not JSON: {error}. Give a numbers.json of a run."
        ) from error
    needed = {"experiment", "settings", "versions", "numbers"}
    if not isinstance(record, dict) or not needed <= set(record):
        raise DataError(
            f"{str(path)!r} has not {', '.join(sorted(needed))}; give a numbers.json of a run."
        )
    if record["experiment"] not in EXPERIMENTS:
        raise DataError(
            f"{str(path)!r} is of experiment {record['experiment']!r}, which is unknown here."
        )
    return record
