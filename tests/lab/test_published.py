"""The verdicts that ship with the package: whole, readable, and what README and docs quote."""

import json
import re
from pathlib import Path

import pytest

from normlab import lab
from normlab.lab.published import FORMAT, Published, kept, published

README = (Path(__file__).parents[2] / "README.md").read_text()
FAMILIES = kept()


@pytest.mark.parametrize("family", FAMILIES)
def test_every_claim_of_the_family_has_its_verdict(family):
    run = published(family)
    assert run.format == FORMAT
    assert [row.name for row in run.rows] == list(lab.members(family))
    claims = {
        member.full(claim.name)
        for member in lab.members(family).values()
        for claim in member.claims
    }
    assert {verdict["claim"] for verdict in run.verdicts} == claims


@pytest.mark.parametrize("family", FAMILIES)
def test_thresholds_are_those_of_today(family):
    today = {
        member.full(claim.name): (claim.text, claim.bound, claim.sense)
        for member in lab.members(family).values()
        for claim in member.claims
    }
    for verdict in published(family).verdicts:
        assert (verdict["text"], verdict["bound"], verdict["sense"]) == today[verdict["claim"]]


@pytest.fixture(scope="module")
def verdicts(docs):
    return docs("verdicts")


def test_readme_quotes_them(verdicts):
    assert verdicts.quoted(README) == README
    assert {*verdicts.families(README)} == {*FAMILIES} and "training" in FAMILIES


def test_prose_that_disagrees_is_found_and_put_right(verdicts):
    changed = README.replace(published("training").outcomes, "All claims hold.", 1)
    assert changed != README and verdicts.quoted(changed) == README


@pytest.mark.parametrize("family", FAMILIES)
def test_docs_tell_every_claim(family, docs):
    generate = docs("generate")
    section = generate.family_page(family, generate.EXPERIMENTS[family])
    for verdict in published(family).verdicts:
        line = next(line for line in section.splitlines() if f"`{verdict['claim']}`" in line)
        assert line.endswith(f"| {verdict['outcome']} |")


def test_a_run_is_kept_as_it_was(tmp_path):
    result = lab.run("canonical.mixture")
    result.record.rows = [("mixture", "says", "measured 1", "holds")]
    kept = Published.of(result, 61.4)
    path = kept.save(tmp_path)
    again = json.loads(path.read_text())
    assert again["seconds"] == 61
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", again["made"])
    assert [v["claim"] for v in again["verdicts"]] == [v.claim.name for v in result.verdicts]
    assert str(Path.home()) not in path.read_text()
