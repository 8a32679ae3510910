"""Execute the chapter's notebook and save it with its output: `python notebooks/refresh.py`.

Run it after a change to the notebook or to what it calls; the tests fail while the saved output is
not what the cells give. Only cells, pictures and text are kept: no times, versions or paths.
"""

from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).with_name("chapter.ipynb")


def execute(path: Path, timeout: int = 120) -> Any:
    """The notebook run from top to bottom in a kernel of its own, in the notebook's folder.

    CellExecutionError tells which cell failed and how, CellTimeoutError which took longer than
    `timeout` seconds.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    notebook.metadata.language_info = {"name": "python"}
    return notebook


if __name__ == "__main__":
    nbformat.write(execute(NOTEBOOK), NOTEBOOK)
    print(f"{NOTEBOOK.name}: executed and saved, {NOTEBOOK.stat().st_size / 1e3:.0f} kB")
