"""What is given to be graded, as files: one by one, in folders, in zip files, or held in memory."""

import os
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from normlab.errors import DataError, SettingError
from normlab.grading.parent.memory import UnreadableError, source_of

_CODE = (".py", ".ipynb")
_MOST_BYTES, _MOST_FILES = 1 << 28, 10_000  # in a zip file


@dataclass(frozen=True)
class Submission:
    """A file to grade: its name for the reader, where it is, the class or function in it, or a problem."""

    label: str
    path: Path
    name: str | None = None
    problem: str = ""


def submissions(given: Any, folder: Path) -> Iterator[Submission]:
    """All files of what was given; `folder` holds what is not a file yet."""
    if not isinstance(given, str | os.PathLike):
        yield _in_memory(given, folder)
        return
    text = os.fspath(given)
    path, name = target(text)
    if path.is_dir():
        yield from _in_folder(path, path, name)
    elif path.suffix == ".zip":
        inside = Path(tempfile.mkdtemp(dir=folder))
        yield from unpacked(path, inside)
        yield from _in_folder(inside, path, name)
    else:
        yield Submission(text, path.resolve(), name, _problem(path))


def labels(targets: Iterable[Any]) -> list[str]:
    """The names of all that would be graded."""
    with tempfile.TemporaryDirectory(prefix="normlab-grade-") as folder:
        return [one.label for given in targets for one in submissions(given, Path(folder))]


def target(text: str) -> tuple[Path, str | None]:
    """FILE or FILE:Name as path and name.

    >>> target("my_bn.py:MyBatchNorm")
    (PosixPath('my_bn.py'), 'MyBatchNorm')
    """
    path, colon, name = text.rpartition(":")
    held = path.endswith((*_CODE, ".zip")) or (bool(path) and Path(path).is_dir())
    return (Path(path), name) if colon and name.isidentifier() and held else (Path(text), None)


def _problem(path: Path) -> str:
    """What keeps this from being a file to grade."""
    if path.suffix not in _CODE:
        return "is no Python file; its name must end in .py or .ipynb"
    try:
        path.open("rb").close()
    except OSError as error:
        return f"cannot be opened ({error.strerror}); check path and rights"
    return ""


def _in_folder(folder: Path, shown: Path, name: str | None) -> Iterator[Submission]:
    """The files of code below a folder, but for hidden ones."""
    found = [
        path for path in sorted(folder.rglob("*"), key=_order)
        if path.suffix in _CODE and path.is_file()
        and not any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)
    ]  # fmt: skip
    if not found:
        raise DataError(f"{str(shown)!r} holds no file that ends in .py or .ipynb; give another.")
    for path in found:
        label = str(shown / path.relative_to(folder))
        yield Submission(label, path.resolve(), name, _problem(path))


def _order(path: Path) -> list[Any]:
    """As a reader sorts: numbers by their size."""
    return [int(part) if part.isdigit() else part for part in re.split(r"([0-9]+)", str(path))]


def unpacked(path: Path, folder: Path) -> Iterator[Submission]:
    """Put the code of a zip file into a folder; what must not be unpacked comes back with its problem."""
    try:
        with zipfile.ZipFile(path) as archive:
            held = [one for one in archive.infolist() if not one.is_dir()]
            size = sum(one.file_size for one in held)
            if size > _MOST_BYTES or len(held) > _MOST_FILES:
                raise DataError(
                    f"{str(path)!r} holds {len(held)} files, unpacked {size / 1e6:.0f} MB; a zip file may "
                    f"hold {_MOST_FILES} files and {_MOST_BYTES / 1e6:.0f} MB. Give a folder instead."
                )
            for one in held:
                name = PurePosixPath(one.filename.replace("\\", "/"))
                if name.suffix not in _CODE:
                    continue
                if name.is_absolute() or ".." in name.parts or ":" in one.filename:
                    problem = "its path leads out of the zip file, so it is not unpacked"
                    yield Submission(f"{path}/{one.filename}", path, None, problem)
                    continue
                place = folder / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(archive.read(one))  # a link is written as a file of its text
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(
            f"{str(path)!r} cannot be unpacked ({reason}); check the zip file."
        ) from error


def _in_memory(given: Any, folder: Path) -> Submission:
    name = getattr(given, "__name__", None)
    if not callable(given) or not isinstance(name, str) or not name.isidentifier():
        raise SettingError(
            f"grade: a {type(given).__name__} given; name the file that holds your class or function, or "
            f"give it as it is: normlab.grade('my_bn.py:MyBatchNorm')."
        )
    inside = Path(tempfile.mkdtemp(dir=folder))
    path = inside / f"{name}.py"
    try:
        path.write_text(source_of(given), encoding="utf-8")
    except UnreadableError as problem:
        return Submission(name, path, name, str(problem))
    return Submission(name, path, name)
