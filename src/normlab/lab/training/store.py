"""Finished cells on disk, so that an interrupted run goes on where it was."""

import hashlib
import io
import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from normlab.errors import DataError
from normlab.lab.training.engine.cell import Cell, content_of, key
from normlab.report.files import check_writable

Arrays = dict[str, np.ndarray]
_SETTINGS = "settings.json"


@dataclass
class Store:
    """A folder of finished cells, or with None nothing is kept. broken: files that were set aside."""

    folder: Path | None
    broken: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.folder is not None:
            check_writable(self.folder, "--cache")

    def get(self, cell: Cell) -> Arrays | None:
        """What was kept of a cell. A file that is not as it was written is renamed, not trusted."""
        if self.folder is None:
            return None
        path = self.folder / f"{key(cell)}.npz"
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
            _write(self.folder / f"{key(cell)}.npz", _packed(cell, arrays))


def _packed(cell: Cell, arrays: Arrays) -> bytes:
    """An npz archive with the cell's settings, behind the archive's own digest."""
    archive = io.BytesIO()
    settings = json.dumps([cell.job, content_of(cell)])
    np.savez_compressed(archive, allow_pickle=False, **{_SETTINGS: np.array(settings)}, **arrays)
    body = archive.getvalue()
    return hashlib.sha256(body).digest() + body


def _read(content: bytes, cell: Cell) -> Arrays:
    digest, body = content[:32], content[32:]
    if hashlib.sha256(body).digest() != digest:
        raise ValueError("not as it was written")
    with np.load(io.BytesIO(body), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    if json.loads(str(arrays.pop(_SETTINGS))) != [cell.job, content_of(cell)]:
        raise ValueError("of another cell")
    return arrays


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except OSError as error:
        raise DataError(
            f"cannot write into {str(path.parent)!r}: {error.strerror}. Give another folder with --cache."
        ) from error
