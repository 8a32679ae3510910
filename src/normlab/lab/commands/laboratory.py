"""normlab run: the list of experiments, and what running any of them has in common."""

from copy import copy
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from normlab.system.console import say, stop_if_pressed, too_late
from normlab.system.files import check_writable, write_all

OUT = Path("normlab-out")
OutOption = Annotated[
    Path | None,
    typer.Option(
        help="Folder for report, figures and numbers.  [default: normlab-out/NAME]",
        metavar="FOLDER",
    ),
]
VerifyOption = Annotated[
    Path | None,
    typer.Option(
        help="Run again with the settings of a numbers.json and list what changed; writes nothing.",
        metavar="FILE",
    ),
]


class _Laboratory(TyperGroup):
    """family.member is the family's command, which learns the member's name from its context."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        family, dot, _ = cmd_name.partition(".")
        if not dot or family not in self.commands:
            return super().get_command(ctx, cmd_name)
        from normlab.lab import find

        row = find(cmd_name)
        command = copy(self.commands[family])
        command.help = f"{row.title}. {row.signature}"
        command.epilog = f"Example: normlab run {cmd_name}"
        return command


run_app = typer.Typer(
    cls=_Laboratory,
    help="Run an experiment. Without a name, list the experiments.",
    epilog="Example: normlab run chapter",
    invoke_without_command=True,
    rich_markup_mode=None,
)


@run_app.callback()
def _run(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        from normlab.lab import EXPERIMENTS, members

        for name, experiment in EXPERIMENTS.items():
            print(f"{name:10}{experiment.question}")
            for member in members(name).values():
                print(f"  {f'{name}.{member.name}':38}{member.title}")
        print("\nnormlab run NAME runs one; normlab run NAME --help shows its options.")


def stop_after_verifying(record: Path | None, as_json: bool, **how: Any) -> None:
    """With a record to verify, that is all the command does; how: settings that change no number."""
    if record is not None:
        from normlab.lab.verify import verify_file

        raise typer.Exit(verify_file(record, say, as_json, **how))


def run_experiment(name: str, settings: dict[str, Any], out: Path | None, as_json: bool) -> None:
    """Run with a progress bar, print as it goes, save, and say where everything is."""
    out = OUT / name if out is None else out
    check_writable(out)
    from normlab.lab.console import run_shown
    from normlab.lab.experiment import summary

    result = run_shown(name, settings, say=say if not as_json else lambda line: None)
    files = result.files()
    stop_if_pressed()
    too_late()  # writing takes a moment, and is done whole
    report = write_all(out, files) / "report.html"
    if as_json:
        print(result.json(), end="")
        return
    claims = f"{summary(result.verdicts)}\n" if result.verdicts else ""
    print(f"\n{claims}Report: {report}")


def register(app: typer.Typer) -> None:
    app.add_typer(run_app, name="run")
