"""A check in print: a table, one sentence for each difference, and the same as JSON."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from normlab.checks.checking import Checked

_MARKS = {"agrees": "agrees", "differs": "DIFFERS", "remark": "remark", "does not apply": "–"}


def table(checked: "Checked") -> str:
    """
    >>> import torch
    >>> from normlab.checks.checking import check
    >>> print(str(check(torch.nn.GroupNorm(2, 4), torch.randn(3, 4))).splitlines()[0])
    GroupNorm is a group norm of 2 groups (by its type); row group: num_groups=2, eps=1e-05
    >>> print(check(torch.nn.Identity(), torch.randn(3, 4)))
    Identity is not recognised, so nothing was compared: it pools nothing: one input changes 1 of 12 \
outputs, a constant added to x changes y, and y grows as x to the power 1.
    To compare it with a row all the same, name the row: row="batch", or --row batch.
    """
    if not checked.recognised:
        return (
            f"{checked.module} is not recognised, so nothing was compared: {checked.words.rstrip('.')}.\n"
            f'To compare it with a row all the same, name the row: row="batch", or --row batch.'
        )
    settings = ", ".join(f"{name}={value}" for name, value in checked.settings.items())
    width = max(len(finding.check) for finding in checked.findings)
    what = f"{checked.module} is {_article(checked.words)} ({checked.how}); row {checked.row}: {settings}"
    lines = [what, "", f"{'':{width}}  {'':9}{'difference':>12}{'allowed':>12}"]
    for finding in checked.findings:
        sizes = "".join(_number(value) for value in (finding.difference, finding.allowed))
        lines.append(f"{finding.check:{width}}  {_MARKS[finding.outcome]:9}{sizes}".rstrip())
        if finding.meaning:
            lines.append(f"{'':{width}}  {finding.meaning}")
    held = [finding.outcome for finding in checked.findings]
    counts = [f"{held.count(kind)} {text}" for kind, text in _WORDS.items()]
    return "\n".join([*lines, "", ", ".join(counts)])


def _article(words: str) -> str:
    """The words with a or an before them, by the sound of their beginning (an L2 norm, an RMS norm)."""
    return f"{'an' if words.startswith(('RMS', 'L2', 'instance')) else 'a'} {words}"


_WORDS = {
    "agrees": "agree",
    "differs": "differ",
    "remark": "remarks",
    "does not apply": "do not apply",
}


def _number(value: float | None) -> str:
    return f"{'':12}" if value is None else f"{value:12.1e}"


def as_json(checked: "Checked") -> dict[str, Any]:
    findings = [asdict(finding) for finding in checked.findings]
    return {
        "module": checked.module,
        "recognised": checked.recognised,
        "row": checked.row or None,
        "words": checked.words,
        "how": checked.how,
        "settings": checked.settings,
        "agrees": checked.agrees,
        "findings": findings,
    }
