"""Compiles the kernels into src/normlab/kernels/libkernels.so, with the headers of the installed torch.

The object of a set is compiled again when a source, the compiler or its options have changed.

    python csrc/build.py             generic, and the best set that this processor has
    python csrc/build.py --all       every set of this kind of processor
    python csrc/build.py --sanitize  with AddressSanitizer and UndefinedBehaviorSanitizer
"""

import argparse
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

HERE = Path(__file__).parent
KEPT = HERE.parent / "build" / "kernels"
LINKED = KEPT / "linked"  # the objects of the library
LIBRARY = HERE.parent / "src" / "normlab" / "kernels" / "libkernels.so"
SETS = {  # the best first
    "avx512": ["-march=x86-64-v4", "-mprefer-vector-width=512"],
    "avx2": ["-march=x86-64-v3"],
    "generic": [],
}
OPTIONS = ["-std=c++17", "-O3", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra"]
OPTIONS += ["-fno-math-errno", "-fno-trapping-math", f"-ffile-prefix-map={HERE}=csrc"]
STABLE = ["-DTORCH_TARGET_VERSION=0x020a000000000000"]  # 2.10, and all that come after
SANITIZE = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-g"]
OLDEST = (2, 10)
Job = tuple[str, str, list[str]]  # file, name of the object, options of its own


class CannotBuildError(Exception):
    """Why there are no kernels here; the rest of the package works without them."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Compile the kernels.")
    parser.add_argument("--all", action="store_true", help="every instruction set")
    parser.add_argument("--sanitize", action="store_true", help="with sanitizers")
    given = parser.parse_args()
    try:
        print(built(all_sets=given.all, sanitize=given.sanitize))
    except CannotBuildError as reason:
        LIBRARY.unlink(missing_ok=True)
        print(f"Kernels: none built ({reason}); everything runs on torch's operators, slower.")
        sys.exit(given.all or given.sanitize)


def built(*, all_sets: bool, sanitize: bool) -> str:
    started, compiler, torch = time.monotonic(), _compiler(), _torch()
    sets = _sets(compiler, all_sets)
    options = OPTIONS + (SANITIZE if sanitize else [])
    KEPT.mkdir(parents=True, exist_ok=True)
    jobs: list[Job] = [
        (f"{part}.cpp", f"{part}-{name}", [*SETS[name], f"-DSET={name}"])
        for name in sets
        for part in ("core", "norms", "mixing")
    ]
    jobs += [
        ("sums.cpp", f"sums-{name}", [*SETS[name], f"-DSET={name}", "-ffp-contract=off"])
        for name in sets
    ]
    listed = "".join(f" of({name})" for name in sets)
    binding = [*STABLE, f"-I{torch / 'include'}", f"-DNORMLAB_SETS(of)={listed}"]
    jobs += [(f"{part}_library.cpp", f"{part}_library", binding) for part in ("norms", "mixing")]
    jobs.append(("library.cpp", "library", [*binding, f'-DNORMLAB_HASH="{sources()}"']))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(lambda job: _object(compiler, job, options), jobs))
    what = " and ".join(sets)
    if _is_linked(objects):
        return f"Kernels: up to date ({what})"
    _link(compiler, torch, objects, SANITIZE if sanitize else [])
    return f"Kernels: built for {what} in {time.monotonic() - started:.0f} s"


def sources(*named: str) -> str:
    """The hash of what the files named, or the whole library, are made of."""
    files = set(named or {path.name for path in HERE.glob("*.cpp")} - {"check.cpp"})
    while more := {name for file in files for name in _included(file)} - files:
        files |= more
    text = b"".join((HERE / name).read_bytes() for name in sorted(files))
    return hashlib.sha256(text).hexdigest()[:16]


def _included(file: str) -> list[str]:
    return re.findall(r'^#include "(.+)"', (HERE / file).read_text(), re.MULTILINE)


def _compiler() -> str:
    asked = os.environ.get("CXX", "")
    found = shutil.which(asked or "g++") or shutil.which(asked or "c++")
    if found is None:
        raise CannotBuildError(f"no C++ compiler: {asked or 'g++'} is not installed")
    return found


def _torch() -> Path:
    """The folder of the torch that is installed, without importing it."""
    try:
        torch = distribution("torch")
    except PackageNotFoundError:
        raise CannotBuildError("torch is not installed") from None
    version = tuple(int(part) for part in torch.version.split(".")[:2])
    if version < OLDEST:
        raise CannotBuildError(f"torch {torch.version} is older than {OLDEST[0]}.{OLDEST[1]}")
    folder = Path(str(torch.locate_file("torch")))
    if not (folder / "include/torch/csrc/stable/library.h").exists():
        raise CannotBuildError("this torch comes without its headers")
    return folder


def _sets(compiler: str, all_sets: bool) -> list[str]:
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return ["generic"]
    if all_sets:
        return list(SETS)
    return [*[name for name in ("avx512", "avx2") if _runs_here(compiler, name)][:1], "generic"]


def _runs_here(compiler: str, name: str) -> bool:
    """Whether this processor has what the compiler's -march=native says it has."""
    wanted = {"avx512": "__AVX512DQ__", "avx2": "__AVX2__"}[name]
    command = [compiler, "-march=native", "-dM", "-E", "-x", "c++", os.devnull]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    return wanted in told.stdout


def _object(compiler: str, job: Job, options: list[str]) -> Path:
    file, name, own = job
    text = "\0".join([sources(file), compiler, _version(compiler), *own, *options])
    path = KEPT / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.o"
    if path.exists():
        return path
    part = path.with_suffix(f".{os.getpid()}")
    _run([compiler, *options, *own, "-c", str(HERE / file), "-o", str(part)])
    part.replace(path)
    return path


def _version(compiler: str) -> str:
    return subprocess.run(
        [compiler, "--version"], capture_output=True, text=True, check=False
    ).stdout


def _is_linked(objects: list[Path]) -> bool:
    """Whether the library is of these objects, whose names hold all that they were made of."""
    same = LINKED.exists() and LINKED.read_text() == _named(objects)
    return same and LIBRARY.exists() and sources().encode() in LIBRARY.read_bytes()


def _named(objects: list[Path]) -> str:
    return "\n".join(path.name for path in objects)


def _link(compiler: str, torch: Path, objects: list[Path], more: list[str]) -> None:
    part = LIBRARY.with_suffix(f".{os.getpid()}")
    strip = [] if more or sys.platform == "darwin" else ["-s", "-Wl,--allow-shlib-undefined"]
    own = [f"-L{torch / 'lib'}", "-ltorch_cpu"]  # only named: it is loaded when torch is imported
    _run([compiler, "-shared", *more, *strip, *map(str, objects), *own, "-o", str(part)])
    part.replace(LIBRARY)
    LINKED.write_text(_named(objects))


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error" in line] or ["no message"]
        raise CannotBuildError(f"{Path(command[0]).name} failed: {lines[0].strip()}")


if __name__ == "__main__":
    main()
