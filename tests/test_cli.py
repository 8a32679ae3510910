"""The command line as its user sees it: real processes, what they print and leave behind."""

import contextlib
import html
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest
from sklearn.datasets import load_iris, load_wine

from command import NORMLAB, PATIENCE, here, normlab
from normlab import __version__, table

HELPS = [
    (),
    ("list",),
    ("show",),
    ("run",),
    ("run", "chapter"),
    ("run", "cortex"),
    ("run", "cortex.size-tuning"),
]
LOADED = """
import sys
sys.argv = ["normlab", *sys.argv[1:]]
from normlab.cli import main
try:
    main()
finally:
    assert "torch" not in sys.modules and "matplotlib" not in sys.modules
"""


def light(*arguments):
    """Run in a process that fails if torch was imported."""
    command = [sys.executable, "-c", LOADED, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)


@pytest.mark.parametrize("command", HELPS, ids=" ".join)
def test_help_has_an_example_and_needs_no_torch(command):
    done = light(*command, "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage: normlab" in done.stdout
    assert "Example: normlab" in done.stdout


def test_version_and_list_need_no_torch():
    assert light("--version").stdout == f"normlab {__version__}\n"
    done = light("list")
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in table)
    assert [row["name"] for row in json.loads(light("list", "--json").stdout)] == list(table)


def test_show_tells_formula_pool_settings_source_and_relatives():
    done = normlab("show", "group")
    for part in (
        "mean[c,s] |d|²",
        "c=1     ○ ● ○",
        "num_groups=1",
        "Wu & He",
        "torch.nn.GroupNorm",
        "Keras 1e-3",
    ):
        assert part in done.stdout
    content = json.loads(here("show", "group", "--json").stdout)
    assert content["settings"][0]["name"] == "num_groups"
    assert content["shift_invariant"] is True


def test_run_lists_the_experiments():
    listed = light("run").stdout
    assert listed.startswith("chapter ")
    assert re.search(r"^  cortex\.size-tuning +Size tuning \(phenomenon 1\)$", listed, re.MULTILINE)


