"""normlab grade as a learner and a teacher see it: exit codes, JSON, templates, bad input, limits."""

import json
import os
import signal
import subprocess
import time

import psutil
import pytest

from command import NORMLAB, PATIENCE, here, normlab
from normlab import table
from normlab.grading import grade
from normlab.grading.parent.templates import template
from normlab.grading.parent.text import exit_code, full

RIGHT = """
def batch_norm(x, eps=1e-5):
    return (x - x.mean(0)) / (x.var(0, correction=0) + eps) ** 0.5
"""
FILES = {
    "right_bn.py": RIGHT,
    "std_bn.py": RIGHT.replace("(x.var(0, correction=0) + eps) ** 0.5", "(x.std(0, correction=0) + eps)"),
    "noisy_bn.py": "import sys\nprint('x' * 10**6)\n"
    + RIGHT.replace("    return", "    print('y' * 10**6, file=sys.stderr)\n    return"),
    "none_bn.py": "def batch_norm(x, eps=1e-5):\n    y = x - x.mean(0)\n",
    "endless_bn.py": "def batch_norm(x):\n    while True:\n        pass\n",
    "exit_bn.py": "import os\n\ndef batch_norm(x):\n    os._exit(0)\n",
    "memory_bn.py": "import torch\n\ndef batch_norm(x):\n    return x + torch.zeros(50 * 2**28)[0]\n",
    "growing_bn.py": "def batch_norm(x):\n    held = []\n    while True:\n"
    "        held.append(bytearray(2**24))\n",
    "starts_bn.py": "import subprocess\n\ndef batch_norm(x):\n"
    "    subprocess.Popen(['sleep', '300'])\n    return x\n",
    "syntax_bn.py": "def batch_norm(x)\n    return x\n",
    "import_bn.py": "import torch_of_nobody\n",
    "raises_bn.py": "1 / 0\n",
    "forever_bn.py": "while True:\n    pass\n",
    "empty_bn.py": "",
    "signature_bn.py": "def batch_norm(x, foo):\n    return x\n",
    "constructor_bn.py": "class BatchNorm:\n    def __init__(self, a, second):\n        pass\n\n"
    "    def forward(self, x):\n        return x\n",
    "nothing_bn.py": "def batch_norm():\n    return 1\n",
    "shape_bn.py": "class BatchNorm2d:\n    def __init__(self, c):\n        pass\n\n"
    "    def forward(self, x):\n        n, c = x.shape\n        return x\n",
    "forward_bn.py": "class BatchNorm:\n    def __init__(self, c):\n        pass\n",
    "two_bn.py": RIGHT + "\n\ndef layer_norm(x, eps=1e-5):\n    return x\n",
    "norm.py": "def normalise(x):\n    return x\n",
    "batch_or_layer.py": "def mine(x):\n    return x\n",
    "notes.txt": "",
}  # fmt: skip

