"""The command line. Nothing heavy is imported until a command runs; an error is one plain line."""

# their import registers the commands
from normlab.cli import (
    check,
    convert,
    explore,
    grade,
    run,
    run_canonical,
    run_cortex,
    run_training,
    table,
)
from normlab.cli.app import main

__all__ = [
    "check",
    "convert",
    "explore",
    "grade",
    "main",
    "run",
    "run_canonical",
    "run_cortex",
    "run_training",
    "table",
]
