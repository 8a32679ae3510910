"""A check in print: a table, one sentence for each difference, and the same as JSON."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from normlab.checks.checking import Checked

_MARKS = {"agrees": "agrees", "differs": "DIFFERS", "does not apply": "–"}


def table(checked: "Checked") -> str:
    """
    >>> import torch
    >>> from normlab.checks.checking import check
    >>> print(str(check(torch.nn.GroupNorm(2, 4), torch.randn(3, 4))).splitlines()[0])
    GroupNorm is checked as group (a GroupNorm): num_groups=2, eps=1e-05
    """
    settings = ", ".join(f"{name}={value}" for name, value in checked.settings.items())
    width = max(len(finding.check) for finding in checked.findings)
    lines = [f"{checked.module} is checked as {checked.row} ({checked.how}): {settings}", ""]
    lines += [f"{'':{width}}  {'':9}{'difference':>12}{'allowed':>12}"]
    for finding in checked.findings:
        sizes = "".join(_number(value) for value in (finding.difference, finding.allowed))
        lines.append(f"{finding.check:{width}}  {_MARKS[finding.outcome]:9}{sizes}".rstrip())
        if finding.meaning:
            lines.append(f"{'':{width}}  {finding.meaning}")
    held = [finding.outcome for finding in checked.findings]
    lines += ["", ", ".join(f"{held.count(kind)} {text}" for kind, text in _WORDS.items())]
    return "\n".join(lines)


_WORDS = {"agrees": "agree", "differs": "differ", "does not apply": "do not apply"}


def _number(value: float | None) -> str:
    return f"{'':12}" if value is None else f"{value:12.1e}"


def as_json(checked: "Checked") -> dict[str, Any]:
    findings = [asdict(finding) for finding in checked.findings]
    return {
        "module": checked.module,
        "row": checked.row,
        "how": checked.how,
        "settings": checked.settings,
        "agrees": checked.agrees,
        "findings": findings,
    }
