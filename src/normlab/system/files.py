"""Writing a set of files so that a reader never sees half of it."""

import os
import platform
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from normlab.errors import DataError


def check_writable(folder: Path, option: str = "--out") -> None:
    """Raise what `write_all` would, before anything is computed; by trying, and leaving nothing."""
    with _told(folder, option):
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        with tempfile.TemporaryFile(dir=there):  # which has no name to be left behind
            pass


def check_file(path: Path, option: str = "--out") -> None:
    """The same of one file."""
    if path.is_dir():
        raise DataError(f"{option} {str(path)!r} is a folder; give a file.")
    check_writable(path.absolute().parent, option)


def write_all(folder: Path, files: Mapping[str, bytes], option: str = "--out") -> Path:
    """Write files (path inside the folder → content); what else is in the folder is left alone.

    Everything is staged beside its destination and then renamed into place. After an error or an
    interruption all earlier files are as they were; what a killed process staged, the next one removes.

    Errors: DataError when the folder cannot be made or written; it names the `option` that gave it.
    """
    with _told(folder, option):
        folder.mkdir(parents=True, exist_ok=True)
        with staging(folder) as stage:
            new, old = stage / "new", stage / "old"
            _stage(new, files)
            _copy([name for name in files if (folder / name).exists()], folder, old)
            with _restoring(folder, old, files):
                _publish(new, folder, files)
    return folder


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """A hidden folder in a folder, for files that are then renamed into it; its name says whose it is."""
    _remove_left(folder)
    stage = folder / f"{_mine()}{os.getpid()}-{secrets.token_hex(4)}"
    try:  # its name is known before it is there: an interruption at any moment leaves nothing
        stage.mkdir(mode=0o700)
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


@contextmanager
def replacing(path: Path, option: str = "--out") -> Iterator[Path]:
    """Where to write a file that is too large to be held; it takes the place of `path` once it is whole.

    Errors: DataError when the folder cannot be made or written; it names the `option` that gave it.
    """
    with _told(path.parent, option):
        path.parent.mkdir(parents=True, exist_ok=True)
        with staging(path.parent) as stage:
            yield stage / path.name
            os.replace(stage / path.name, path)


def _mine() -> str:
    return f".writing-{re.sub('[^a-zA-Z0-9]', '_', platform.node())}-"


def _remove_left(folder: Path) -> None:
    """What processes of this machine staged and, as they were killed, could not remove."""
    for left in folder.glob(f"{_mine()}*"):
        number = left.name.removeprefix(_mine()).partition("-")[0]
        if number.isdecimal() and not _lives(int(number)):
            shutil.rmtree(left, ignore_errors=True)


def _lives(number: int) -> bool:
    """Whether there is such a process; where asking would end it, yes."""
    if os.name != "posix":
        return True
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # another user's; or no number of a process at all
        return True
    return True


@contextmanager
def _told(folder: Path, option: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else error  # pyarrow writes more
        raise DataError(
            f"cannot write into {str(folder)!r}: {reason}. Give another folder with {option}."
        ) from error


def _stage(stage: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = stage / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _copy(names: Iterable[str], source: Path, target: Path) -> None:
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / name, target / name)


def _publish(source: Path, folder: Path, names: Iterable[str]) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(source / name, folder / name)


@contextmanager
def _restoring(folder: Path, old: Path, names: Iterable[str]) -> Iterator[None]:
    """Several renames are not one: if one fails, undo those before it."""
    try:
        yield
    except BaseException:
        for name in names:
            with suppress(OSError):  # what cannot be put back must not keep the rest from it
                if (old / name).exists():
                    os.replace(old / name, folder / name)
                else:
                    (folder / name).unlink()
        raise
