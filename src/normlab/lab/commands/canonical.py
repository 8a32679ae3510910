"""normlab run canonical: its options, for the whole family and for each of its members."""

from typing import Annotated

import typer

from normlab.lab.commands.laboratory import (
    OutOption,
    VerifyOption,
    run_app,
    run_experiment,
    stop_after_verifying,
)
from normlab.system.options import JsonFlag, whole


@run_app.command("canonical", epilog="Example: normlab run canonical --seed 1")
def run_canonical(
    context: typer.Context,
    seed: Annotated[
        str,
        typer.Option(help="Random seed for spike counts, odours and mixtures.", metavar="NUMBER"),
    ] = "0",
    out: OutOption = None,
    verify: VerifyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """The same division from the retina to attention, on photographs, and in networks.

    Each experiment alone: normlab run canonical.retina. With no name `normlab run` lists them.
    """
    stop_after_verifying(verify, as_json)
    run_experiment(context.info_name or "canonical", {"seed": whole("seed", seed)}, out, as_json)
