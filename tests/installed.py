"""That an installed normlab works where its repository is not: run by make sdist and make wheel."""

import subprocess
import sys
import tempfile
from pathlib import Path

import normlab

STUDENT = """
import torch

def l2_norm(x, eps=1e-12):
    return x / x.flatten(1).norm(dim=1).clamp_min(eps).reshape(-1, *[1] * (x.dim() - 1))
"""
COMMANDS = (
    ("--version", "-v"),
    ("list",),
    ("show", "batch", "--in", "keras"),
    ("run", "chapter", "--samples", "64"),
    ("check", "torch.nn:LayerNorm", "--shape", "4,6"),
    ("grade", "student.py", "--row", "l2"),
    ("measure", "numbers.csv", "--out", "stats.json"),
    ("apply", "stats.json", "numbers.csv", "--out", "normalised.csv"),
    ("explore", "--export", "page.html"),
)


def main() -> None:
    assert "site-packages" in normlab.__file__, normlab.__file__
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "student.py").write_text(STUDENT, "utf-8")
        Path(folder, "numbers.csv").write_text("a,b\n1,10\n2,30\n3,20\n", "utf-8")
        for command in COMMANDS:
            done = subprocess.run([sys.executable, "-I", "-m", "normlab", *command], cwd=folder,
                                  capture_output=True, text=True)  # fmt: skip
            assert done.returncode == 0, (command, done.stdout[-500:], done.stderr[-500:])
    print(f"normlab {normlab.__version__}: {len(COMMANDS)} commands work")


if __name__ == "__main__":
    main()
