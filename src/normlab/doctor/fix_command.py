"""normlab doctor recalibrate, fold and convert: the fixes that people come for by name."""

from pathlib import Path
from typing import Annotated, Any

import typer

from normlab.doctor.command import DataOption, SizeOption, WeightsOption, doctor_app
from normlab.system.console import say
from normlab.system.files import check_file
from normlab.system.options import JsonFlag, whole
from normlab.system.progress import bar

ModelArgument = Annotated[
    str,
    typer.Argument(
        help="package.module:callable or file.py:callable that returns a model; its code is run.",
        metavar="MODEL",
    ),
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(help="A layer to change, by its path. May be given again.", metavar="LAYER"),
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        help="Write the new state_dict to this file; without it nothing is written.", metavar="FILE"
    ),
]


def recalibrate_model(
    model: ModelArgument,
    data: DataOption = None,
    weights: WeightsOption = None,
    batch_size: SizeOption = None,
    only: OnlyOption = None,
    out: OutOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Compute running statistics anew, exactly, from data. Without --out, a dry run.

    The dry run does the work too, and shows how far the outputs move.
    """
    if data is None:
        raise typer.BadParameter("give --data PATH, from which the statistics are computed.")
    _by_name("recalibrate", model, data, weights, batch_size, only, out, as_json)


def fold_model(
    model: ModelArgument,
    data: DataOption = None,
    weights: WeightsOption = None,
    batch_size: SizeOption = None,
    only: OnlyOption = None,
    out: OutOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Fold batch norms into the layers before them, for inference. Without --out, a dry run.

    With --data the outputs of both models are compared on it, in the model's dtype and in float64. To load
    the file, use normlab.doctor.fold(model).model.load_state_dict(torch.load(FILE)).
    """
    _by_name("fold", model, data, weights, batch_size, only, out, as_json)


def convert_norms(
    context: typer.Context,
    model: ModelArgument,
    to: Annotated[
        str,
        typer.Option(
            help="group, layer, instance, rms, divisive, frozen, sync, normlab.", metavar="KIND"
        ),
    ] = "group",
    num_groups: Annotated[
        str | None, typer.Option(help="For --to group.", metavar="NUMBER")
    ] = None,
    data: DataOption = None,
    weights: WeightsOption = None,
    batch_size: SizeOption = None,
    only: OnlyOption = None,
    out: OutOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Exchange batch norms for another kind of norm. Without --out, a dry run.

    With --data the new norms are calibrated on it, and the outputs of both models are compared.
    The command normlab convert exchanges other kinds too, and shows more about each layer.
    """
    from normlab.doctor.patient import Options

    groups = whole("num-groups", num_groups)
    settings: dict[str, Any] = {"to": to} | ({} if groups is None else {"num_groups": groups})
    options = Options(convert=context.obj["convert"], settings=settings)
    _by_name("convert", model, data, weights, batch_size, only, out, as_json, options)


def _by_name(
    fix: str,
    place: str,
    data: Path | None,
    weights: Path | None,
    size: str | None,
    only: list[str] | None,
    out: Path | None,
    as_json: bool,
    options: Any = None,
) -> None:
    if out is not None:
        check_file(out)
    from normlab.data.models import model_from
    from normlab.doctor.fixing import treated
    from normlab.doctor.from_words import batches_of
    from normlab.recalibration.batches import Batches

    files = batches_of(data, whole("batch-size", size))
    batches = None if files is None else Batches(files, "--data")
    with bar("Working") as progress:
        made = model_from(place, weights).eval()
        fixed = treated(made, {fix: only}, batches, options, progress=progress)
    give_out(fixed, out, as_json)
    raise typer.Exit(1 if any(row.status == "undone" for row in fixed.table) else 0)


def give_out(fixed: Any, out: Path | None, as_json: bool) -> None:
    """The state_dict first, then the table."""
    from normlab.doctor.from_words import saved
    from normlab.safe import json_text

    written = out is not None and fixed.changed
    if out is not None and written:
        saved(fixed.model, out)
    if as_json:
        say(json_text(fixed.to_json() | {"written": str(out) if written else None}))
        return
    say(str(fixed))
    if written:
        say(f"Written: {out}")
    elif out is not None:
        say(f"Not written: {out}, since nothing was changed.")
    elif fixed.changed:
        say("Nothing was written; give --out FILE.")


def register(app: typer.Typer) -> None:
    """Its place is beside `examine`."""
    doctor_app.command(
        "recalibrate",
        epilog="Example: normlab doctor recalibrate my_net.py:Net --weights w.pt --data x.npy --out new.pt",
    )(recalibrate_model)
    doctor_app.command(
        "fold", epilog="Example: normlab doctor fold my_net.py:Net --weights w.pt --data x.npy"
    )(fold_model)
    doctor_app.command(
        "convert",
        epilog="Example: normlab doctor convert my_net.py:Net --to group --data x.npy --out new.pt",
    )(convert_norms)
