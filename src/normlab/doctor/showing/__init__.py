"""The report in print, as data, as a page, and for code hosts."""
