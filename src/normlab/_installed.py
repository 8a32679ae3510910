"""Where normlab was installed from."""

import json
from importlib.metadata import distributions
from shlex import quote
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname


def advice(extra: str) -> str:
    """The command that adds an extra, from the place that normlab itself was installed from.

    A folder, a file or an address is written down by pip (direct_url.json, PEP 610); an index is not.
    """
    written = (found.read_text("direct_url.json") for found in distributions(name="normlab"))
    origin = json.loads(next(filter(None, written), "{}"))
    return f"pip install {_source(origin, extra)}"


def _source(origin: dict[str, Any], extra: str) -> str:
    """What pip is given.

    >>> _source({}, "images")
    "'normlab[images]'"
    >>> _source({"url": "file:///my%20lab", "dir_info": {"editable": True}}, "images")
    "-e '/my lab[images]'"
    >>> _source({"url": "https://example.org/normlab.whl", "archive_info": {}}, "images")
    "'normlab[images] @ https://example.org/normlab.whl'"
    """
    if "url" not in origin:
        return quote(f"normlab[{extra}]")
    if "dir_info" not in origin:
        return quote(f"normlab[{extra}] @ {origin['url']}")
    folder = url2pathname(urlsplit(origin["url"]).path)
    editable = "-e " if origin["dir_info"].get("editable") else ""
    return editable + quote(f"{folder}[{extra}]")
