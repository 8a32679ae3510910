"""A table that is pasted into a saved page, where there is no Python to read it."""

import re
from dataclasses import replace

import pytest
from alike import agree
from exported import begin

from browsing import expect
from normlab.data.table import parse_table
from normlab.equation.table import TABLE
from normlab.explorer.conversation import Conversation
from normlab.explorer.model.normalising import misfit

TOLD = "document.getElementById('explorer').model.answer({ type: 'table', text, name: 'mine', decimal })[0]"
GIVE = f"([text, decimal]) => {TOLD}"
ROWS = "\n".join(f"{20 + 7 * i % 41},{i * i % 13 / 4},{(i - 9) * 3.5}" for i in range(23))

READ = {
    "plain": (f"age,dose,response\n{ROWS}", ""),
    "no header": (ROWS, ""),
    "tabs": (ROWS.replace(",", "\t"), ""),
    "spaces": ("a b\n1 2.5\n3 4\n-5 1e-3\n", ""),
    "decimal commas": ("rate;depth\n1,5;10\n2,25;30\n", ""),
    "decimal comma chosen": ("rate;depth\n1,125;10\n2,250;30\n", ","),
    "quotes": ('"first, of two",b\n1,2\n3,5\n', ""),
    "a line break in quotes": ('"rate\nof flow",b\n1,"2\n"\n3,5\n', ""),
    "signs that are not seen": ("a\u2028b,c\u200bd\x07,\U000e0001\n1,2,3\n3,5,6\n", ""),
    "words": ("rate,kind,depth\n1,a,2\n3,b,5\n", ""),
    "gaps": ("a,b\n1,2\n3,\n4,NA\n5,6\n", ""),
    "comment and blank lines": ("# made by hand\r\na,b\r\n\r\n1,2\r\n3,5\r\n", ""),
    "one column": ("height\n1.5\n2\n4\n", ""),
}
REFUSED = {
    "nothing": (" \n ", "The table is empty"),
    "words": ("hello world", "no column holds only numbers"),
    "uneven": (
        "a,b\n1,2\n3\n",
        "line 3 has another number of fields than the first line: 1, not 2",
    ),
    "one row": ("a,b\n1,2\n", "fewer than 2 rows"),
    "commas of two meanings": ("a;b\n1,500;2\n3,250;4\n", "choose the decimal sign"),
}


@pytest.mark.parametrize(("text", "decimal"), READ.values(), ids=list(READ))
def test_it_is_read_as_python_reads_it(page, text, decimal):
    found = page.evaluate(GIVE, [text, decimal])
    expected = parse_table(text, "mine", drop_missing=True, decimal=decimal or None)
    assert tuple(found["columns"]) == expected.columns
    assert found["rows"] == len(expected.values)
    talk = Conversation()
    talk._pasted[found["key"]] = replace(expected, notes=tuple(found["notes"]), reading="")
    width = len(expected.columns)
    state = {"data": "table", "table": found["key"], "axes": [0, min(1, width - 1)]}
    assert agree(page, [state], talk) == 1


def test_every_row_that_fits_a_table_is_computed_as_python_does(page):
    text, decimal = READ["plain"]
    key = page.evaluate(GIVE, [text, decimal])["key"]
    talk = Conversation()
    talk._pasted[key] = replace(parse_table(text, "mine"), reading="")
    rows = [name for name, row in TABLE.items() if not misfit(row, "table")]
    changes = ({}, {"mode": "eval", "step": 5, "batch_size": 4}, {"edits": {"added": [{"2": 8.5}]}})
    table = {"data": "table", "table": key, "axes": [1, 2]}
    wanted = [table | {"norm": norm} | change for norm in rows for change in changes]
    assert agree(page, wanted, talk) == len(wanted)


@pytest.mark.parametrize(("text", "why"), REFUSED.values(), ids=list(REFUSED))
def test_what_is_no_table_is_refused_in_words(page, text, why):
    assert why in page.evaluate(GIVE, [text, ""])["words"]


def test_a_person_pastes_a_table_and_sees_its_points(page):
    begin(page)
    page.locator(".own > summary").click()
    page.locator(".own textarea").fill(READ["plain"][0])
    page.locator(".own .row button").click()
    expect(page.locator(".status")).to_contain_text("23 rows")
    expect(page.locator(".scatter.before .points circle")).to_have_count(23)
    expect(page).to_have_url(re.compile("own=age"))  # a link to it
