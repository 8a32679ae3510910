"""docs/reference/convert.md is what convert does."""

from convert_page import PAGE, page


def test_the_page_is_what_would_be_written():
    assert page() == PAGE.read_text("utf-8"), "docs/reference/convert.md is stale: run make docs"
