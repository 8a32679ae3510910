"""The public interface as it is now, one text for each kind of it; `FILES` says which file holds which."""

import inspect
import io
import json
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import torch
from typer.main import get_command

from normlab import lab, measure, nn
from normlab.cli.app import app
from normlab.explorer.model.state import DOMAINS, VERSION, State, row_settings
from normlab.lab import EXPERIMENTS, members
from normlab.lab.cortex.model import V1
from signatures import annotation, keys_of, lines_of, members_of, ours, shown

HERE = Path(__file__).parent
EXAMPLES = HERE / "examples"

# modules that are imported by name, outside this repository too
MODULES = (
    "normlab",
    "normlab.functional",
    "normlab.nn",
    "normlab.nn.beyond",
    "normlab.data",
    "normlab.data.examples",
    "normlab.lab",
    "normlab.errors",
    "normlab.filters",
    "normlab.grading",
    "normlab.interop",
    "normlab.doctor",
    "normlab.nn.registry",
    "normlab.lab.cortex.parameters",
)
# classes that public names return, take or are made with, which are imported from no public module
CLASSES = (
    ("normlab.equation.row", "Norm", "Setting", "Sigma", "Source"),
    ("normlab.equation.domains", "Domain"),
    ("normlab.checks.finding", "Finding"),
    ("normlab.conversion.exchange", "Change", "Conversion"),
    ("normlab.fitting.fit", "Fit"),
    ("normlab.responses.parameters", "Estimate"),
    ("normlab.measuring.network.affine", "Standardize"),
    ("normlab.lab.experiment", "Claim", "Record", "Result", "Verdict"),
    ("normlab.lab.family", "Family", "Member", "Near", "Study"),
    ("normlab.lab.cortex.model", "Response", "V1"),
    ("normlab.lab.cortex.stimuli", "Screen"),
)


def python() -> Iterator[str]:
    """Every public name and its signature."""
    for name in MODULES:
        module = import_module(name)
        yield f"\n[{name}]"
        for member, value in sorted(members_of(module).items()):
            yield from lines_of(member, value)
    for name, *classes in CLASSES:
        yield f"\n[{name}]"
        for member in classes:
            yield from lines_of(member, getattr(import_module(name), member))

    yield "\n[attributes that objects are given when they are made]"
    own = set(vars(torch.nn.Module()))
    made = {title: make() for title, make in ({"V1()": V1} | LAYERS).items()}
    for title, value in made.items():
        if not ours(type(value)):
            continue
        names = sorted(name for name in set(vars(value)) - own if not name.startswith("_"))
        yield f"{title}: {', '.join(names)}"


def command_line() -> Iterator[str]:
    """Every command with its arguments and options; of a family of experiments also its members."""
    yield from _command("normlab", get_command(app))
    for family in EXPERIMENTS:
        for member in members(family):
            yield f"normlab run {family}.{member}: as normlab run {family}"


def _command(path: str, command: Any) -> Iterator[str]:
    yield f"\n{path}"
    written = inspect.signature(command.callback).parameters
    for option in command.params:
        yield f"    {_option(option, written[option.name])}"
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        yield from _command(f"{path} {name}", inner)


def _option(option: Any, written: inspect.Parameter) -> str:
    """Names and the word for a value; type and default as they are written, whatever typer makes of them."""
    names = ", ".join([*option.opts, *option.secondary_opts])
    metavar = f" {option.metavar}" if option.metavar else ""
    required = written.default is written.empty
    default = " (required)" if required else f" = {shown(written.default)}"
    return f"{names}{metavar}: {annotation(get_args(written.annotation)[0])}{default}"


def printed(*arguments: str) -> Any:
    """What a command prints as JSON."""
    out, words = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(words):
        app(list(arguments), standalone_mode=False)
    return json.loads(out.getvalue())


def json_files() -> Iterator[str]:
    """The keys of all JSON that is written or printed."""
    chapter = lab.run("chapter", samples=16)
    texts: dict[str, Any] = {
        "numbers.json of the chapter": json.loads(chapter.json()),
        "normlab list --json": printed("list", "--json"),
        "normlab show batch --json": printed("show", "batch", "--json"),
        "normlab show batch --in keras --json": printed("show", "batch", "--in", "keras", "--json"),
        "normlab check --json": printed("check", "torch.nn:BatchNorm2d", "--shape", "4,2,3,3", "--set",
                                        "num_features=2", "--json"),
        "normlab convert --json": printed("convert", f"{EXAMPLES / 'net.py'}:Net", "--to", "group",
                                          "--shape", "4,2,3,3", "--json"),
        "normlab grade --json": printed("grade", str(EXAMPLES / "l2.py"), "--solution", "--json"),
        "normlab fit --json": printed("fit", str(HERE.parents[1] / "examples" / "neuron.csv"), "--json"),
        "normlab run chapter --verify --json": printed("run", "chapter", "--verify",
                                                       str(EXAMPLES / "numbers.json"), "--json"),
    }  # fmt: skip
    texts |= _measured() | _examined()
    for title, value in texts.items():
        yield f"\n[{title}]"
        yield from dict.fromkeys(keys_of(value))
    for family in EXPERIMENTS:
        yield f"\n[numbers.json of {family}: settings, and claims]"
        kind = import_module(EXPERIMENTS[family].module).FAMILY.settings
        yield from (f".settings.{field.name}" for field in fields(kind))
        for member in members(family).values():
            yield from (f".verdicts[].claim = {member.full(claim.name)}" for claim in member.claims)


