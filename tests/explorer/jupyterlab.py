"""JupyterLab as its user has it: a real server with nothing of this machine's settings, and one notebook."""

import contextlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import psutil
from serving import free_port

from browsing import expect
from checks import until

PLACES = (
    "HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR",
    "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR",
)  # fmt: skip
SETTINGS = {  # asks no one for news, and keeps cells in the page that are out of sight
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
PATIENCE = 600_000  # milliseconds, after which it will never come


@contextlib.contextmanager
def lab(folder, notebook):
    """The address of a notebook, in a server that runs until the end of the block."""
    work = folder / "work"
    work.mkdir()
    nbformat.write(notebook, work / "explorer.ipynb")
    with (folder / "log").open("w") as log:
        port = free_port()
        process = subprocess.Popen(
            _command(port, work), env=_alone(folder), stdout=log, stderr=log, cwd=work
        )
        try:
            until(lambda: _serves(process, port), 120)
            yield f"http://127.0.0.1:{port}/lab/tree/explorer.ipynb?reset"
        finally:
            _end(process)


def _command(port, work):
    return [
        str(Path(sys.executable).with_name("jupyter")), "lab", "--no-browser", "--allow-root",
        "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={work}",
        "--IdentityProvider.token=", "--LabApp.extension_manager=readonly",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip


def _alone(folder):
    places = {name: folder / name.lower() for name in PLACES}
    for name, held in SETTINGS.items():
        file = places["JUPYTERLAB_SETTINGS_DIR"] / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(held))
    return os.environ | {name: str(place) for name, place in places.items()}


def _serves(process, port):
    assert process.poll() is None, "jupyter lab did not start"
    listening = psutil.Process(process.pid).net_connections()
    return any(c.status == "LISTEN" and c.laddr.port == port for c in listening)


def _end(process):
    family = [process, *psutil.Process(process.pid).children(recursive=True)]
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for kernel in family[1:]:
        with contextlib.suppress(psutil.NoSuchProcess):
            kernel.kill()


def opened_in(page, address):
    page.goto(address)
    ready = page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
    expect(ready).to_be_visible(timeout=PATIENCE)


def restarted(page):
    """Restart the kernel, as its user does by the keyboard."""
    page.locator(".jp-CodeCell .jp-InputPrompt").last.click()
    page.keyboard.press("Escape")
    for _ in range(2):
        page.keyboard.press("0")
    page.locator(".jp-Dialog .jp-mod-accept").click()
    expect(page.locator(".jp-Dialog")).to_have_count(0, timeout=PATIENCE)
    ready = page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
    expect(ready).to_be_visible(timeout=PATIENCE)


def run(page, number):
    """Run a cell, by the keyboard, and give the text that it printed."""
    cell = page.locator(".jp-CodeCell").nth(number)
    prompt = cell.locator(".jp-InputPrompt")
    before = prompt.text_content()
    until(lambda: _begun(page, cell, before), PATIENCE / 1000)
    expect(prompt).to_have_text(re.compile(r"^\[\d+\]:$"), timeout=PATIENCE)
    return "\n".join(cell.locator(".jp-OutputArea-output pre").all_text_contents())


def _begun(page, cell, before):
    """Asked again while nothing happens: JupyterLab drops what comes before its kernel is connected.

    Or it asks then which kernel is wanted, and offers the notebook's own.
    """
    offered = page.locator(".jp-Dialog .jp-mod-accept")
    if offered.is_visible():
        offered.click()
    cell.locator(".jp-InputArea .cm-content").click()
    page.keyboard.press("Control+Enter")
    with contextlib.suppress(AssertionError):
        expect(cell.locator(".jp-InputPrompt")).not_to_have_text(before, timeout=2000)
        return True
    return False