REFUSED = {
    "syntax_bn.py": "line 1: expected ':', so Python cannot read it; fix that line first.",
    "import_bn.py": "No module named 'torch_of_nobody' (line 1); install it, or do without the import.",
    "raises_bn.py": "running the file ends in ZeroDivisionError: division by zero (line 1); it must be "
    "possible to import it.",
    "forever_bn.py": "running the file or its first call does not come to an end (3 s).",
    "empty_bn.py": "it defines no class and no function; write one of them.",
    "signature_bn.py": "batch_norm() has the parameter 'foo' without a default, and no setting of batch is "
    "called so; give it a default, or one of the names eps, weight, bias, momentum, running_mean, "
    "running_var, training.",
    "constructor_bn.py": "BatchNorm's constructor has the parameter 'second' without a default, and no "
    "setting of batch is called so; give it a default, or one of the names eps, weight, bias, momentum, "
    "running_mean, running_var, training.",
    "nothing_bn.py": "batch_norm() takes no x; its first parameter must be the input.",
    "shape_bn.py": "it runs on no input: on x of shape (2, 3, 4, 5) it ends in ValueError: too many values "
    "to unpack (expected 2) (line 6), nor on "
    "(2, 3, 5); fix that first.",
    "forward_bn.py": "the class BatchNorm has no forward; give it forward(self, x), or write a function "
    "of x.",
    "two_bn.py": "it defines batch_norm, layer_norm; say which, as in FILE.py:batch_norm.",
    "two_bn.py:nosuch": "it defines no 'nosuch'; it has batch_norm, layer_norm.",
    "norm.py": "neither 'normalise' nor the file 'norm' names a row; say which row it is with --row, one of "
    f"{', '.join(table)}.",
    "batch_or_layer.py": "the name 'batch_or_layer' may mean batch or layer; say which with --row.",
    "notes.txt": "is no Python file; its name must end in .py or .ipynb.",
    "missing.py": "cannot be opened (No such file or directory); check path and rights.",
}
FOUND = {
    "right_bn.py": ("right", []),
    "noisy_bn.py": ("right", []),
    "two_bn.py:batch_norm": ("right", []),
    "std_bn.py": ("mistakes", ["std_plus_eps"]),
    "none_bn.py": ("not finished", []),
    "endless_bn.py": ("mistakes", ["endless"]),
    "exit_bn.py": ("mistakes", ["crash"]),
    "memory_bn.py": ("mistakes", ["memory"]),
    "growing_bn.py": ("mistakes", ["memory"]),
    "starts_bn.py": ("mistakes", ["unknown"]),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("learners")
    for name, content in FILES.items():
        (folder / name).write_text(content)
    return folder


ENDLESS = {
    "endless_bn.py",
    "forever_bn.py",
}  # alone run into a limit of time, however short or long
HOUR = 3600.0  # the others never do, however slow the machine


def test_limits_findings_and_refusals(folder, monkeypatch):
    """All at once, and every process that was started is gone afterwards."""
    monkeypatch.chdir(folder)
    began = time.time()
    others = [name for name in (*FOUND, *REFUSED) if name not in ENDLESS]
    given = ((others, HOUR), (sorted(ENDLESS), 3))
    reports = {
        r["file"]: r for files, limit in given for r in grade(*files, timeout=limit, memory=0.25)
    }
    messages = {name: reports[name].get("message") for name in REFUSED}
    assert messages == REFUSED
    told = {n: (reports[n]["status"], [m["name"] for m in reports[n]["mistakes"]]) for n in FOUND}
    assert told == FOUND
    assert started("sleep 300", began) == []
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)


def started(words, since):
    """Live processes of ours with such a command line."""
    found = []
    for process in psutil.process_iter(["cmdline", "create_time", "status"]):
        told = process.info
        recent = told["create_time"] >= since - 1 and told["status"] != psutil.STATUS_ZOMBIE
        if recent and words in " ".join(told["cmdline"] or []):
            found.append(process)
    return found


