"""Finished cells on disk, so that an interrupted run goes on where it was."""

import hashlib
import io
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from normlab.lab.training.engine.cell import Cell, content_of, key
from normlab.system.files import check_writable, write_all

Arrays = dict[str, np.ndarray]
_SETTINGS = "settings.json"
_OPTION = "--cache"


@dataclass
class Store:
    """A folder of finished cells, or with None nothing is kept. broken: files that were set aside."""

    folder: Path | None
    broken: list[Path] = field(default_factory=list)

    def check(self) -> None:
        """Raise at once what `put` would when the first cell is finished."""
        if self.folder is not None:
            check_writable(self.folder, _OPTION)

    def get(self, cell: Cell) -> Arrays | None:
        """What was kept of a cell. A file that is not as it was written is renamed, not trusted."""
        if self.folder is None:
            return None
        path = self.folder / _name(cell)
        try:
            return _read(path.read_bytes(), cell)
        except FileNotFoundError:
            return None
        except Exception:  # whatever is wrong with the file, it is computed anew
            aside = path.with_suffix(".broken")
            os.replace(path, aside)
            self.broken.append(aside)
            return None

    def told(self) -> list[Path]:
        """The files set aside since this was asked last."""
        told, self.broken = self.broken, []
        return told

    def put(self, cell: Cell, arrays: Arrays) -> None:
        if self.folder is not None:
            write_all(self.folder, {_name(cell): _packed(cell, arrays)}, _OPTION)


def _name(cell: Cell) -> str:
    return f"{key(cell)}.npz"


def _packed(cell: Cell, arrays: Arrays) -> bytes:
    """An npz archive with the cell's settings, behind the archive's own digest."""
    archive = io.BytesIO()
    settings = json.dumps([cell.computed_by, content_of(cell)])
    np.savez_compressed(archive, allow_pickle=False, **{_SETTINGS: np.array(settings)}, **arrays)
    body = archive.getvalue()
    return hashlib.sha256(body).digest() + body


def _read(content: bytes, cell: Cell) -> Arrays:
    digest, body = content[:32], content[32:]
    if hashlib.sha256(body).digest() != digest:
        raise ValueError("not as it was written")
    with np.load(io.BytesIO(body), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    if json.loads(str(arrays.pop(_SETTINGS))) != [cell.computed_by, content_of(cell)]:
        raise ValueError("of another cell")
    return arrays
