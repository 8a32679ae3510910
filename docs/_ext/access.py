"""What assistive technology needs and the theme leaves out."""

from typing import Any

_SIGNATURE = '<dl>\n<dd><em class="sig-param">'  # lines of a signature are no list of definitions


def setup(app: Any) -> dict[str, bool]:
    app.connect("html-page-context", _amend)
    app.add_js_file(None, body=_SUMMARIES, loading_method="defer")
    return {"parallel_read_safe": True}


_SUMMARIES = (
    'addEventListener("DOMContentLoaded", () => document.querySelectorAll("nav summary").forEach('
    'summary => summary.setAttribute("aria-label", "Show or hide the pages of this section")))'
)


def _amend(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    if "body" in context:
        quiet = _SIGNATURE.replace("<dl>", '<dl role="presentation">')
        context["body"] = context["body"].replace(_SIGNATURE, quiet)