def test_a_member_of_a_family_runs_alone_and_is_verified(tmp_path):
    done = normlab("run", "cortex.contrast-response", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("contrast-response  reproduced: steepest at 8.2%")
    out = tmp_path / "normlab-out" / "cortex.contrast-response"
    assert {str(p.relative_to(out)) for p in out.rglob("*.*")} == {
        "report.html",
        "numbers.json",
        "figures/contrast-response.svg",
        "figures/contrast-response.png",
    }
    again = here("run", "cortex.contrast-response", "--verify", out / "numbers.json")
    assert again.returncode == 0, again.stdout + again.stderr
    told = here("run", "cortex.contrast-response", "--maximum", "20", "--json", cwd=tmp_path)
    assert json.loads(told.stdout)["settings"]["maximum"] == 20.0


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chapter")
    return folder, normlab("run", "chapter", cwd=folder)


def test_the_chapter_in_one_command(ran):
    folder, done = ran
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "Feature means before normalization: tensor([10.1462, -4.9851])" in done.stdout
    assert "Feature stds after normalisation: tensor([1.0039, 1.0039])" in done.stdout
    assert done.stdout.endswith("Report: normlab-out/chapter/report.html\n")
    out = folder / "normlab-out" / "chapter"
    assert sorted(p.name for p in out.iterdir()) == ["figures", "numbers.json", "report.html"]
    assert {p.suffix for p in (out / "figures").iterdir()} == {".svg", ".png"}
    page = (out / "report.html").read_text()
    for figure in (out / "figures").glob("*.svg"):
        assert f'id="figure-{figure.stem}"' in page


def test_verify_tells_what_moved(ran, tmp_path):
    numbers = ran[0] / "normlab-out" / "chapter" / "numbers.json"
    done = normlab("run", "chapter", "--verify", numbers)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 of " in done.stdout
    content = json.loads(numbers.read_text())
    content["numbers"]["before.mean.Feature 1"] += 0.25
    moved = tmp_path / "numbers.json"
    moved.write_text(json.dumps(content))
    done = here("run", "chapter", "--verify", moved)
    assert done.returncode == 1
    assert "moved: before.mean.Feature 1: 10.396" in done.stdout
    assert "(by -0.25)" in done.stdout


@pytest.mark.parametrize(
    ("load", "ending"),
    [(load_iris, "csv"), pytest.param(load_wine, "parquet", marks=pytest.mark.slow)],
)
def test_real_tables(load, ending, tmp_path):
    import pyarrow as pa
    from pyarrow import csv, parquet

    data = load()
    columns = dict(zip(data.feature_names, data.data.T, strict=True))
    path = tmp_path / f"table.{ending}"
    write = {"csv": csv.write_csv, "parquet": parquet.write_table}[ending]
    write(pa.table(columns), path)
    done = here("run", "chapter", "--data", path, "--shuffle", "--json", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    numbers = json.loads(done.stdout)["numbers"]
    for name, column in columns.items():
        assert numbers[f"before.mean.{name}"] == pytest.approx(column.mean(), rel=1e-12)
        assert numbers[f"before.std.{name}"] == pytest.approx(column.std(ddof=1), rel=1e-12)
    figures = {path.stem for path in (tmp_path / "out" / "figures").iterdir()}
    assert {"before", "after", "histograms"} <= figures


GOES_ON = {
    "missing rows and a last row left out": (
        ("--drop-missing", "--drop-last", "--batch-size", "2"),
        "1,2\n3,\n4,5\n6,inf\n7,9\n",
        ["missing or infinite values in 2 of 5 rows (data rows 2, 4", "2 rows of 2 features"],
    ),
    "a constant column and a batch larger than the data": (
        ("--batch-size", "64"),
        "1,2\n1,4\n1,5\n",
        ["Column 'a' is constant", "The batch size 64 is larger than the data"],
    ),
}


@pytest.mark.parametrize(("options", "rows", "words"), GOES_ON.values(), ids=GOES_ON)
def test_goes_on_with_a_word(options, rows, words, tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n" + rows)
    done = here("run", "chapter", "--data", "t.csv", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    page = html.unescape((tmp_path / "normlab-out" / "chapter" / "report.html").read_text())
    for word in words:
        assert word in page


def members(group):
    """Live processes of a group; one that ended and waits to be reaped is not alive."""
    found = []
    for process in psutil.process_iter(["pid", "status"]):
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(process.pid) == group and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


MOMENTS = [  # by what has just been imported, which is the same on a busy machine
    pytest.param(module, marks=() if module == "torch" else pytest.mark.slow)
    for module in (
        "normlab.lab.console",
        "torch",
        "normlab.lab.chapter.compare",
        "normlab.lab.chapter.running",
    )
]


@pytest.mark.parametrize("module", MOMENTS)
def test_ctrl_c_leaves_the_earlier_report_whole(ran, module):
    """To the whole process group, as a terminal sends it; a run that was faster has simply finished."""
    out = ran[0] / "normlab-out" / "chapter"
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    process = subprocess.Popen(
        [sys.executable, "-X", "importtime", str(NORMLAB), "run", "chapter", "--seed", "5"],
        cwd=ran[0], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stderr is not None
    assert any(line.split()[-1:] == [module] for line in process.stderr), (
        f"{module} is not imported"
    )
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode in (0, 130)
    after = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    if process.returncode == 130:
        said = [line for line in err.splitlines() if not line.startswith("import time:")]
        assert said in ([], ["normlab: interrupted; nothing was written."])
        assert after == before
    assert not [p for p in out.iterdir() if p.name.startswith(".writing")]
    end = time.monotonic() + PATIENCE
    while left := members(process.pid):
        assert time.monotonic() < end, left
        time.sleep(0.1)


def test_a_closed_pipe_is_no_traceback(tmp_path):
    script = f"'{NORMLAB}' run chapter --out '{tmp_path}' | head -1"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=PATIENCE)
    assert done.stdout == "Original data shape: torch.Size([128, 2])\n"
    assert done.stderr == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
@pytest.mark.parametrize("given", [["list"], ["list", "--json"]])
def test_a_full_disk_below_the_output_is_no_traceback(given):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [str(NORMLAB), *given], stdout=full, stderr=subprocess.PIPE, text=True, timeout=PATIENCE
        )
    assert done.returncode == 2
    assert done.stderr == (
        "normlab: cannot write the output: No space left on device. Free some space, or write elsewhere.\n"
    )


def read_all(terminal, into):
    with contextlib.suppress(OSError):  # which is how a terminal says that its other end is closed
        while chunk := os.read(terminal, 1 << 16):
            into.append(chunk)


def test_lines_go_into_a_pipe_while_the_bar_is_on_a_terminal(tmp_path):
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [str(NORMLAB), "run", "chapter", "--out", tmp_path],
        stdout=subprocess.PIPE, stderr=end, text=True, start_new_session=True,
    )  # fmt: skip
    os.close(end)
    drawn = []  # read all the time, since a full terminal would stop the process
    reader = threading.Thread(target=read_all, args=(terminal, drawn))
    reader.start()
    assert process.stdout is not None
    with process.stdout:
        first = process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        code = process.wait(PATIENCE)
    reader.join(PATIENCE)
    os.close(terminal)
    shown = b"".join(drawn).decode()
    assert (first, code) == ("Original data shape: torch.Size([128, 2])\n", 130), shown
    assert "drawing" in shown or "starting" in shown
    assert "Original data" not in shown
    assert shown.endswith("normlab: interrupted; nothing was written.\r\n")
