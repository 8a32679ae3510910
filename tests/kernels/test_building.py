"""How the kernels are built, found, forced and switched off."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from command import normlab
from normlab import __version__
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


def test_a_library_of_other_objects_is_linked_anew(monkeypatch, tmp_path):
    """Of other sources, to which one may have come back, or of more or fewer sets."""
    building, objects = build(), [tmp_path / "core-avx2.o", tmp_path / "core-generic.o"]
    library = tmp_path / "lib.so"
    monkeypatch.setattr(building, "LIBRARY", library)
    monkeypatch.setattr(building, "LINKED", tmp_path / "linked")
    assert not building._is_linked(objects)
    library.write_bytes(b"\0" + building.sources().encode())
    building.LINKED.write_text(building._named(objects))
    assert building._is_linked(objects) and not building._is_linked(objects[1:])
    library.write_bytes(b"\0" + b"0" * 16)
    assert not building._is_linked(objects)


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


INSTALLED = """
import sys, torch, normlab
from normlab import cli
x = torch.linspace(-1, 1, 2 * 8 * 16 * 16).view(2, 8, 16, 16)
for layer in (normlab.nn.GDN(8), normlab.nn.BatchNorm(8)):
    print(normlab.explain(layer, x))
assert normlab.nn.LocalResponseNorm(3)(x).allclose(torch.nn.LocalResponseNorm(3)(x))
sys.argv = ["normlab", "--version", "-v"]
cli.main()
"""


def test_a_checkout_without_a_compiler(tmp_path):
    """Its build says so, and what was installed computes with torch's operators, and says why."""
    repository, package = CSRC.parent, tmp_path / "src" / "normlab"
    (tmp_path / "csrc").mkdir()
    (package / "kernels").mkdir(parents=True)
    for path in CSRC.iterdir():
        (tmp_path / "csrc" / path.name).symlink_to(path)
    for path in (repository / "src" / "normlab").iterdir():
        if path.name != "kernels":
            (package / path.name).symlink_to(path)
    for path in (repository / "src" / "normlab" / "kernels").glob("*.py"):
        (package / "kernels" / path.name).symlink_to(path)
    none = {"PATH": str(tmp_path), "PYTHONPATH": str(tmp_path / "src")}
    said = []
    for run in ([str(tmp_path / "csrc" / "build.py")], ["-c", INSTALLED]):
        done = subprocess.run([sys.executable, *run], capture_output=True, text=True, env=none)
        assert done.returncode == 0, done.stderr
        said += done.stdout.splitlines()
    why = "no kernels were built; `make lab` builds them where a C++ compiler is installed"
    assert said == [
        "Kernels: none built (no C++ compiler: g++ is not installed); everything runs on torch's "
        "operators, slower.",
        f"gdn: torch's operators, since {why}",
        "batch_norm: torch's operators",
        f"normlab {__version__}",
        f"torch's operators: {why}",
    ]


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


# what of the library is another, as long as what it stands for
OTHER = {
    "mix": (b"bool keep, bool strict) -> (Tensor, Tensor)\0", b"bool keep) -> (Tensor, Tensor)\0"),
    "cudnn_batch_norm": (b"\0cudnn_batch_norm\0", b"\0cudnn_batch_n0rm\0"),
    "rms": (b"rms(Tensor x, int width,", b"rms(Tensor x, int rows ,"),
    "moments": (b"moments(Tensor x) ->", b"m0ments(Tensor x) ->"),
    "divide": (b"float p, bool keep)", b"float p,  int keep)"),
    "normlab_power_sums": (b"\0normlab_power_sums\0", b"\0normlab_power_sum3\0"),
}
USED = """
import os, sys, torch, normlab
from pathlib import Path
from normlab.kernels import native

def use(library):
    native.LIBRARY = Path(library)
    x = torch.linspace(-1, 1, 8 * 8 * 30 * 40).view(8, 8, 30, 40)
    for layer in (normlab.nn.GDN(8), normlab.nn.BatchNorm(8), normlab.nn.RMSNorm(40)):
        own = x.clone().requires_grad_()
        layer(own).square().sum().backward()
        told = normlab.explain(layer, x)
        assert bool(own.grad.isfinite().all()) and "C++" not in str(told), told
    print(native.status(), flush=True)

torch.set_num_threads(1)
for library in sys.argv[1:]:  # each in a process that has loaded no other, which costs less than a new one
    child = os.fork()
    if not child:
        use(library)
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.mark.skipif(native.in_use() is None, reason=native.status())
def test_a_library_of_another_version_is_recognised_and_left_alone(tmp_path):
    """Copies of the library with another signature: they load, and torch's operators run."""
    given, expected = native.LIBRARY.read_bytes(), []
    for what, (before, after) in OTHER.items():
        assert given.count(before) == 1
        (tmp_path / what).write_bytes(given.replace(before, after.ljust(len(before), b"\0")))
        kind = "function" if what.startswith("normlab") else "operator"
        expected.append(
            f"torch's operators: the kernels were built for another version of normlab ({kind} {what} "
            f"is missing or has another signature); `make kernels` rebuilds them"
        )
    run = [sys.executable, "-c", USED, *(str(tmp_path / what) for what in OTHER)]
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.stdout.splitlines() == expected, done.stderr


def test_the_version_says_what_computes(monkeypatch):
    monkeypatch.setenv("NORMLAB_KERNELS", "off")
    done = normlab("--version", "-v")
    assert done.stdout.splitlines()[1] == (
        "torch's operators: NORMLAB_KERNELS switches the kernels off"
    )
