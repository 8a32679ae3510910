"""The page docs/reference/doctor.md: how the doctor is used, and every rule as its class states it."""

import inspect
import textwrap

from normlab.doctor import rules
from normlab.doctor.rule import Rule
from normlab.system.markdown import markdown

_KINDS = {
    "1": "Statistics",
    "2": "Batches",
    "3": "Numerics",
    "4": "Structure",
    "5": "Training set-up",
}


def page() -> str:
    table = [_row(rule) for rule in rules.RULES.values()]
    parts = [*_INTRODUCTION, markdown(("code", "name", "fix", "safety"), table)]
    kind = ""
    for rule in rules.RULES.values():
        if rule.code[3] != kind:
            kind = rule.code[3]
            parts.append(f"## {_KINDS[kind]}")
        parts += _rule(rule)
    return "\n\n".join(parts) + "\n"


def _row(rule: Rule) -> tuple[str, ...]:
    code = f"[{rule.code}](#{anchor(rule)})"
    return code, rule.name, f"`{rule.fix}`" if rule.fix else "–", rule.safety or "advice"


def anchor(rule: Rule) -> str:
    return f"{rule.code}-{rule.name}".lower()


def _rule(rule: Rule) -> list[str]:
    fix = f"`{rule.fix}` ({rule.safety}). {rule.effect}" if rule.fix else f"None. {rule.effect}"
    return [
        f"### {rule.code} {rule.name}",
        rule.what,
        f"**Why it is bad.** {rule.why}",
        f"**Measured.** {rule.statistic}",
        f"**Limit.** {rule.threshold}",
        f"**Fix.** {fix}",
        f"```python\n{_source(rule.sick)}\n\n{_source(rule.healthy)}```",
        f"Sources: {', '.join(map(_link, rule.references))}.",
    ]


def _link(reference: str) -> str:
    return f"<{reference}>" if reference.startswith("https:") else reference


def _source(example: object) -> str:
    return textwrap.dedent(inspect.getsource(example))  # pyright: ignore[reportArgumentType]


_INTRODUCTION = [
    "# The doctor: its rules",
    "`normlab doctor MODEL` and `normlab.doctor.examine(model, batches)` look for what is wrong with the "
    "normalisation in a network.",
    "```python\n"
    "report = normlab.doctor.examine(model, loader)  # in a notebook a page, in a terminal a table\n"
    'report.to_html("report.html")\n'
    "fixed = normlab.doctor.fix(model, report, loader)  # a new model, every fix verified\n"
    "```",
    "Each batch goes through the model in eval(), and once more with batch norms normalising by the batch. "
    "The model is not changed. Rules that need batches, an optimizer or a model in training mode are listed "
    "as not checked if these were not given. A finding shows the measured number and its limit. A *safe* fix "
    "keeps the function of the model within tolerance; an *unsafe* fix changes predictions.",
    "Errors and warnings mean that something is wrong. A remark shows what could be better, and can be "
    "ignored. `make doctor-zoo` prints for each rule how many sick networks it finds and its false alarms; "
    "`make doctor-networks` examines fifty architectures with random weights; `make doctor-fixes` breaks a "
    "network in eight ways and prints its accuracy before and after the fix; `make doctor-traps` compares "
    "the fixes with those of other tools.",
    "The tests run the examples below: the rule finds `sick` and does not find `healthy`.",
]