def _examined() -> dict[str, Any]:
    """What the doctor prints of a model, with the plan of the fixes, and of one fix by name."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "x.pt"
        torch.save(torch.randn(64, 2, 3, 3, generator=torch.Generator().manual_seed(0)), file)
        given = (f"{EXAMPLES / 'net.py'}:Net", "--data", str(file), "--json")
        return {
            "normlab doctor --fix --json": printed("doctor", *given, "--fix"),
            "normlab doctor recalibrate --json": printed("doctor", "recalibrate", *given),
        }


def _measured() -> dict[str, Any]:
    """What the commands of statistics write and print."""
    with TemporaryDirectory() as folder:
        table, stats, copy = (str(Path(folder, name)) for name in ("t.csv", "stats.json", "n.csv"))
        Path(table).write_text("a,b\n1,2\n3,5\n")
        return {
            "stats.json, as normlab measure --json": printed(
                "measure", table, "--out", stats, "--json"
            ),
            "normlab apply --json": printed("apply", stats, table, "--out", copy, "--json"),
            "normlab diff --json": printed("diff", stats, stats, "--json"),
        }


def links() -> Iterator[str]:
    """What a link of the explorer may hold: name, what it must be, and what it is when it is left out."""
    begin = State()
    yield f"v: {VERSION}"
    yield "own: the text of a table"
    yield "own_name: the name of its file"
    for name, domain in DOMAINS.items():
        yield f"{name}: {domain.text} = {shown(getattr(begin, name))}"
    for name, setting in row_settings().items():
        yield f"{name}: {setting.domain.text} = that of the row"


Make = Callable[[], torch.nn.Module]
LAYERS: dict[str, Make] = {
    "BatchNorm(2)": lambda: nn.BatchNorm(2),
    "BatchNorm(2, affine=False)": lambda: nn.BatchNorm(2, affine=False),
    "BatchNorm(2, track_running_stats=False)": lambda: nn.BatchNorm(2, track_running_stats=False),
    "LayerNorm(2)": lambda: nn.LayerNorm(2),
    "LayerNorm2d(2)": lambda: nn.LayerNorm2d(2),
    "RMSNorm(2)": lambda: nn.RMSNorm(2),
    "GroupNorm(1, 2)": lambda: nn.GroupNorm(1, 2),
    "InstanceNorm(2)": lambda: nn.InstanceNorm(2),
    "InstanceNorm(2, affine=True, track_running_stats=True)": lambda: nn.InstanceNorm(
        2, affine=True, track_running_stats=True
    ),
    "L2Norm()": lambda: nn.L2Norm(),
    "LocalResponseNorm(3)": lambda: nn.LocalResponseNorm(3),
    "LocalContrastNorm(2)": lambda: nn.LocalContrastNorm(2),
    "GDN(2)": lambda: nn.GDN(2),
    "DivisiveNorm(2)": lambda: nn.DivisiveNorm(2),
    "DivisiveNorm(2, learn_sigma=False, affine=False)": lambda: nn.DivisiveNorm(
        2, learn_sigma=False, affine=False
    ),
    "DivisiveNorm(2, learn_power=True, learn_pool=True)": lambda: nn.DivisiveNorm(
        2, learn_power=True, learn_pool=True
    ),
    "DivisiveNorm(2, kernel=(3, 3))": lambda: nn.DivisiveNorm(2, kernel=(3, 3)),
    "V1Block(orientations=2, frequencies=(0.25,))": lambda: nn.V1Block(
        orientations=2, frequencies=(0.25,)
    ),
    "measure(…).as_module()": lambda: measure(torch.arange(4.0).reshape(2, 2)).as_module(),
    "beyond.BatchRenorm(2)": lambda: nn.beyond.BatchRenorm(2),
    "beyond.DynamicTanh(2)": lambda: nn.beyond.DynamicTanh(2),
    "beyond.FilterResponseNorm(2)": lambda: nn.beyond.FilterResponseNorm(2),
    "beyond.FrozenBatchNorm(2)": lambda: nn.beyond.FrozenBatchNorm(2),
    "beyond.GhostBatchNorm(2, 4)": lambda: nn.beyond.GhostBatchNorm(2, 4),
    "beyond.GlobalResponseNorm(2)": lambda: nn.beyond.GlobalResponseNorm(2),
    "beyond.PositionalNorm(2)": lambda: nn.beyond.PositionalNorm(2),
    "beyond.ScaleNorm(2)": lambda: nn.beyond.ScaleNorm(2),
    "beyond.WeightStandardization()": lambda: nn.beyond.WeightStandardization(),
    "beyond.standardize_weights(torch.nn.Conv1d(2, 2, 3))": lambda: nn.beyond.standardize_weights(
        torch.nn.Conv1d(2, 2, 3)
    ),
}


def state_dicts() -> Iterator[str]:
    """The keys of every layer's state_dict, with shape and dtype."""
    for title, make in LAYERS.items():
        yield f"\n{title}"
        for key, value in make().state_dict().items():
            yield f"    {key}: {tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"


FILES: dict[str, Callable[[], Iterator[str]]] = {
    "python.txt": python,
    "command_line.txt": command_line,
    "json.txt": json_files,
    "links.txt": links,
    "state_dicts.txt": state_dicts,
}


def text_of(name: str) -> str:
    return "\n".join(FILES[name]()).strip() + "\n"
