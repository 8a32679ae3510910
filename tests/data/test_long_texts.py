"""Long texts in parts, and cells in quotes with quotes in them."""

import numpy as np
import pytest

import normlab
from normlab.data import stretches
from normlab.data.reading import Reading
from normlab.data.text import TextStream
from normlab.measuring.measure import measure_by


@pytest.fixture
def long(monkeypatch):
    """Texts of any length are read in pieces."""
    monkeypatch.setattr("normlab.data.streaming.SMALL", 0)
    return lambda length: monkeypatch.setattr(stretches, "LENGTH", length)


@pytest.mark.parametrize("length", [97, 1000, 1 << 26])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False], ids=["ended", "open"])
def test_every_line_is_in_one_part(length, end, last, long, tmp_path):
    long(length)
    x = np.random.default_rng(0).normal(size=(100, 3)).round(3)
    lines = ["a,b,c", *(",".join(map(str, row)) for row in x.tolist())]
    path = tmp_path / "t.csv"
    path.write_bytes((end.join(lines) + end * last).encode())
    opened = TextStream(path, Reading())
    assert opened.parts == max(1, -(-path.stat().st_size // length))
    found = normlab.measure(path)
    assert found.rows == len(x) and found.minimum.tolist() == x.min(0).tolist()
    np.testing.assert_allclose(found.mean, x.mean(0), rtol=1e-12)


def test_packed_and_wide_texts_are_one_part(long, tmp_path):
    import gzip

    long(50)
    text = "a;b\n" + "1,5;2\n" * 100
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "t.csv").write_bytes(text.encode("utf-16"))
    for path in tmp_path.iterdir():
        assert TextStream(path, Reading()).parts == 1
        assert normlab.measure(path).mean.tolist() == [1.5, 2.0]


def test_a_cut_within_a_cell_in_quotes_is_refused(long, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,w\n" + '1,"x\ny"\n' * 3000)
    long(1 << 26)
    assert normlab.measure(path, columns=["a"]).rows == 3000
    long(5002)
    with pytest.raises(normlab.errors.DataError, match=r"a cell in quotes .*over several lines"):
        normlab.measure(path, columns=["a"])


@pytest.mark.parametrize(
    ("header", "row"),
    [("a, name, b", '{}, "O\'Hara, ""IL""", 2'), ("a name b", '{}  "O\'Hara,  ""IL"""   2')],
    ids=["padded", "runs of blanks"],
)
def test_a_cell_with_doubled_quotes_keeps_its_blanks(header, row, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("\n".join([header, *(row.format(i) for i in range(9))]) + "\n")
    blank = "  " if "  " in row else " "
    assert list(measure_by(path, "name")) == [f'O\'Hara,{blank}"IL"']


def test_a_column_without_values_is_called_that(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,\n2,\n")
    with pytest.raises(normlab.errors.DataError, match="every cell of 'b' is missing"):
        normlab.measure(path, columns=["b"])
