"""Every row of the table through the chapter: a section says of a row only what the row has."""

import pytest
import torch

from normlab import lab
from normlab.equation.table import TABLE
from normlab.errors import SettingError
from normlab.lab.chapter.setup import DRAWN
from normlab.lab.published import published
from normlab.report.page import Numbers, Printed, Prose

ROWS = [row for row in TABLE.values() if not row.needs_space]
PARTS = lab.members("chapter")


@pytest.fixture(scope="module", params=ROWS, ids=lambda row: row.name)
def told(request):
    """A row, and what the chapter says of it, section by section."""
    result = lab.run("chapter", samples=16, norm=request.param.name)
    sections = {section.title: words(section.blocks) for section in result.record.sections}
    return request.param, sections, result


def words(blocks):
    return " ".join(str(vars(block)) for block in blocks)


def test_each_part_has_its_section(told):
    row, sections, _ = told
    assert len(sections) == len(PARTS)
    assert f"{row.title}, step by step" in sections


def test_weight_and_bias_are_spoken_of_where_there_are_some(told):
    row, sections, result = told
    going_on = sections["Going on"]
    assert ("**Weight and bias**" in going_on) == (row.affine is not None)
    assert ("has no weight and no bias" in going_on) == (row.affine is None)
    assert ("affine" in result.figures) == (row.affine is not None)


def test_running_statistics_are_spoken_of_where_they_are_kept(told):
    row, sections, _ = told
    assert ("**Running statistics.**" in sections["Going on"]) == row.running
    assert ("no running statistics" in sections["Going on"]) == (not row.running)


def test_epsilon_stands_where_the_row_has_it(told):
    row, sections, result = told
    text = sections[f"{row.title}, step by step"]
    assert ("√(var + ε), as the layer" in text) == row.center
    claims = " ".join(verdict.claim.text for verdict in result.verdicts)
    assert "inside the root" not in claims
    assert ("std + ε" in claims) == (row.name == "batch")


def test_the_letters_of_the_formula_are_explained_beside_it(told):
    row, sections, _ = told
    text = sections[f"{row.title}, step by step"]
    for axis in getattr(row.pool, "over", "").split():
        assert f"{axis} stands for" in text or f", {axis} for" in text
    assert "Its *degree* is k" in sections["Relatives"]


def test_statistics_of_batches_are_not_said_to_be_settled_where_they_are_not(told):
    row, _, result = told
    caption = result.figures["batches"].caption
    assert ("after, every mean is 0" in caption) == row.uses_batch


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("given", [{"weight": 2.0}, {"bias": 1.0}])
def test_a_row_without_weight_and_bias_takes_none(row, given):
    if row.affine:
        lab.check("chapter", norm=row.name, **given)
    else:
        with pytest.raises(SettingError, match="has no weight and bias"):
            lab.check("chapter", norm=row.name, **given)


def test_many_features_are_told_in_a_table():
    x = torch.randn(24, 7, generator=torch.Generator().manual_seed(0))
    blocks = lab.run("chapter.normalise", data=x).record.sections[0].blocks
    tables = [block for block in blocks if isinstance(block, Numbers) and len(block.rows) == 7]
    assert [table.header for table in tables[:2]] == [("feature", "mean", "standard deviation")] * 2
    assert tables[0].rows[3][1] == pytest.approx(x[:, 3].mean().item())
    printed = [block.text for block in blocks if isinstance(block, Printed)]
    assert not any("tensor(" in text for text in printed)


def test_arithmetic_keeps_to_the_width_of_the_page():
    blocks = lab.run("chapter.normalise", batch_size=16).record.sections[0].blocks
    printed = "\n".join(block.text for block in blocks if isinstance(block, Printed))
    assert "var  = (" in printed
    assert max(map(len, printed.splitlines())) <= 76


@pytest.mark.parametrize("norm", ["layer", "rms", "l2", "divisive"])
def test_columns_of_different_units_get_a_word_where_they_are_pooled(norm):
    x = torch.randn(24, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor(
        [1.0, 1.0, 300]
    )
    said = words(lab.run("chapter.normalise", data=x, norm=norm).record.sections[0].blocks)
    assert "'Feature 3' is about" in said
    for quiet in ({"data": x, "norm": "batch"}, {"data": x / x.std(0), "norm": norm}):
        assert "about these data" not in lab.run("chapter.normalise", **quiet).html().lower()


def test_what_was_claimed_is_read_from_the_run_that_ships():
    section = lab.run("chapter.claims", samples=16).record.sections[0]
    run = published("training")
    table = next(block for block in section.blocks if isinstance(block, Numbers))
    assert table.rows == tuple((row.said, row.verdict, row.measured) for row in run.rows)
    assert run.day in table.caption and f"{run.settings['seeds']} seeds" in table.caption
    assert {row.name for row in run.rows} == set(lab.members("training"))


def test_the_discussion_answers_for_the_row():
    batch, layer = (
        " ".join(
            block.text
            for block in lab.run("chapter.discussion", samples=16, norm=norm)
            .record.sections[0]
            .blocks
            if isinstance(block, Prose)
        )
        for norm in ("batch", "layer")
    )
    assert "mean 0 and variance 1 *within a batch*" in batch
    assert "looks at one sample at a time" in layer


def test_large_data_are_drawn_in_part_and_counted_whole():
    x = torch.randn(2 * DRAWN + 2, 2, generator=torch.Generator().manual_seed(0))
    result = lab.run("chapter", data=x, batch_size=100, drop_last=True)
    notes = words(result.record.sections[0].blocks)
    assert "Figures of points show 2,000 of the 4,000 rows" in notes
    assert "computed from all rows, unless the text says otherwise." in notes
    assert result.figures["what"].draw.keywords["before"].shape == (DRAWN, 2)
    assert result.numbers["before.mean.Feature 1"] == pytest.approx(
        x[:4000, 0].mean().item(), abs=1e-6
    )


@pytest.mark.parametrize("rows", [150, 152])  # a last batch of 6, and of 8
def test_the_deviation_after_is_explained_with_a_shorter_last_batch_too(rows):
    x = torch.randn(rows, 4, generator=torch.Generator().manual_seed(0))
    result = lab.run("chapter.normalise", data=x)
    [said] = [words(section.blocks) for section in result.record.sections]
    after = [result.numbers[f"after.std.Feature {i}"] for i in range(1, 5)]
    factor = (rows / (rows - 1)) ** 0.5
    assert f"Why {factor:.4f} and not 1?" in said
    # ε = 1e-5 beside the variance of 6 or 8 normal numbers, which is rarely under 0.05
    assert after == pytest.approx([factor] * 4, rel=1e-5 / 0.05)
    claimed = [verdict.claim.name for verdict in result.verdicts]
    assert ("after.bessel" in claimed) == (rows == 152)


def test_running_statistics_of_many_batches_are_told_to_be_of_the_first():
    x = torch.randn(8004, 2, generator=torch.Generator().manual_seed(0))
    result = lab.run("chapter.further", data=x, batch_size=2)
    caption = result.figures["running"].caption
    assert "over the first 4,000 of 4,002 batches." in caption and "dotted" not in caption
    assert (
        "the dotted line ends the first epoch"
        in lab.run("chapter.further").figures["running"].caption
    )
    said = words(result.record.sections[-1].blocks)
    assert "to the power of 4002, that is 7.6e-184" in said
