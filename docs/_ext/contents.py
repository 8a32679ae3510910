"""A page called index.md lists others by ordinary links, which read well by themselves: its contents."""

import re
from pathlib import PurePosixPath
from typing import Any

_LINK = re.compile(r"\]\((?![a-z]+:|\.\./)([^)#\s]+)\.(?:md|ipynb)\)")
_SECTION = re.compile(
    r"\]\((\w+/index)\.md\)"
)  # the front page links to pages of its sections, too


def setup(app: Any) -> dict[str, bool]:
    app.add_config_value(
        "contents_first", {}, "env", dict
    )  # pages that are made when the site is built
    app.connect("source-read", _append)
    return {"parallel_read_safe": True}


def _append(app: Any, page: str, source: list[str]) -> None:
    if PurePosixPath(page).name == "index" and "{toctree}" not in source[0]:
        made = app.config.contents_first.get(page, [])
        links = (_SECTION if page == "index" else _LINK).findall(source[0])
        listed = "\n".join(dict.fromkeys([*made, *links]))
        if listed:
            source[0] += f"\n\n```{{toctree}}\n:hidden:\n\n{listed}\n```\n"
