"""Texts in many dialects: only the numbers of the chosen columns change."""

import numpy as np
import pytest

import normlab
from hostile import NAMES
from normlab.data import read_table
from normlab.data.reading import Reading
from normlab.errors import DataError
from normlab.measuring.applying.apply import apply

DIALECTS = {
    "semicolons.csv": "name;rate;depth\nx;1,5;1.010\ny;;2.020\nz;4,5;3.030\n",
    "tabs.tsv": "rate\tdepth\tname\n1.5\t10\ta b\n3\t20\t\n4.5\t30\tc\n",
    "blanks.dat": "  rate   depth\n 1.5    10\n 3.25   20\n 4.5    35\n",
    "pipes.txt": "rate|depth\n1.5|10\n2.5|20\n4.5|30\n",
    "rnames.csv": '"rate","depth"\n"one",1.5,10\n"two",2.5,20\n"three, too",4.5,30\n',
    "comments.csv": "# by hand\nrate,depth\n1.5,10\n# later\n2.5,20\n4.5,30\n",
    "units.csv": "rate,depth\nHz,m\n1.5,10\n2.5,20\n4.5,30\n",
    "quotes.csv": "'rate','note'\n1.5,'a, b'\n2.5,'c'\n4.5,'it''s'\n",
    "bare.csv": "1.5,10\n2.5,20\n4.5,30\n",
    "truth.csv": "rate,wet\n1.5,true\n2.5,FALSE\n4.5,true\n",
    "missing.csv": "rate,depth\n1.5,NA\n?,20\n4.5,30\n-,40\n7,#N/A\n",
    "thousands.csv": "rate;depth\n1.5;1,234,567\n2.5;2,000\n4.5;3,456\n",
    "windows.csv": "rate,name\r\n1.5,a\r\n2.5,b\r\n4.5,c\r\n",
    "one.csv": "rate\n1.5\n2.5\n4.5\n",
}


@pytest.fixture(params=DIALECTS)
def file(request, tmp_path):
    path = tmp_path / request.param
    path.write_text(DIALECTS[request.param], newline="")
    return path


def values(path):
    from normlab.data.table import read

    found = read(path, Reading())
    known = dict(zip(found.names, found.columns, strict=True))
    numbers = {n: np.asarray(c, np.float64) for n, c in known.items() if not hasattr(c, "cells")}
    words = {n: c.cells and c.cells() for n, c in known.items() if hasattr(c, "cells")}
    return numbers, words


def test_numbers_change_and_nothing_else(file):
    out = file.with_name("out-" + file.name)
    found = normlab.measure(file)
    apply(found, file, out)
    numbers, words = values(file)
    changed, kept = values(out)
    assert kept == words
    assert list(changed) == list(numbers)
    for name, x in numbers.items():
        expected = (x - np.nanmean(x)) / np.nanstd(x)
        np.testing.assert_allclose(changed[name], expected, rtol=1e-12, atol=1e-12)
    apply(found, out, file.with_name("back-" + file.name), inverse=True)
    again, _ = values(file.with_name("back-" + file.name))
    for name, x in numbers.items():
        np.testing.assert_allclose(again[name], x, rtol=1e-14)


def test_marks_of_missing_values_stay(tmp_path):
    (tmp_path / "a.csv").write_text(DIALECTS["missing.csv"])
    apply(normlab.measure(tmp_path / "a.csv"), tmp_path / "a.csv", tmp_path / "b.csv")
    rows = [line.split(",") for line in (tmp_path / "b.csv").read_text().splitlines()]
    assert [row[0] for row in rows[2:5:2]] == ["?", "-"]
    assert rows[1][1] == "NA" and rows[5][1] == "#N/A"


