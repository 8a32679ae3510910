"""The report: worst first, merged, in print and as a page, with names that are code somewhere else."""

import pytest
import torch
from torch import nn

from hostile import NAMES
from normlab.doctor import baseline, examine
from normlab.doctor.findings import Finding, Report, merged
from normlab.errors import DataError


def finding(severity="warning", layers=("a",), measured=1.0, code="NRM101"):
    return Finding(
        code,
        "rule",
        severity,
        layers,
        "z",
        measured,
        0.5,
        "It is.",
        "Do.",
        values={layers[0]: measured},
    )


def test_the_worst_first_and_one_cause_once():
    found = merged(
        [finding("remark"), finding(layers=("b",), measured=3.0), finding(), finding("error")]
    )
    assert [(one.severity, one.layers) for one in found] == [
        ("error", ("a",)), ("warning", ("b", "a")), ("remark", ("a",)),
    ]  # fmt: skip
    assert found[1].values == {"b": 3.0, "a": 1.0}
    assert found[1].measured == 3.0


def test_numbers_below_their_limit_rank_by_how_far_below():
    few = [finding(measured=m, code=c) for m, c in ((0.4, "NRM201"), (0.01, "NRM202"))]
    assert [one.code for one in merged(few)] == ["NRM202", "NRM201"]


@pytest.mark.parametrize(
    ("severity", "fails"), [("error", False), ("warning", True), ("remark", True)]
)
def test_fails_on_a_severity_and_what_is_worse(severity, fails):
    assert Report("Net", (finding(),)).fails_on(severity) == fails


def test_a_baseline_leaves_out_the_known_layer_alone(tmp_path):
    report = Report("Net", merged([finding(), finding(layers=("b",))]))
    baseline.written(Report("Net", (finding(),)), tmp_path / "known.json")
    rest = baseline.without(report, baseline.read(tmp_path / "known.json"))
    assert [one.layers for one in rest.findings] == [("b",)]
    assert rest.known == 0
    for text in ("{", "[]", '{"format": 9, "known": []}', '{"format": 1, "known": [3]}'):
        (tmp_path / "known.json").write_text(text)
        with pytest.raises(DataError, match=r"known\.json"):
            baseline.read(tmp_path / "known.json")


def test_the_page_of_a_sick_model_says_what_the_report_does(tmp_path):
    generator = torch.Generator().manual_seed(0)
    x = [torch.randn(32, 4, generator=generator) for _ in range(10)]
    model = nn.Sequential(
        nn.Linear(4, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2), nn.BatchNorm1d(2)
    )
    with torch.no_grad():
        for batch in x * 3:
            model(batch)
    model[1].running_mean += 3
    report = examine(model.eval(), x)
    html = report.to_html(tmp_path / "o.html").read_text()
    for one in report.findings:
        assert f"{one.code}, {one.rule}" in html
    for picture in ("drift", "channels", "changes"):
        assert f'id="figure-{picture}"' in html
    for rule in report.not_checked:
        assert rule.code in html
    assert "<script" not in html
    assert 'class="normlab fragment"' in report._repr_html_()


def test_names_from_outside_stay_text(tmp_path):
    x = [torch.randn(16, 3, generator=torch.Generator().manual_seed(0))]
    inner = nn.Module()
    for name in NAMES:
        inner._modules[name.replace(".", "_") or "empty"] = nn.BatchNorm1d(3)
    inner.forward = lambda x: sum(part(x) for part in inner._modules.values())
    report = examine(inner, x)
    assert len(report.layers) == len(inner._modules)
    html = report.to_html(tmp_path / "o.html").read_text(encoding="utf-8")
    assert "<script" not in html
    assert "<img" not in html
    assert all(line.isprintable() for line in str(report).split("\n"))
