"""Each page also as Markdown, and llms.txt, the list of them: for assistants, and to read in a terminal."""

from pathlib import Path
from typing import Any

from docutils import nodes


def setup(app: Any) -> dict[str, bool]:
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True}


def _write(app: Any, failure: Exception | None) -> None:
    if failure or app.builder.name != "html":
        return
    out, env = Path(app.outdir), app.env
    lines = [f"# {app.config.project}", "", f"> {app.config.html_short_title}", ""]
    for page in sorted(env.found_docs):
        source = Path(env.doc2path(page))
        if source.suffix != ".md":
            continue
        copy = out / f"{page}.md"
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(source.read_text("utf-8"), "utf-8")
        lines.append(f"- [{_title(env, page)}]({page}.md)")
    (out / "llms.txt").write_text("\n".join(lines) + "\n", "utf-8")


def _title(env: Any, page: str) -> str:
    found: nodes.title = env.titles[page]
    return found.astext()
