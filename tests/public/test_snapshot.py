"""The public interface is the one that is written down in this folder."""

import difflib

import pytest

from interface import FILES, HERE, text_of


@pytest.mark.parametrize("name", FILES)
def test_the_public_interface_is_as_it_is_written_down(name):
    written = (HERE / name).read_text(encoding="utf-8")
    now = text_of(name)
    lines = difflib.unified_diff(
        written.splitlines(), now.splitlines(), f"tests/public/{name}", "as it is now", lineterm=""
    )
    difference = "\n".join(lines)
    assert not difference, (
        f"the public interface has changed:\n{difference}\n"
        f"If that is intended, `make snapshot` writes the new one; say in CHANGELOG.md what changed."
    )
