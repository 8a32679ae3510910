"""The saved page computes by itself: held to Python, number by number, in a real browser."""

import re
from pathlib import Path

import pytest
from alike import agree
from drawing import states

import own_row
from normlab.equation.table import TABLE, extended
from normlab.explorer.conversation import Conversation
from normlab.explorer.host import export
from normlab.explorer.model.normalising import misfit

SOURCE = Path(__file__).parents[2] / "web" / "src"
FEW, MANY = 150, 500
TABLE_TEXT = "age,dose,response\n" + "\n".join(
    f"{20 + 7 * i % 41},{i * i % 13 / 4},{(i - 9) * 3.5}" for i in range(23)
)


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
def test_of_random_states_it_computes_what_python_does(open_file, count):
    wanted = states(count)
    assert {state["norm"] for state in wanted} == set(TABLE)
    assert agree(open_file(), wanted) > 0.95 * count


@pytest.fixture
def of_file(tmp_path, opened):
    """A page made here and now, opened from disk."""

    def of(**given):
        export.write(tmp_path / "page.html", **given)
        return opened((tmp_path / "page.html").as_uri()).page

    return of


def test_a_persons_table_is_carried_with_every_row_that_fits(of_file):
    talk = Conversation()
    key = talk.reply({"type": "table", "seq": 0, "text": TABLE_TEXT, "name": "patients"})[0]["key"]
    begin = {"data": "table", "table": key, "axes": [1, 2]}
    page = of_file(state=begin, tables=talk.tables)
    rows = [name for name, row in TABLE.items() if not misfit(row, "table")]
    changes = ({}, {"mode": "eval", "step": 5, "batch_size": 4}, {"edits": {"added": [{"2": 8.5}]}})
    wanted = [begin | {"norm": norm} | change for norm in rows for change in changes]
    assert agree(page, wanted, talk) == len(wanted)


def test_a_row_of_ones_own_is_computed_from_its_columns(of_file):
    with extended(own_row.ROW):
        page = of_file()
        wanted = [
            {"norm": own_row.ROW.name, "data": data} | settings
            for data in ("points", "sequence", "image", "bank")
            for settings in ({}, {"eps": 0.5, "exponent": 3.5, "weight": [2, 1]})
        ]
        assert agree(page, wanted) == len(wanted)


def test_no_rows_name_stands_in_the_equation():
    text = (SOURCE / "equation.js").read_text()
    named = [name for name in TABLE if re.search(rf"\b{name}\b", text)]
    assert named == []
