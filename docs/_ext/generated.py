"""Pages that are made when the site is built: the API from docstrings, the command line from its own help."""

import re
import subprocess
import sys
from importlib import import_module
from inspect import isclass, ismodule, isroutine
from pathlib import Path
from typing import Any

import click
from sphinx.errors import ExtensionError
from typer.main import get_command

from interface import CLASSES, MODULES
from normlab.cli.app import app as command_line
from signatures import members_of

HERE = Path(__file__).parent.parent
PROJECT = ("CHANGELOG", "CONTRIBUTING", "SECURITY")  # of the repository's top folder
API, COMMANDS, LESSON = "reference/api", "reference/commands", "_static/lesson.html"
NOTEBOOK = "tutorials/lesson.ipynb"  # the teacher's, as it was saved
KINDS = {"classes": isclass, "functions": isroutine}


def setup(app: Any) -> dict[str, bool]:
    app.connect("config-inited", _write)
    app.connect("env-check-consistency", _compare)
    app.connect("source-read", _to_project)
    return {"parallel_read_safe": True}


def _write(app: Any, config: Any) -> None:
    notebook = {NOTEBOOK: (HERE.parent / "notebooks" / "chapter.ipynb").read_text("utf-8")}
    for path, text in (api_pages() | command_pages() | project_pages() | notebook).items():
        _renew(HERE / path, text)
    if not (HERE / LESSON).exists():
        subprocess.run(
            [sys.executable, "-m", "normlab", "explore", "--export", str(HERE / LESSON)], check=True
        )


def _renew(path: Path, text: str) -> None:
    """Written where it differs, so that Sphinx reads again what has changed alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def public() -> dict[str, list[str]]:
    """Every public function and class, by the module that it is imported from."""
    found = {}
    for module in MODULES:
        names = members_of(import_module(module)).items()
        found[module] = sorted(n for n, value in names if not ismodule(value) and callable(value))
    for module, *names in CLASSES:
        found.setdefault(module, []).extend(n for n in names if not _is_listed(module, n, found))
    return {module: names for module, names in found.items() if names}


def _is_listed(module: str, name: str, found: dict[str, list[str]]) -> bool:
    """Whether a class can be reached under a shorter name."""
    thing = getattr(import_module(module), name)
    return any(
        name in names and getattr(import_module(where), name) is thing
        for where, names in found.items()
    )


def api_pages() -> dict[str, str]:
    """A page for each module, and for each of its names one, which autosummary writes."""
    modules = public()
    pages = {
        f"{API}/{module}.rst": _module_page(module, names) for module, names in modules.items()
    }
    index = "\n".join(f"   {module}" for module in modules)
    title = "API\n===\n\nEvery public name, with its signature, from the docstrings.\n"
    pages[f"{API}/index.rst"] = f"{title}\n.. toctree::\n   :maxdepth: 1\n\n{index}\n"
    return pages


def _module_page(module: str, names: list[str]) -> str:
    parts = [module, "=" * len(module), "", f".. currentmodule:: {module}"]
    for title, holds in KINDS.items():
        chosen = [n for n in names if holds(getattr(import_module(module), n))]
        if chosen:
            parts += [
                "",
                f".. rubric:: {title.capitalize()}",
                "",
                ".. autosummary::",
                "   :toctree: names",
                "",
            ]
            parts += [f"   {name}" for name in chosen]
    return "\n".join(parts) + "\n"


def command_pages() -> dict[str, str]:
    """What `normlab COMMAND --help` prints, a page for each command."""
    commands = get_command(command_line).commands
    pages = {
        f"{COMMANDS}/{name}.md": _command_page(name, command) for name, command in commands.items()
    }
    listed = "\n".join(commands)
    pages[f"{COMMANDS}/index.md"] = (
        f"# Command line\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"
    )
    return pages


def _command_page(name: str, command: Any) -> str:
    helped = command.get_help(click.Context(command, info_name=f"normlab {name}"))
    return f"# normlab {name}\n\n```text\n{helped}\n```\n"


def project_pages() -> dict[str, str]:
    """The pages that a code host shows, also here; their links lead to the site's pages, or to files."""
    texts = {name: (HERE.parent / f"{name}.md").read_text("utf-8") for name in PROJECT}
    pages = {name: re.sub(r"\]\((?![a-z]+:|#)", "](../../", text) for name, text in texts.items()}
    found = {
        f"project/{name}.md": text.replace("](../../docs/", "](../") for name, text in pages.items()
    }
    listed = "\n".join(f"- [{name.capitalize()}]({name}.md)" for name in PROJECT)
    return found | {"project/index.md": f"# The project\n\n{listed}\n"}


def _to_project(app: Any, page: str, source: list[str]) -> None:
    source[0] = re.sub(rf"\]\((?:\.\./)+({'|'.join(PROJECT)})\.md", r"](/project/\1.md", source[0])


def _compare(app: Any, env: Any) -> None:
    """Every public name has its page, and nothing else has."""
    documented = {
        name
        for name, entry in env.get_domain("py").objects.items()
        if entry.objtype in ("class", "function", "exception") and not entry.aliased
    }
    wanted = {f"{module}.{name}" for module, names in public().items() for name in names}
    if documented != wanted:
        raise ExtensionError(
            f"the API differs from the public names: missing {sorted(wanted - documented)}, "
            f"too many {sorted(documented - wanted)}"
        )
