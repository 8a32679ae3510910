"""What a page may say, and what it is answered: never an exception, always words."""

import pytest

from normlab.explorer.conversation import LARGEST_TEXT, Conversation


@pytest.fixture
def page():
    return Conversation()


def say(page, **message):
    reply, buffers = page.reply({"seq": 7} | message)
    assert reply["seq"] == 7
    return reply, buffers


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"type": None},
        {"type": ["scene"]},
        {"type": "dance"},
        {"type": "scene"},
        {"type": "scene", "state": []},
        {"type": "scene", "state": "norm=layer"},
        {"type": "table"},
        {"type": "table", "text": 3},
        {"type": "table", "text": "", "name": None},
        {"type": "file", "state": {"data": "table"}},
        {"type": "file", "what": "csv", "state": {"batch_size": 1}},
        {"type": "scene", "state": {"norm": "instance"}},
    ],
    ids=str,
)
def test_what_cannot_be_done_is_refused_in_words(page, message):
    reply, buffers = say(page, **message)
    assert reply["type"] == "refused"
    assert len(reply["words"]) > 20
    assert buffers == []


def test_a_sequence_number_that_is_none_is_not_sent_back(page):
    assert page.reply({"type": "hello", "seq": {"a": 1}})[0]["seq"] is None


def test_hello_tells_what_the_page_needs(page):
    reply, _ = say(page, type="hello")
    assert reply["type"] == "hello"
    assert {"strings", "presets", "tour", "defaults", "starts", "limits"} <= set(reply)


TABLES = {
    "header": ("a,b\n1,2\n3,4\n", ["a", "b"], 2),
    "no header": ("1;2\n3;4\n5;6", ["column 1", "column 2"], 3),
    "tabs": ("a\tb\n1\t2\n3\t4\n", ["a", "b"], 2),
    "text column": ("a,kind,b\n1,x,2\n3,y,4\n", ["a", "b"], 2),
    "missing": ("a,b\n1,2\n,4\n5,nan\n7,8\n", ["a", "b"], 2),
    "one column": ("a\n1\n2\n3\n", ["a"], 3),
    "decimal commas": ("a;b\n1,5;2\n3,5;4\n", ["a", "b"], 2),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_read_as_files_are(page, name):
    text, columns, rows = TABLES[name]
    reply, _ = say(page, type="table", text=text, name="")
    assert reply["type"] == "table", reply
    assert (list(reply["columns"]), reply["rows"]) == (columns, rows)
    drawn, _ = say(
        page, type="scene", state={"data": "table", "table": reply["key"], "batch_size": 2}
    )
    assert ("Expected more than 1 value per channel" in drawn["warning"]) == (rows % 2 == 1)
    assert drawn["type"] == "scene", drawn
    assert drawn["data"]["shape"] == [rows, len(columns)]


@pytest.mark.parametrize(
    "text", ["hello", "a,b", "a,b\nx,y\nz,w", "\x00\x01", "a,b\n1,2", "{}", "   ", "1,1e400\n2,3"]
)
def test_what_is_no_table_is_told(page, text):
    reply, _ = say(page, type="table", text=text, name="")
    assert reply["type"] == "refused", reply
    assert "table" in reply["words"] or "nothing in it" in reply["words"]
    assert "/tmp" not in reply["words"]


def test_what_is_doubtful_is_asked_in_the_pages_words(page):
    text = "a;b\n2.155;1\n12.480;2\n"
    reply, _ = say(page, type="table", text=text, name="")
    assert "give decimal sign . (2.155) or decimal sign , (2155)" in reply["words"]
    keys = set()
    for sign, value in ((".", 2.155), (",", 2155)):
        reply, _ = say(page, type="table", text=text, name="", decimal=sign)
        keys.add(reply["key"])
        assert page.tables[reply["key"]].values[0, 0] == value
    assert len(keys) == 2
    reply, _ = say(page, type="table", text=text, name="", decimal="x")
    assert (reply["type"], reply["words"][:11]) == ("refused", "decimal='x'")


def test_decisions_are_said_as_the_command_says_them(page):
    rows = "".join(f"{i}.5,x,{i % 3}\n" for i in range(30))
    reply, _ = say(page, type="table", text="a,who,target\n" + rows, name="")
    assert reply["notes"] == (
        "read as: commas, decimal point, header, utf-8; 2 columns, 30 rows",
        "Left out, because not numeric: 'who' (text).",
        "Column 'target' looks like a label (3 whole values), and is read as a feature.",
    )


def test_a_large_table_is_refused_and_a_long_one_is_cut(page):
    reply, _ = say(page, type="table", text="1" * (LARGEST_TEXT + 1), name="")
    assert "4,000,001 characters" in reply["words"]
    long = "a,b\n" + "1,2\n3,4\n" * 6000
    reply, _ = say(page, type="table", text=long, name="long.csv")
    assert reply["rows"] == 10_000
    assert reply["notes"][-1] == "The first 10,000 of 12,000 rows are shown."
    wide = ",".join(f"c{i}" for i in range(80)) + "\n" + (",".join("1" * 80) + "\n") * 2
    reply, _ = say(page, type="table", text=wide, name="wide.csv")
    assert len(reply["columns"]) == 64


def test_a_table_that_is_not_here_is_asked_for(page):
    reply, _ = say(page, type="scene", state={"data": "table", "table": "feedbeef"})
    assert (reply["type"], reply["key"]) == ("table wanted", "feedbeef")


def test_values_too_large_to_be_squared_are_told(page):
    reply, _ = say(page, type="table", text="a,b\n1e200,1\n2e200,2\n", name="")
    drawn, _ = say(
        page, type="scene", state={"data": "table", "table": reply["key"], "batch_size": 2}
    )
    assert drawn["type"] == "refused"
    assert "too large to be squared" in drawn["words"]


def test_pages_do_not_share_their_tables():
    one, two = Conversation(), Conversation()
    key = say(one, type="table", text="a,b\n1,2\n3,4", name="")[0]["key"]
    assert (
        say(two, type="scene", state={"data": "table", "table": key})[0]["type"] == "table wanted"
    )
