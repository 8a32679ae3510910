"""Keeps this process from the network and from writing outside a folder, for good: Linux, as any user.

Two of the kernel's own means, neither of which needs rights: Landlock for files (since Linux 5.13, where it
is switched on) and a filter of system calls (seccomp). Where one is missing, `confine` says so.
"""

import ctypes
import os
import platform
import struct
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_LOOK = 0.01  # seconds between two looks at what is left
_NO_NEW_PRIVILEGES, _ADOPT = 38, 36  # of prctl
_CREATE, _ADD_RULE, _RESTRICT = (
    444,
    445,
    446,
)  # Landlock's system calls, the same on every processor
_VERSION, _BENEATH = 1, 1
_WRITE_FILE, _TRUNCATE = 1 << 1, 1 << 14
# what Landlock calls writing, by the version that knows it: write, remove, make; move; truncate
_WRITING = {1: sum(1 << bit for bit in (1, *range(4, 13))), 2: 1 << 13, 3: _TRUNCATE}
_SCOPES = 0b11  # since version 6: no signal and no abstract socket to those outside
_RULESETS = {1: "Q", 4: "QQ", 6: "QQQ"}  # files, network, scopes

_FILTER_MODE, _ALL_THREADS = 1, 1  # of seccomp
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # instructions of the filter
_OTHER_NUMBERS = 0x40000000  # from here on x86 counts its calls a second time
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1  # with EPERM


@dataclass(frozen=True)
class _Processor:
    """A processor's name in the kernel, the number of seccomp, and those of the calls that are refused:
    sockets, a session or group of its own, another process's memory, rights and owners of files, and the ring
    that bypasses filters.
    """

    name: int
    seccomp: int
    refused: tuple[int, ...]


_PROCESSORS = {
    "x86_64": _Processor(
        0xC000003E, 317,
        (41, 109, 112, 101, 310, 311, 90, 91, 268, 452, 92, 93, 94, 260, 188, 189, 190, 425),
    ),
    "aarch64": _Processor(
        0xC00000B7, 277, (198, 154, 157, 117, 270, 271, 52, 53, 452, 54, 55, 5, 6, 7, 425)
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Confined:
    """What a process is kept from."""

    network: bool
    files: bool


def confine(folder: Path) -> Confined:
    """Keep this process, and all it starts, from the network and from writing outside the folder."""
    if sys.platform != "linux":
        return Confined(network=False, files=False)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return Confined(network=False, files=False)
    return Confined(files=_keep_files(libc, folder), network=_refuse_calls(libc))


def adopt() -> None:
    """Become the parent of what children leave behind, so that `end_children` finds it. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_ADOPT, 1, 0, 0, 0)


def end_children() -> None:
    """Kill all children of this process, and those that they leave to it, until there are none."""
    while True:
        for pid in _children():
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
        try:
            ended, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not ended:
            time.sleep(_LOOK)


def _children() -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError):
            after_name = entry.read_text(errors="replace").rpartition(")")[2].split()
            if int(after_name[1]) == os.getpid():
                found.append(int(entry.parent.name))
    return found


def _keep_files(libc: ctypes.CDLL, folder: Path) -> bool:
    """By Landlock: write below the folder alone, and into /dev/null; signal none but one's own."""
    version = libc.syscall(_CREATE, None, 0, _VERSION)
    if version < 1:
        return False
    writing = sum(rights for since, rights in _WRITING.items() if since <= version)
    layout = _RULESETS[max(since for since in _RULESETS if since <= version)]
    attributes = struct.pack(layout, *(writing, 0, _SCOPES)[: len(layout)])
    rules = libc.syscall(_CREATE, attributes, len(attributes), 0)
    if rules < 0:
        return False
    try:
        into_null = writing & (_WRITE_FILE | _TRUNCATE)
        allowed = _allow(libc, rules, folder, writing) and _allow(
            libc, rules, Path(os.devnull), into_null
        )
        return allowed and libc.syscall(_RESTRICT, rules, 0) == 0
    finally:
        os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: Path, rights: int) -> bool:
    held = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        return libc.syscall(_ADD_RULE, rules, _BENEATH, struct.pack("=Qi", rights, held), 0) == 0
    finally:
        os.close(held)


def _refuse_calls(libc: ctypes.CDLL) -> bool:
    """By a filter of system calls, in all threads of this process and in all that it starts."""
    processor = _PROCESSORS.get(platform.machine())
    if processor is None:
        return False
    code = _program(processor)
    held = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(held))
    return libc.syscall(processor.seccomp, _FILTER_MODE, _ALL_THREADS, program) == 0


def _program(processor: _Processor) -> bytes:
    """The filter: refuse another processor's calls, and those that are listed; allow the rest."""
    refused = processor.refused
    count = len(refused)
    lines = [
        (_LOAD, 0, 0, 4),  # the processor's name
        (_EQUAL, 0, count + 3, processor.name),
        (_LOAD, 0, 0, 0),  # the call's number
        (_AT_LEAST, count + 1, 0, _OTHER_NUMBERS),
        *((_EQUAL, count - place, 0, number) for place, number in enumerate(refused)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("HBBI", *line) for line in lines)