ENCODED = {
    "plain.csv": "name,rate\ncafé,1\nnaïve,3\n",
    "comments.csv": "name,rate\ncafé,1\n# später\nnaïve,3\n",
    "blanks.dat": "name   rate\ncafé  1\nnaïve   3\n",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("name", ENCODED)
def test_words_in_every_encoding(tmp_path, name, encoding):
    (tmp_path / name).write_bytes(ENCODED[name].encode(encoding))
    apply(normlab.measure(tmp_path / name), tmp_path / name, tmp_path / f"out-{name}")
    expected = ({"rate": [-1.0, 1.0]}, {"name": ["café", "naïve"]})
    numbers, words = values(tmp_path / f"out-{name}")
    assert ({"rate": numbers["rate"].tolist()}, words) == expected
    assert values(tmp_path / name)[1] == words


def test_cells_with_line_breaks_and_quotes_stay(tmp_path):
    text = 'note,rate\n"two\nlines",1\n"say ""b""",3\n"# no comment",5\n"a,b",7\n'
    (tmp_path / "a.csv").write_text(text)
    apply(normlab.measure(tmp_path / "a.csv"), tmp_path / "a.csv", tmp_path / "b.csv")
    _, words = values(tmp_path / "b.csv")
    assert words["note"] == ["two\nlines", 'say "b"', "# no comment", "a,b"]


@pytest.mark.parametrize("name", [n for n in NAMES if n.isprintable() and n.strip() == n])
def test_hostile_names_are_copied(tmp_path, name):
    quoted = '"' + name.replace('"', '""') + '"'
    (tmp_path / "a.csv").write_text(f"{quoted},rate\n1,2\n3,4\n", "utf-8")
    found = normlab.measure(tmp_path / "a.csv")
    apply(found, tmp_path / "a.csv", tmp_path / "b.csv")
    table = read_table(tmp_path / "b.csv")
    assert table.columns == found.names
    assert table.values.tolist() == [[-1, -1], [1, 1]]


def test_what_the_first_lines_do_not_show_is_told_with_its_row(tmp_path):
    rows = [f"{i % 7}.5,{i}" for i in range(5000)]
    (tmp_path / "a.csv").write_text("rate,n\n" + "\n".join(rows))
    found = normlab.measure(tmp_path / "a.csv")
    rows[4321] = "4 and a half,1"
    (tmp_path / "a.csv").write_text("rate,n\n" + "\n".join(rows))
    with pytest.raises(
        DataError, match=r"'rate' is not numeric \(text: '4 and a half' among numbers\)"
    ):
        apply(found, tmp_path / "a.csv", tmp_path / "b.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_large_text_is_told_with_its_row(tmp_path, monkeypatch):
    from normlab.measuring.applying import texts

    monkeypatch.setattr(texts, "SMALL", 0)
    rows = "rate,n\n" + "1.5,2\n3.5,4\n" * 3000
    (tmp_path / "a.csv").write_text(rows)
    found = normlab.measure(tmp_path / "a.csv")
    apply(found, tmp_path / "a.csv", tmp_path / "b.csv")
    assert read_table(tmp_path / "b.csv").values[:2].tolist() == [[-1, -1], [1, 1]]
    (tmp_path / "a.csv").write_text(rows + "1,5;3\n")
    with pytest.raises(DataError, match="'5;3' is not written like the rows before"):
        apply(found, tmp_path / "a.csv", tmp_path / "b.csv")
    (tmp_path / "a.csv").write_text(rows + "x,3\n")
    with pytest.raises(DataError, match="column 'rate', data row 6,001: 'x' is not written like"):
        apply(found, tmp_path / "a.csv", tmp_path / "b.csv")
    assert not list(tmp_path.glob(".writing*"))


def test_how_a_text_is_written_can_be_said(tmp_path):
    (tmp_path / "a.csv").write_text("rate\n1.234\n2.345\n")
    found = normlab.measure(np.array([[1234.0], [2345.0]]))
    found.names = ("rate",)
    apply(found, tmp_path / "a.csv", tmp_path / "b.csv", reading=Reading.of(decimal=","))
    assert read_table(tmp_path / "b.csv").values.tolist() == [[-1.0], [1.0]]


def test_whole_numbers_become_decimals_in_the_sign_of_the_file(tmp_path):
    path, out = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_text("rate;count\n1,5;1\n2,5;2\n4,5;4\n")
    apply(normlab.measure(path), path, out)
    assert "." not in out.read_text()
    numbers, _ = values(out)
    x = np.array([1.0, 2.0, 4.0])
    assert numbers["count"] == pytest.approx((x - x.mean()) / x.std())
