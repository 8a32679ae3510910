"""Writing a set of files so that a reader never sees half of it."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from normlab.errors import DataError


def write_all(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files (path inside the folder → content); what else is in the folder is left alone.

    Everything is staged beside its destination and then renamed into place, so that an error or an
    interruption before the last step leaves the earlier files as they were.

    Errors: DataError when the folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder))
    except OSError as error:
        raise DataError(_cannot(folder, error)) from error
    try:
        _stage(stage, files)
        _publish(stage, folder, files)
    except OSError as error:
        raise DataError(_cannot(folder, error)) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return folder


def _stage(stage: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = stage / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _publish(stage: Path, folder: Path, files: Mapping[str, bytes]) -> None:
    for parent in {(folder / name).parent for name in files}:
        parent.mkdir(parents=True, exist_ok=True)
    for name in files:
        os.replace(stage / name, folder / name)


def _cannot(folder: Path, error: OSError) -> str:
    return f"cannot write into {str(folder)!r}: {error.strerror or error}. Give another folder with --out."
