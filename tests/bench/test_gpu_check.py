"""The checks for a GPU, run on the CPU: they hold here, and what is wrong is named."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import normlab
from normlab.bench import gpu, gpu_checks
from normlab.bench.gpu_checks import Checked

ROOT = Path(normlab.__file__).parents[1]
NO_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")


def test_all_checks_hold_on_the_cpu(tmp_path, capsys):
    assert gpu.main(["--device", "cpu", "--out", str(tmp_path), "--no-compile"]) == 0
    read = json.loads((tmp_path / "gpu-check.json").read_text())
    assert len(read["checks"]) > 140 and all(check["holds"] for check in read["checks"])
    assert [row["layer"] for row in read["timings"]] == ["batch", "batch", "rms", "rms"]
    page = (tmp_path / "gpu-check.md").read_text()
    assert f"{len(read['checks'])} of {len(read['checks'])} checks hold." in page
    assert page in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_compiled_layers_hold_on_the_cpu():
    found = list(gpu_checks.compiled("cpu", ("rms",)))
    assert [one.what for one in found] == ["rms, compiled"] and found[0].holds


def test_at_most_eight_rows_are_compiled():
    assert len(gpu_checks.COMPILED) <= 8
    assert sum(case.aim is not None for case in gpu.TIMED) <= 8


def test_arrays_that_are_timed_have_4_mebibytes():
    for case in gpu.TIMED:
        assert torch.Size(case.shape).numel() * gpu.DTYPES[case.dtype].itemsize >= gpu.MUCH, case


def test_a_check_that_does_not_hold_is_named(monkeypatch, tmp_path, capsys):
    def bad(device):
        yield Checked("made up", 3.5)
        yield gpu_checks._guarded("broken", lambda: 1 / 0)

    monkeypatch.setattr(gpu, "CHECKS", {"numbers": bad})
    monkeypatch.setattr(gpu, "SMALL", ())
    assert gpu.main(["--device", "cpu", "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "numbers: 0 of 2 hold" in said and "made up: 3.5 × what rounding allows" in said
    assert "broken: ZeroDivisionError: division by zero" in said


def test_what_there_was_no_time_for_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(gpu, "CHECKS", {})
    assert gpu.main(["--device", "cpu", "--out", str(tmp_path), "--minutes", "1e-9"]) == 0
    assert "No time was left for: batch, float32, contiguous; rms" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param((), "finds no CUDA GPU on this machine", marks=NO_GPU),
        (("--device", "tpu"), "--device 'tpu' given; it must be cuda, cuda:NUMBER or cpu."),
        (("--device", "cpu", "--minutes", "0"), "--minutes 0 given; it must be above 0."),
    ],
)
def test_bad_input(arguments, said, capsys):
    assert gpu.main(list(arguments)) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


@NO_GPU
def test_it_needs_torch_alone():
    """As where nothing is installed: the packages of this environment but torch's own are hidden."""
    hidden = ("typer", "rich", "matplotlib", "jinja2", "pyarrow", "datasketches", "scipy")
    code = (
        f"import sys, runpy; sys.modules.update(dict.fromkeys({hidden}));"
        "sys.argv = ['gpu']; runpy.run_module('normlab.bench.gpu', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 2 and "finds no CUDA GPU" in done.stderr, done.stderr
