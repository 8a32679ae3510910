"""A person's own table, pasted, chosen or dropped: what is read, what is left out, what is refused."""

import re

import pytest

from browsing import expect

ROWS = "\n".join(f"{i},{i * i % 7},{10 - i}" for i in range(8))
SEEN = ["row", "a before", "b before", "a after", "b after"]
READ = {
    "with a header": ("a,b\n1,2\n3,4\n5,9", SEEN, 3, ""),
    "with semicolons and decimal commas": (
        "a;b\n1,5;2\n3;4\n5;9", SEEN, 3, "read as: semicolons, decimal comma, header"
    ),
    "whose points part thousands": (
        "a;b\n2.155;1,5\n12.480;2,5\n", SEEN, 2, "decimal comma, thousands point"
    ),
    "with a label": (
        "a,target\n" + "".join(f"{i % 3}.5,{i % 2}\n" for i in range(8)),
        ["row", "a before", "target before", "a after", "target after"],
        8,
        "Column 'target' looks like a label (2 whole values), and is read as a feature.",
    ),
    "with tabs": ("a\tb\n1\t2\n3\t4", SEEN, 2, ""),
    "with a column of text": ("who,a,b\nx,1,2\ny,3,4", SEEN, 2, "Left out, because not numeric: 'who'"),
    "with missing values": ("a,b\n1,2\n,3\n4,nan\n5,6", SEEN, 2, "missing or infinite values in 2 of 4 rows"),
    "of one column": ("a\n1\n2\n4", ["row", "a before", "a after"], 3, ""),
    "without a header": (
        "1,2\n3,4",
        ["row", "column 1 before", "column 2 before", "column 1 after", "column 2 after"],
        2,
        "The first row holds numbers, so it was read as data",
    ),
    "with markup for a name": (
        "<img src=x onerror=alert(1)>,b\n1,2\n3,5",
        ["row", *(f"{n} {w}" for w in ("before", "after") for n in ("<img src=x onerror=alert(1)>", "b"))],
        2,
        "",
    ),
    "that is constant": ("a,b\n5,2\n5,2\n5,2", SEEN, 3, ""),
}  # fmt: skip
REFUSED = {
    "empty": (" \n\n", "The table is empty"),
    "words": ("hello world", "This table cannot be used"),
    "no numbers": ("a,b\nfoo,bar", "no column holds numbers"),
    "one row": ("a,b\n1,2", "a table needs at least 2"),
    "doubtful": ("a;b\n2.155;1\n12.480;2", "give decimal sign . (2.155) or decimal sign , (2155)"),
    "ragged": ("a,b\n1,2\n3", "Expected 2 columns, got 1"),
    "control characters": ("\x01\x02", "This table cannot be used"),
    "JSON": ('{"a":[1,2]}', "This table cannot be used"),
}


@pytest.mark.parametrize(("text", "heads", "rows", "note"), READ.values(), ids=READ)
def test_a_table_is_read(shared, text, heads, rows, note):
    shared.go()
    shared.paste(text)
    expect(shared.error).to_be_hidden()
    shared.says(f"{rows} rows in one batch")
    assert len(shared.values) == rows
    assert shared["table.values thead th"].all_text_contents() == heads
    expect(shared[".data .note"]).to_contain_text(note)
    expect(shared[".said"]).to_have_text(
        f"{rows} rows and {len(heads) // 2} columns of pasted table."
    )
    drawn = shared[".scatter.after .points circle"]
    expect(drawn).to_have_count(rows)
    assert all(0 <= float(circle.get_attribute("cx")) <= 360 for circle in drawn.all())
    shared.clean()


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_table_is_refused_and_nothing_is_lost(shared, text, words):
    shared.go(norm="rms")
    status = shared.status
    shared.paste(text)
    expect(shared.error).to_contain_text(words)
    assert shared.status == status
    shared.choose("norm", "layer").says("Layer normalisation")
    expect(shared.error).to_be_hidden()


def test_two_of_many_columns_are_shown_and_chosen(at):
    explorer = at()
    explorer.paste(f"a,b,c\n{ROWS}")
    expect(explorer["table.operands thead th"]).to_have_text(["term", "a", "b", ""])
    explorer.page.get_by_label("across").select_option("2")
    explorer.settled()
    expect(explorer["table.operands thead th"]).to_have_text(["term", "c", "b", ""])
    assert explorer.values[3][:2] == [7, 2]
    explorer.page.get_by_label("up", exact=True).select_option("0")
    explorer.settled()
    assert explorer.values[3][:2] == [7, 3]


