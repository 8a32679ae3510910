"""normlab bench: how fast every layer is here."""

from pathlib import Path
from typing import Annotated

import typer

from normlab.errors import SettingError, need
from normlab.system.files import check_file
from normlab.system.options import JsonFlag, whole

_MOST_THREADS = 1024


def bench(
    quick: Annotated[
        bool, typer.Option("--quick", help="A few smaller arrays, under a minute.")
    ] = False,
    table: Annotated[
        bool, typer.Option("--table", help="Only the rows that have figures to reach.")
    ] = False,
    only: Annotated[
        str, typer.Option(help="Only the layers whose name begins so: batch.", metavar="NAME")
    ] = "",
    no_compile: Annotated[
        bool, typer.Option("--no-compile", help="Leave torch.compile out, which takes minutes.")
    ] = False,
    networks: Annotated[
        bool,
        typer.Option("--networks", help="Also training steps of networks (needs torchvision)."),
    ] = False,
    rounds: Annotated[str, typer.Option(help="Interleaved rounds.", metavar="NUMBER")] = "15",
    threads: Annotated[
        str | None,
        typer.Option(help="Threads of torch.  [default: as torch has it]", metavar="NUMBER"),
    ] = None,
    processor_time: Annotated[
        bool,
        typer.Option(
            "--processor-time",
            help="Measure the processor's time, which the load of others hardly touches; on one thread.",
        ),
    ] = False,
    default_allocator: Annotated[
        bool,
        typer.Option("--default-allocator", help="Do not let the C library keep what was freed."),
    ] = False,
    picture: Annotated[
        Path | None,
        typer.Option("--figure", help="Write the figure: .svg or .png.", metavar="FILE"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the tables as a page: .md.", metavar="FILE")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Time every layer against torch's own, the equation in torch's operators, torch.compile and a copy.

    Every y and every gradient is compared with float64 before it is timed. Exit code 2 where one is wrong.
    """
    for path, endings, option in (
        (picture, (".svg", ".png"), "--figure"),
        (out, (".md",), "--out"),
    ):
        if path is not None and path.suffix.lower() not in endings:
            raise SettingError(
                f"{option} {str(path)!r} given; its name must end in {' or '.join(endings)}."
            )
        if path is not None:
            check_file(path, option)
    if picture is not None:
        need("--figure", "report")
    numbers = {"rounds": whole("rounds", rounds), "threads": whole("threads", threads)}
    if (given := numbers["rounds"]) is not None and given < 2:
        raise SettingError(f"--rounds {given} given; it must be at least 2.")
    if (given := numbers["threads"]) is not None and not 1 <= given <= _MOST_THREADS:
        raise SettingError(f"--threads {given} given; it must be from 1 to {_MOST_THREADS}.")
    from normlab.bench.from_words import told

    told(
        quick=quick,
        table=table,
        only=only,
        compiled=not (no_compile or quick),
        networks=networks,
        rounds=numbers["rounds"] or 2,
        threads=1 if processor_time else numbers["threads"],
        processor_time=processor_time,
        tuned=not default_allocator,
        picture=picture,
        page=out,
        json=as_json,
    )


def register(app: typer.Typer) -> None:
    app.command("bench", epilog="Example: normlab bench --quick --figure speeds.svg")(bench)
