"""The command line: each room registers its commands; nothing heavy is imported until one runs."""

from normlab.bench import command as bench
from normlab.checks import command as checks
from normlab.cli import table
from normlab.cli.app import app, main
from normlab.conversion import command as conversion
from normlab.doctor import command as doctor
from normlab.doctor import fix_command as fixes
from normlab.explorer import command as explorer
from normlab.fitting import command as fitting
from normlab.grading import command as grading
from normlab.lab.commands import canonical, chapter, cortex, laboratory, training
from normlab.measuring import command as measuring
from normlab.measuring import use_commands

__all__ = ["app", "canonical", "chapter", "cortex", "main", "training"]

for room in (
    table,
    laboratory,
    checks,
    grading,
    conversion,
    doctor,
    fixes,
    fitting,
    explorer,
    measuring,
    use_commands,
    bench,
):
    room.register(app)