def test_points_of_a_table_of_one_column_are_moved_up_and_down(at):
    explorer = at()
    explorer.paste("a\n1\n2\n4")
    explorer[".scatter.before"].focus()
    explorer.page.keyboard.press("Shift+ArrowUp")
    explorer.settled()
    assert explorer.values[0][0] == pytest.approx(1 + 0.01 * 3 * 1.1, rel=1e-4)


def test_a_file_is_chosen_and_one_dropped(at, tmp_path):
    explorer = at()
    file = tmp_path / "mine.tsv"
    file.write_text("a\tb\n1\t2\n3\t4\n9\t1\n")
    explorer[".own input[type=file]"].set_input_files(file)
    expect(explorer[".said"]).to_have_text("3 rows and 2 columns of mine.tsv.")
    explorer.settled().says("3 rows")
    dropped = explorer.page.evaluate_handle(
        "() => { const held = new DataTransfer();"
        " held.items.add(new File(['p,q\\n1,2\\n2,1\\n7,7\\n8,1'], 'dropped.csv')); return held; }"
    )
    explorer[".panel.before"].dispatch_event("dragover", {"dataTransfer": dropped})
    explorer[".panel.before"].dispatch_event("drop", {"dataTransfer": dropped})
    expect(explorer[".said"]).to_have_text("4 rows and 2 columns of dropped.csv.")
    explorer.settled().says("4 rows")
    explorer.clean()


def test_a_file_that_is_too_large_is_refused_before_it_is_read(at, tmp_path):
    explorer = at()
    file = tmp_path / "large.csv"
    file.write_text("a,b\n" + "1.25,2.50\n" * 500_000)
    explorer[".own input[type=file]"].set_input_files(file)
    expect(explorer.error).to_contain_text(
        "The file has 5,000,004 characters, and this page takes 4,000,000."
    )
    expect(explorer.error).to_contain_text("normlab run chapter --data FILE")
    explorer.press("Next batch").says("128 rows")
    explorer.clean()


def test_the_kinds_of_data_have_ones_own_table_once_there_is_one(at):
    explorer = at()
    kinds = explorer.page.get_by_label("Kind of data")
    assert "My table" not in kinds.locator("option").all_text_contents()
    explorer.paste("a,b\n1,2\n3,4\n5,7")
    kinds.select_option("image")
    explorer.settled().says("Instance normalisation")
    kinds.select_option("table")
    explorer.settled().says("3 rows")


def test_a_doubtful_table_is_read_with_the_decimal_sign_that_is_chosen(at):
    explorer = at()
    explorer[".own > summary"].click()
    explorer.page.get_by_label("Decimal sign").select_option("comma")
    explorer.paste("a;b\n2.155;1\n12.480;2\n7.000;9\n")
    explorer.says("3 rows")
    assert [explorer.values[row][0] for row in range(3)] == [2155, 12480, 7000]
    expect(explorer.page).to_have_url(re.compile("own_decimal"))
    address = explorer.page.evaluate("location.href")
    explorer.page.goto("about:blank")
    explorer.page.goto(address)
    explorer.settled().says("3 rows")
    assert [explorer.values[row][0] for row in range(3)] == [2155, 12480, 7000]
    explorer.clean()


PASTE = """(area, text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  area.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""


def test_a_long_paste_is_used_at_once_and_never_shown(at):
    """The browser took a quarter of a minute to lay it out, before anything was sent."""
    explorer = at()
    area = explorer[".own textarea"]
    area.evaluate(PASTE, "a,b\n" + "1.25,2.5\n3.5,1\n" * 230_000)
    expect(explorer[".said"]).to_have_text(
        "10,000 rows and 2 columns of pasted table.", timeout=30_000
    )
    assert area.input_value() == ""
    expect(explorer[".data .note"]).to_contain_text("The first 10,000 of 460,000 rows are shown.")
    area.evaluate(PASTE, "1,2\n" * 1_000_001)
    expect(explorer.error).to_contain_text(
        "has 4,000,004 characters, and this page takes 4,000,000"
    )
    explorer.clean()
