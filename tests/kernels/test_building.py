"""How the kernels are built, found, forced and switched off."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from command import normlab
from normlab.kernels import native

CSRC = Path(__file__).parents[2] / "csrc"
TOLD = "from normlab.kernels import native; print(native.status())"


def build():
    spec = importlib.util.spec_from_file_location("build_kernels", CSRC / "build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def told(code=TOLD, **variables):
    """What another process says."""
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, capture_output=True, text=True, env=os.environ | variables)
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


@pytest.mark.skipif(native.in_use() is None, reason=native.status())
def test_the_library_is_that_of_these_sources():
    library = native._library()
    library.normlab_sources.restype = native.ctypes.c_char_p
    assert library.normlab_sources().decode() == build().sources(), "run make kernels"


def test_without_a_compiler_there_is_a_line_and_no_failure(monkeypatch, capsys, tmp_path):
    building = build()
    monkeypatch.setenv("CXX", "no-such-compiler")
    monkeypatch.setattr(building, "LIBRARY", tmp_path / "none.so")
    monkeypatch.setattr(sys, "argv", ["build.py"])
    with pytest.raises(SystemExit) as ended:
        building.main()
    assert not ended.value.code
    assert capsys.readouterr().out == (
        "Kernels: none built (no C++ compiler: no-such-compiler is not installed); "
        "everything runs on torch's operators, slower.\n"
    )


def test_switched_off():
    assert told(NORMLAB_KERNELS="off") == (
        "torch's operators: NORMLAB_KERNELS switches the kernels off"
    )


@pytest.mark.skipif(native.in_use() is None, reason=native.status())
def test_forced():
    assert told(NORMLAB_KERNELS="generic").startswith(
        "C++ kernels: generic, as NORMLAB_KERNELS says"
    )


def test_an_unknown_set_is_refused():
    assert "must be one of off, avx512, avx2, generic" in told(NORMLAB_KERNELS="sse")


def test_without_a_library_torch_computes(monkeypatch, tmp_path):
    monkeypatch.setattr(native, "LIBRARY", tmp_path / "none.so")
    assert "no kernels were built" in native._missing()
    broken = tmp_path / "broken.so"
    broken.write_bytes(b"not a library")
    monkeypatch.setattr(native, "LIBRARY", broken)
    assert "the kernels do not load here" in native._missing()


def test_the_version_says_what_computes(monkeypatch):
    monkeypatch.setenv("NORMLAB_KERNELS", "off")
    done = normlab("--version", "-v")
    assert done.stdout.splitlines()[1] == (
        "torch's operators: NORMLAB_KERNELS switches the kernels off"
    )
