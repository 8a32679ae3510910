"""Write the generated pages of docs/: one for each row, one for each experiment, and the picture.

What the tests prove (coverage.md, works-with.md) is written from their reports: `make docs`.

python docs/generate.py           # write
python docs/generate.py --check   # exit 1 if a page is not what would be written
"""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from normlab.checks.page import page as check_page
from normlab.conventions.convention import Convention, Word, differences
from normlab.conventions.frameworks import CONVENTIONS, FRAMEWORKS, ROWS
from normlab.doctor.showing.rules_page import page as doctor_page
from normlab.equation import formula, relatives
from normlab.equation.row import Norm
from normlab.equation.table import TABLE
from normlab.lab import EXPERIMENTS, Experiment, family_of, members, run
from normlab.lab.chapter import claims
from normlab.lab.experiment import Result, decided
from normlab.lab.family import Member
from normlab.lab.published import kept, published
from normlab.report.conventions import checked, converting, side_by_side
from normlab.report.page import Ask, Block, Formula, Prose
from normlab.report.rows import cells, properties
from normlab.system.markdown import markdown

DOCS = Path(__file__).parent
PICTURES = {"chapter": ("what", "relatives")}


def row_page(row: Norm) -> str:
    """A row's page, all of it from the table."""
    settings = [
        (f"`{s.name}`", f"`{s.default}`", s.domain.words, s.meaning, s.symbol or "–")
        for s in row.settings
    ]
    parts = [
        f"# {row.title}",
        f'`normlab.normalize(x, "{row.name}")`',
        f"$${formula.latex(row)}$$",
        "The elements pooled with ●, in a block of (N, C, L) = (2, 4, 3):",
        f"```text\n{chr(10).join(cells(row))}\n```",
        "It " + "; ".join(properties(row)) + ".",
        "## Settings",
        markdown(("setting", "default", "must be", "meaning", "paper's symbol"), settings),
        "## Symbols of the paper",
        markdown(("paper", "here"), list(row.symbols.items())),
        f"Source: {row.source}. Layer: `{row.layer}`. Same as: "
        f"{', '.join(f'`{name}`' for name in row.torch) or 'nothing in torch'}.",
        "## Where conventions differ",
        "\n".join(f"- {line}" for line in row.conventions),
    ]
    return "\n\n".join(parts) + "\n"


def experiment_page(name: str, result: Result) -> str:
    """What an experiment claims, and what the keys of its numbers.json mean."""
    claims = [
        (f"`{v.claim.name}`", v.claim.text, f"{v.claim.sense} {v.claim.bound:g}")
        for v in result.verdicts
    ]
    meanings = [(f"`{key}`", text) for key, text in result.record.meanings.items()]
    parts = [
        f"# {result.title}",
        _usage(name),
        result.question,
        "## Claims, with the thresholds stated before the run",
        markdown(("claim", "in words", "threshold"), claims),
        "## Keys of numbers.json",
        "A `*` stands for the name of a feature.",
        markdown(("key", "meaning"), meanings),
    ]
    return "\n\n".join(parts) + "\n"


def family_page(name: str, family: Experiment) -> str:
    """The full run, and then each member as a short paper, all of it from its rows: nothing is run."""
    verdicts: dict[str, Mapping[str, Any]] = {}
    parts = [f"# {name}", _usage(name), family.question]
    if name in kept():
        parts.append(verdicts_section(name))
        verdicts = {verdict["claim"]: verdict for verdict in published(name).verdicts}
    for member in members(name).values():
        parts += [
            f"## {member.title}",
            f"`normlab run {name}.{member.name}`",
            *map(_block, member.introduction),
            _claims(member, verdicts),
            *map(_block, member.conclusion),
        ]
    return "\n\n".join(parts) + "\n"


def verdicts_section(family: str) -> str:
    """What a family's page in docs says of its full run."""
    run = published(family)
    parts = [
        "## The full run",
        f"On {run.day}, on {run.machine}, normlab {run.versions['normlab']} with torch "
        f"{run.versions['torch']}: {run.outcomes}",
        markdown(family_of(family).header, run.table),
    ]
    many = sum(verdict["adjusted"] is not None for verdict in run.verdicts)
    if many:
        parts.append(
            f"Verdicts are corrected for the {many} claims that have intervals (Holm 1979), so that chance "
            "alone decides few of them. The intervals below are not corrected: a claim can be inconclusive "
            "although its own interval lies on one side of its threshold."
        )
    return "\n\n".join(parts)


