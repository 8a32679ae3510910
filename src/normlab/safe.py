"""Text from outside (a name in a table, a link, a file), written into code, tables, figures and pages.

One function for each target. Whatever the text holds, it stays text there: no line break ends a comment,
no quote ends a literal, no sign begins a formula.
"""

import json
import math
import re
from typing import Any
from unicodedata import category

_ALONE = re.compile("[\ud800-\udfff]")  # half of a pair: no UTF-8 holds it
_UNHELD = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]"
)  # neither XML nor HTML
# where a spreadsheet computes, or would if it took semicolons for the ends of cells
_FORMULA = re.compile(r"(^|;)(?=\s*[=+\-@＝＋－＠])")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_JOINERS = "\u200c\u200d"  # of letters in Persian and Hindi, and of emoji
# Markdown's signs wherever they stand, and those of a list or a heading at the beginning
_MARKS = re.compile(r"[\\`*_\[\]<>&$|~!#]")
_FIRST = re.compile(r"^(\s*(?:[0-9]+(?=[.)]))?)([-+=.)])")


def printable(text: str) -> str:
    r"""One line of what can be seen; line breaks, control characters and surrogates are named.

    >>> print(printable("a\nb\u2028c"), printable("naïve 很长"))
    a\nb\u2028c naïve 很长
    """
    return "".join(sign if _seen(sign) else ascii(sign)[1:-1] for sign in text)


def _seen(sign: str) -> bool:
    return sign.isprintable() or category(sign) == "Zs" or sign in _JOINERS


def python_literal(value: Any) -> str:
    r"""Python source that evaluates to the value, on one line: None, bool, int, float, str, tuple,
    list or dict of these.

    Errors: TypeError for anything else.

    >>> print(python_literal({"a\n": [1, -0.5], 'say "x"': (float("nan"),)}))
    {"a\n": [1, -0.5], "say \"x\"": (float("nan"),)}
    """
    if isinstance(value, str):
        return '"' + printable(value.replace("\\", "\\\\").replace('"', '\\"')) + '"'
    if value is None or isinstance(value, bool | int):
        return repr(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else f'float("{value!r}")'
    if isinstance(value, dict):
        return f"{{{', '.join(f'{python_literal(k)}: {python_literal(v)}' for k, v in value.items())}}}"
    if isinstance(value, list | tuple):
        held = ", ".join(map(python_literal, value))
        if isinstance(value, list):
            return f"[{held}]"
        return f"({held},)" if len(value) == 1 else f"({held})"
    raise TypeError(f"python_literal: {type(value).__name__} given; it must be plain data.")


def python_comment(text: str) -> str:
    r"""A comment of one line. Not for a script's first two lines, where one may name an encoding.

    >>> print(python_comment("height\nimport os"))
    # height\nimport os
    """
    return f"# {printable(text)}"


def csv_cell(value: str | float) -> str:
    """A cell of comma-separated text. A number stays one; a text that a spreadsheet would compute
    gets an apostrophe before it, which shows it as text.

    >>> csv_cell(-1.5), csv_cell("-1.5"), csv_cell("=1+1"), csv_cell('a "b", c')
    ('-1.5', '-1.5', "'=1+1", '"a ""b"", c"')
    """
    if not isinstance(value, str):
        return repr(value)
    text = printable(value)
    if not _NUMBER.fullmatch(text):
        text = _FORMULA.sub(r"\1'", text)
    return '"' + text.replace('"', '""') + '"' if re.search('[",;]', text) else text


def plain_text(text: str) -> str:
    r"""A text for matplotlib that is shown as it is: two dollars set no formula between them.

    >>> print(plain_text("Ba$$in"))
    Ba\$\$in
    """
    return printable(text).replace("$", r"\$")


def markup(text: str) -> str:
    r"""A text for the markup of reports and Markdown: no emphasis, no link, no formula, no list.

    >>> print(markup("a*b* [c](d.e) $5"), markup("1. one"))
    a\*b\* \[c\](d.e) \$5 1\. one
    """
    return _FIRST.sub(r"\1\\\2", _MARKS.sub(r"\\\g<0>", printable(text)))


def held(text: str) -> str:
    r"""A whole page or picture without the characters that HTML, XML or UTF-8 cannot hold.

    >>> held("a\x00b\ud800")
    'a�b�'
    """
    return _UNHELD.sub("\ufffd", text)


def json_text(value: Any, **options: Any) -> str:
    r"""JSON to be read by people too, which UTF-8 can hold: half a pair is written as its escape.

    Options are those of `json.dumps`.

    >>> print(json_text({"a": "\udce9σ"}, indent=None))
    {"a": "\udce9σ"}
    """
    text = json.dumps(value, **{"indent": 2, "ensure_ascii": False} | options)
    return _ALONE.sub(lambda found: ascii(found[0])[1:-1], text)
