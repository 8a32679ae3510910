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
    "Each batch goes through the model in eval(), and once more with batch norms normalising by the batch; "
    "nothing of the model is changed. What needs batches, an optimizer or a model in training is listed as "
    "not checked where that was not given. A finding states the number beside its limit. A fix is *safe* "
    "where it leaves the function as it is, within tolerance, and *unsafe* where predictions change.",
    "Errors and warnings say that something is wrong; a remark says what could be better and may be left. "
    "`make doctor-zoo` prints how many sick networks each rule finds, and its false alarms.",
    "Examples are those that the tests run: `sick` is found, `healthy` is not.",
]
