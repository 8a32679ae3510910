"""Every rule on its own sick and healthy example, which are also its documentation."""

import re

import pytest

from normlab.doctor import examining, rules
from normlab.doctor.findings import SEVERITIES
from normlab.doctor.fixes import FIXES
from normlab.errors import SettingError

every = pytest.mark.parametrize("rule", rules.RULES.values(), ids=lambda rule: rule.code)


def looked(example, code, monkeypatch):
    """The report on an example, as if its model were on so many processes."""
    monkeypatch.setattr(examining, "_processes", lambda model: example.processes)
    return examining.examine(example.model, example.batches, example.optimizer, only=[code])


@every
def test_finds_its_sick_example(rule, monkeypatch):
    report = looked(rule.sick(), rule.code, monkeypatch)
    assert [finding.code for finding in report.findings] == [rule.code]
    finding = report.findings[0]
    assert finding.severity in SEVERITIES
    assert finding.consequence.endswith(".")
    assert finding.effect.endswith((".", ")"))
    assert finding.layers


@every
def test_is_silent_on_its_healthy_example(rule, monkeypatch):
    report = looked(rule.healthy(), rule.code, monkeypatch)
    assert report.findings == ()
    assert report.passed == ((rule.code, rule.name),)


@every
def test_has_the_whole_of_its_page(rule):
    assert re.fullmatch(r"NRM[1-5]\d\d", rule.code)
    assert re.fullmatch(r"[a-z-]+", rule.name)
    for text in (rule.what, rule.why, rule.threshold, rule.effect):
        assert text.endswith(".")
    assert rule.references
    assert (rule.fix in FIXES) if rule.fix else rule.safety is None
    assert rule.safety in ({"safe", "unsafe"} if rule.fix else {None})


def test_codes_and_names_are_unique_and_in_order():
    codes = list(rules.RULES)
    assert codes == sorted(set(codes))
    assert len({rule.name for rule in rules.RULES.values()}) == len(codes)


def test_is_found_by_code_or_name():
    assert rules.find("nrm101") is rules.find("statistics-stale")
    with pytest.raises(SettingError, match=r"NRM999.*--list"):
        rules.find("NRM999")