def test_a_right_one_ends_with_0(folder):
    done = normlab("grade", "right_bn.py", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("right_bn.py: batch_norm, graded as batch: no mistake found.\n")
    [line] = [one for one in done.stdout.splitlines() if "running statistics" in one]
    assert line.endswith("  does not apply: none are kept")
    assert done.stdout.endswith("Score: 100 % (12 of 12 points).\n")


def test_a_mistake_is_shown_with_a_hint_and_on_demand_the_solution(folder):
    done = normlab("grade", "std_bn.py", "--solution", cwd=folder)
    assert (done.returncode, done.stderr) == (1, "")
    for part in (
        "std_plus_eps: it divides by std + ε, where ε belongs under the root with the variance.",
        "Smallest input that shows it: 2 numbers (N=2, C=1), eps=1\n",
        "0         -0.447214         -0.333333\n",
        "Hint: Take an input whose variance is as small as ε",
        "  Costs 2 points: y where eps matters.\n",
        "✗ y where eps matters",
    ):
        assert part in done.stdout
    assert "Solution: divide by (var + eps) ** 0.5, not by var ** 0.5 + eps.\n" in done.stdout


def test_json_is_a_list_without_solutions(folder):
    done = normlab("grade", "std_bn.py", "right_bn.py", "norm.py", "--json", cwd=folder)
    assert done.returncode == 2
    wrong, right, refused = json.loads(done.stdout)
    assert "Solution" not in full(wrong, solution=False)
    assert (wrong["score"], right["score"], refused["status"]) == (83, 100, "refused")
    (mistake,) = wrong["mistakes"]
    assert set(mistake) == {
        *("name", "sentence", "detail", "hint", "shown", "breaks", "costs", "points")
    }
    assert mistake["shown"]["numbers"] == 2
    assert {check["outcome"] for check in right["checks"]} == {"passed", "does not apply"}


def test_a_class_gets_a_line_each_and_a_summary(folder):
    done = normlab("grade", "std_bn.py", "right_bn.py", cwd=folder)
    assert done.returncode == 1
    assert done.stdout == (
        "std_bn.py: batch_norm (batch) 83 %: std_plus_eps\n"
        "right_bn.py: batch_norm (batch) 100 %: right\n\n"
        "2 submissions. Mean score: 92 %; median: 92 %.\n"
        "  right: 1 of 2\n"
        "  std_plus_eps: 1 of 2. It divides by std + ε, where ε belongs under the root with the variance.\n"
        "Worth repeating:\n"
        "  where the constant stands: ε under the root with the variance, σⁿ with the pool (1 of 2)\n"
    )


BAD = {
    "": "no file given; try normlab grade my_bn.py, or --template batch to start one.",
    "norm.py": f"norm.py: {REFUSED['norm.py']}",
    "right_bn.py --row bach": "No normaliser 'bach'. Did you mean 'batch'?",
    "right_bn.py --timeout x": "--timeout 'x' given; it must be a number.",
    "right_bn.py --timeout 0": "timeout=0 given; it must be a number > 0.",
    "right_bn.py --memory -1": "memory=-1 given; it must be a number > 0.",
    "right_bn.py --memory nan": "memory=nan given; it must be a number > 0.",
    "--template bach": "No normaliser 'bach'. Did you mean 'batch'?",
    "--out there.py": "--out goes with --template ROW alone: normlab grade --template batch --out FILE.",
    "--template batch --out norm.py": "'norm.py' is there already; give another name with --out.",
    "--template batch --out no/such.py": "cannot write 'no/such.py': No such file or directory. Give "
    "another --out.",
}


@pytest.mark.parametrize(("arguments", "message"), BAD.items(), ids=BAD)
def test_bad_input_is_one_line(folder, arguments, message):
    refused(here, folder, arguments, message)


def test_a_process_of_its_own_says_the_same(folder):
    refused(normlab, folder, "norm.py", BAD["norm.py"])


def refused(run, folder, arguments, message):
    done = run("grade", *arguments.split(), cwd=folder)
    assert done.returncode == 2
    assert done.stderr.startswith(f"normlab: {message}")
    assert done.stderr.count("\n") == 1
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)


def test_templates_are_not_finished(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = normlab("grade", "--template", "batch", "--out", "batch.py")
    assert done.stdout == "batch.py: write its body, then run normlab grade batch.py\n"
    assert (tmp_path / "batch.py").read_text() == template("batch")
    assert normlab("grade", "--template", "batch").stdout == template("batch")
    for name in list(table)[1:]:
        (tmp_path / f"{name}.py").write_text(template(name))
    reports = grade(*(f"{name}.py" for name in table))
    assert [(r["row"], r["status"], r["score"]) for r in reports] == [
        (name, "not finished", 0) for name in table
    ]
    assert {exit_code([report]) for report in reports} == {1}
    shown = full(reports[0], solution=False)
    assert "not finished (NotImplementedError: forward is still to be written (line 27))" in shown


def test_ctrl_c_leaves_no_process(folder):
    process = subprocess.Popen(
        [str(NORMLAB), "grade", "endless_bn.py", "--timeout", str(HOUR)],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    end = time.monotonic() + PATIENCE
    while len(left := psutil.Process(process.pid).children(recursive=True)) < 3:
        assert time.monotonic() < end
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGINT)  # to it alone
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (130, "")
    assert err == "normlab: interrupted; nothing was written.\n"
    assert psutil.wait_procs(left, timeout=PATIENCE)[1] == []
