"""The command line. Nothing heavy is imported until a command runs; an error is one plain line."""

from normlab.cli import (
    check,
    convert,
    grade,
    run,
    run_cortex,
    table,
)  # their import registers the commands
from normlab.cli.app import main

__all__ = ["check", "convert", "grade", "main", "run", "run_cortex", "table"]
