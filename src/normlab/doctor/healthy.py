"""A test of one line for the norms of a model, for pytest."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from normlab.doctor.examining import examine
from normlab.doctor.findings import SEVERITIES, Severity
from normlab.errors import SettingError


def assert_healthy(
    model: nn.Module,
    batches: Iterable[Any] | None = None,
    optimizer: torch.optim.Optimizer | None = None,
    *,
    fail_on: Severity = "warning",
    ignore: Iterable[str] = (),
) -> None:
    """Raise AssertionError, with the report as its text, where the doctor finds anything.

    Args: model, batches, optimizer: as `examine` takes them; fail_on: "error", "warning" or "remark": that
        and what is worse fails; ignore: codes that are known and accepted.
    Errors: SettingError for another fail_on or an unknown code; those of `examine`.

    >>> assert_healthy(nn.Sequential(nn.Linear(2, 8), nn.LayerNorm(8)))
    """
    from normlab.doctor import rules

    if fail_on not in SEVERITIES:
        raise SettingError(f"fail_on={fail_on!r} given; it must be one of {', '.join(SEVERITIES)}.")
    known = {rules.find(code).code for code in ([ignore] if isinstance(ignore, str) else ignore)}
    only = [code for code in rules.RULES if code not in known]
    report = examine(model, batches, optimizer, only=only)
    if report.fails_on(fail_on):
        raise AssertionError(f"\n{report}")