def _block(block: Block) -> str:
    """A block of a report's section, as Markdown."""
    match block:
        case Prose(text):
            return text
        case Formula(latex):
            return f"$${latex}$$"
        case Ask(question, answer):
            return f"**Before you read on.** {question}\n\n**Answer.** {answer}"
    raise TypeError(f"{type(block).__name__}: a page in docs does not show it")


def _claims(member: Member, verdicts: Mapping[str, Mapping[str, Any]]) -> str:
    """A member's claims with the thresholds stated before the run, and what the full run measured."""
    rows = []
    for claim in member.claims:
        verdict = verdicts.get(member.full(claim.name))
        found = (_measured(verdict), verdict["outcome"]) if verdict else ("–", "–")
        rows.append(
            (f"`{member.full(claim.name)}`", claim.text, f"{claim.sense} {claim.bound:g}", *found)
        )
    header = (
        "name",
        "claim",
        "threshold, stated before the run",
        "measured, with its 95 % interval",
        "verdict",
    )
    return markdown(header, rows)


def _measured(verdict: Mapping[str, Any]) -> str:
    """In as many digits as decide; what was not finite is null in the file."""
    if verdict["measured"] is None:
        return "nothing finite"
    spread = verdict["spread"]
    told = decided(verdict["measured"], spread or 0.0, verdict["bound"])
    return f"{told} ± unknown" if spread is None else told


def _usage(name: str) -> str:
    return f'`normlab run {name}` · `normlab.lab.run("{name}")` runs all; `normlab run {name}.NAME` runs one.'


def conventions_page() -> str:
    """What every framework means by a row: side by side, and then each in its own words."""
    parts = [
        "# Conventions",
        "The same layer in torch, TensorFlow, Keras, Flax, Caffe, ONNX and Paddle. "
        "`normlab show batch --in keras` prints one of them; `normlab.interop.from_keras` and the like "
        "convert a layer with its weights. Settings have the framework's names and defaults, followed by "
        "the value in torch's terms if that differs.",
    ]
    for row in ROWS:
        parts += [f"## {TABLE[row].title}", markdown(*side_by_side(row))]
        entries = [entry for (_, name), entry in CONVENTIONS.items() if name == row]
        parts += [_convention(entry) for entry in entries if entry.framework != "torch"]
    return "\n\n".join(parts) + "\n"


def _convention(theirs: Convention) -> str:
    words = [(f"`{word.text}`", word.formula, _must(word)) for word in theirs.words]
    notes = [*differences(theirs, CONVENTIONS["torch", theirs.row]), *theirs.notes]
    parts = [
        f"### {FRAMEWORKS[theirs.framework]}: {TABLE[theirs.row].title.lower()}",
        markdown(("theirs", "here", "must be"), words),
        "\n".join(f"- {note}" for note in notes),
        f"```text\n{chr(10).join(converting(theirs))}\n```",
        f"Source: <{theirs.source}>. Checked: {checked(theirs)}.",
    ]
    return "\n\n".join(part for part in parts if part)


def _must(word: Word) -> str:
    if word.only is None:
        return "given" if word.required else "–"
    return f"{word.only.words}. {word.why}".strip()


LISTED = {
    "Every layer": (
        ("masks.md", "Masks: how every layer reads them"),
        ("checks.md", "What `normlab.check` finds in torch's layers"),
        ("convert.md", "What `normlab.convert` does to real layers and networks"),
        ("doctor.md", "The rules of `normlab doctor`"),
        ("conventions.md", "What other frameworks mean by the same layer"),
        ("works-with.md", "What works with what: compile, export, DDP, quantisation and more"),
        ("coverage.md", "Which property of which row is proved by which test"),
    ),
    "Files": (
        ("data.md", "Tables: what is read, and how it is decided"),
        ("files.md", "Files that normlab writes: numbers.json, stats.json, results of grading"),
    ),
    "Speed and versions": (
        ("kernels.md", "The C++ kernels: how to build them, when they run"),
        ("timings.md", "How long every layer takes"),
        ("timings-explorer.md", "How fast the explorer responds"),
        ("versions.md", "Which versions of torch the library is tested with"),
        ("dependencies.md", "Dependencies: what each is for, and its size"),
    ),
    "Numbers": (
        (
            "intervals.md",
            "Intervals of the training laboratory, and how often they contain the true value",
        ),
        ("fit-coverage.md", "Intervals of normlab.fit, and how often they contain the true value"),
    ),
    "Words": (
        ("notation.md", "Notation"),
        ("glossary.md", "Glossary"),
    ),
}


