"""Names as someone would write them who wants to break out of a comment, a literal, a cell or a page."""

from hypothesis import strategies as st

BREAKS = ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
SIGNS = [
    *BREAKS, "'", '"', "\\", "\x00", "\ud800", "\udce9", "'''", '"""', "#", "$", "{", "}", "%", "\t",
    "</script>", "<!--", "-->", "]]>", "&", "<", ">", "`", "*", "_", "[", "]", "(", ")", "|", "\u202e",
    "\ufeff", "\x1b", "\x07", "\ufffe",
]  # fmt: skip
CODE = "__import__('pathlib').Path('pwned').touch()"
TAG = "<img src=x onerror=\"document.title='pwned'\">"
NAMES = [
    *(f"height{sign}{CODE} #" for sign in BREAKS),
    f'"\n{CODE}\n"', f"'\n{CODE}\n'", f'"""\n{CODE}\n"""', f"'''\n{CODE}\n'''", f'\\"\n{CODE} #',
    f'"); {CODE} #', f"{{{CODE}}}", "coding: utf-7", "type: ignore", "\\", "\\\\", "\\N{BULLET}", "{0}",
    f"</script><script>{CODE}</script>", "</style></title></svg>", "<!--<script>", TAG, "a\x00b", "\ud800",
    "a\udce9b", "naïve 很长 σ", "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "a;=1+1",
    "-1.5", "$5", "Ba$$in", "$\\frac$", "a_b^c $x_$ \\alpha", "_hidden", "[link](http://example.com)",
    "*a* **b** `c`", "1. one", "- one", "# one", "a|b", "\u202etxt.exe",
]  # fmt: skip


def names():
    """Texts of ordinary and of dangerous parts."""
    parts = st.one_of(st.sampled_from([*SIGNS, *NAMES]), st.text(max_size=4))
    return st.lists(parts, min_size=1, max_size=5).map("".join)
