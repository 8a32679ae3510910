"""normlab doctor: what is to be examined, from words; and the report in the form that was asked for."""

import io
import re
from pathlib import Path
from typing import Any

import torch
from torch import nn

from normlab.data.batches import FileBatches
from normlab.data.models import model_from, state_dict_from
from normlab.doctor import baseline, rules
from normlab.doctor.examining import examine
from normlab.doctor.findings import SEVERITIES, Report
from normlab.doctor.fixed import Fixed
from normlab.doctor.fixing import fix
from normlab.doctor.observing import MOST
from normlab.doctor.rule import Rule
from normlab.doctor.showing.sarif import as_sarif
from normlab.doctor.showing.text import COLORS
from normlab.errors import SettingError, did_you_mean
from normlab.recalibration.batches import Batches, Progress, silent
from normlab.safe import json_text
from normlab.system.files import write_all

Known = frozenset[tuple[str, str]]  # code and layer of each finding

_FACTORY = re.compile(r".+:[A-Za-z_]\w*$")


def subject(place: str, weights: Path | None) -> nn.Module | dict[str, torch.Tensor]:
    """The model that a callable makes, or the state_dict of a file."""
    if _FACTORY.match(place) and not Path(place).exists():
        return model_from(place, weights)
    if weights is not None:
        raise SettingError(
            "--weights goes with a model, package.module:callable; give one of them."
        )
    return state_dict_from(Path(place))


def batches_of(data: Path | None, size: int | None) -> FileBatches | None:
    if size is not None and size < 1:
        raise SettingError(f"--batch-size {size} given; it must be a whole number from 1 on.")
    return None if data is None else FileBatches(data, size or 64)


def examined(
    model: Any,
    batches: FileBatches | None,
    most: int | None,
    only: list[str] | None,
    training: bool,
    progress: Progress = silent,
) -> Report:
    if isinstance(model, nn.Module):
        model.train(training)
    return examine(
        model,
        batches,
        max_batches=MOST if most is None else most,
        only=only or None,
        progress=progress,
    )


def known(path: Path | None) -> Known | None:
    """What the file says is known; None without one."""
    return None if path is None else baseline.read(path)


def known_left_out(report: Report, known: Known | None) -> Report:
    return report if known is None else baseline.without(report, known)


def check_fixable(model: Any) -> None:
    if not isinstance(model, nn.Module):
        raise SettingError(
            "--fix needs the model, package.module:callable; a state_dict has no code."
        )


def fixed(
    model: Any,
    report: Report,
    batches: FileBatches | None,
    out: Path | None,
    convert: Any,
    progress: Progress,
) -> Fixed:
    """The plan; with `out` the fixes themselves, and the new state_dict in that file."""
    given = None if batches is None else Batches(batches, "--data")
    made = fix(model, report, given, dry_run=out is None, convert=convert, progress=progress)
    if out is not None:
        saved(made.model, out)
    return made


def saved(model: nn.Module, out: Path) -> None:
    """The state_dict, written whole or not at all."""
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    write_all(out.absolute().parent, {out.name: buffer.getvalue()})


def written(report: Report, html: Path | None, sarif: Path | None, known: Path | None) -> None:
    """The report in every file that was asked for."""
    if html is not None:
        report.to_html(html)
    if sarif is not None:
        text = json_text(as_sarif(report))
        write_all(sarif.absolute().parent, {sarif.name: text.encode()}, "--sarif")
    if known is not None:
        baseline.written(report, known)


def check_severity(word: str | None) -> None:
    if word is not None and word not in SEVERITIES:
        raise SettingError(
            f"--fail-on {word!r} given; it must be one of {', '.join(SEVERITIES)}."
            f"{did_you_mean(word, SEVERITIES)}"
        )


def listed() -> str:
    """One line for each rule."""
    return "\n".join(f"{rule.code}  {rule.name:26}{rule.what.split('. ')[0].rstrip('.')}."
                     for rule in rules.RULES.values())  # fmt: skip


def explained(code: str) -> str:
    """All that is written of a rule."""
    return explanation(rules.find(code))


def explanation(rule: Rule) -> str:
    fix = f"{rule.fix} ({rule.safety})" if rule.fix else "none; advice"
    parts = {
        "What it finds": rule.what,
        "Why it is bad": rule.why,
        "Measured": rule.statistic,
        "Limit": rule.threshold,
        "Fix": fix,
        "Effect": rule.effect,
        "Sources": ", ".join(rule.references),
    }
    return "\n\n".join([f"{rule.code} {rule.name}", *(f"{k}: {v}" for k, v in parts.items() if v)])


def shown(report: Report, colours: bool) -> str:
    """The report in print; severities in colour where that is wanted."""
    text = str(report)
    if not colours:
        return text
    from rich.console import Console
    from rich.text import Text

    rich = Text(text)
    for severity, style in COLORS.items():
        rich.highlight_regex(rf"(?m)^{severity}\b", style)
    console = Console(force_terminal=True, soft_wrap=True, highlight=False)
    with console.capture() as captured:
        console.print(rich)
    return captured.get().rstrip("\n")