def index() -> str:
    """The contents of the reference."""
    lines = ["# Reference", "", "## The table", ""]
    lines += [f"- [{row.title}](rows/{name}.md)" for name, row in TABLE.items()]
    for title, entries in LISTED.items():
        lines += ["", f"## {title}", "", *(f"- [{words}]({page})" for page, words in entries)]
    lines += ["", "## Experiments", ""]
    lines += [
        f"- [{name}](experiments/{name}.md): {experiment.question}"
        for name, experiment in EXPERIMENTS.items()
    ]
    lines += ["- [The numbers of the V1 model, published and ours](cortex-numbers.md)"]
    return "\n".join(lines) + "\n"


def why_page() -> str:
    """The chapter's claims of training, and what the last full run found."""
    run = published("training")
    seeds = run.settings["seeds"]
    said = [(row.said, row.verdict, row.measured) for row in run.rows]
    parts = [
        "# Why batch norm works",
        claims.PROPOSED,
        "normlab tests the chapter's claims with small networks on real digits, over several seeds. Each "
        "claim has a threshold that was stated before the run. What is inconclusive here may be clear "
        f"in large networks. `normlab run training` found, on {run.day} ({run.machine}, {seeds} seeds):",
        markdown(("the chapter says", "verdict", "measured"), said),
        claims.HOMES,
        claims.BRAIN,
        "[Each claim with its threshold, what the literature led us to expect, and what would change the "
        "verdict](../reference/experiments/training.md) · [How a verdict is made](verdicts.md)",
    ]
    return "\n\n".join(parts) + "\n"


def bibliography_page() -> str:
    """The sources of the table and of what stands beside it."""
    sources = {str(one.source): one.source for one in (*TABLE.values(), *relatives.ALL)}
    lines = [
        f"- {_linked(str(s))}." for s in sorted(sources.values(), key=lambda s: (s.authors, s.year))
    ]
    return "# Bibliography\n\n" + "\n".join(lines) + "\n"


def _linked(source: str) -> str:
    """Numbers of arXiv, and DOIs, as links."""
    source = re.sub(r"arXiv:(\d{4}\.\d{5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", source)
    return re.sub(r"doi:(\S+[^\s.,])", r"[doi:\1](https://doi.org/\1)", source)


def pages() -> dict[str, str | bytes]:
    """Path inside docs/ → content."""
    found: dict[str, str | bytes] = {
        f"reference/rows/{row.name}.md": row_page(row) for row in TABLE.values()
    }
    for name, experiment in EXPERIMENTS.items():
        if name not in PICTURES:  # nor is it run for its page
            found[f"reference/experiments/{name}.md"] = family_page(name, experiment)
            continue
        result = run(name)
        found[f"reference/experiments/{name}.md"] = experiment_page(name, result)
        for figure in PICTURES[name]:
            found[f"pictures/{name}-{figure}.png"] = result.figures[figure].render().png
    return found | {
        "reference/index.md": index(),
        "reference/conventions.md": conventions_page(),
        "explanation/beyond.md": relatives.page(),
        "explanation/why.md": why_page(),
        "explanation/bibliography.md": bibliography_page(),
        "reference/checks.md": check_page(),
        "reference/doctor.md": doctor_page(),
    }


def stale(content: dict[str, str | bytes]) -> list[str]:
    """Text pages that are not as they would be written; pictures differ by machine and are left out."""
    text = {path: body for path, body in content.items() if isinstance(body, str)}
    return [
        p for p, body in text.items() if not (DOCS / p).exists() or (DOCS / p).read_text() != body
    ]


def main() -> int:
    content = pages()
    if "--check" in sys.argv:
        for path in stale(content):
            print(f"docs/{path} is stale: run make docs")
        return 1 if stale(content) else 0
    for path, body in content.items():
        (DOCS / path).parent.mkdir(parents=True, exist_ok=True)
        (DOCS / path).write_bytes(body.encode() if isinstance(body, str) else body)
    print(f"{len(content)} pages and pictures written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
