"""Which row an unknown module is taken for, and what cannot be checked."""

import json
import threading

import pytest
import torch

import normlab
from cases import exact, example
from command import here
from command import normlab as command
from normlab.errors import CheckError, DtypeError, SettingError, ShapeError


class Formula(torch.nn.Module):
    """Any formula of x, without a name that tells."""

    def __init__(self, formula):
        super().__init__()
        self.formula = formula

    def forward(self, x):
        return self.formula(x)


def standardised(dims, eps):
    def formula(x):
        center = x.mean(dims, keepdim=True)
        return (x - center) / (x.var(dims, correction=0, keepdim=True) + eps).sqrt()

    return formula


def in_groups(x):
    return standardised((2, 3), 1e-5)(x.unflatten(1, (3, 2))).flatten(1, 2)


UNKNOWN = {
    "batch": (standardised((0, 2), 1e-3), {"eps": 1e-3}),
    "instance": (standardised((2,), 1e-5), {"eps": 1e-5}),
    "layer": (standardised((1, 2), 1e-6), {"eps": 1e-6}),
    "group": (in_groups, {"eps": 1e-5, "num_groups": 3}),
    "rms": (lambda x: x / (x.square().mean(-1, keepdim=True) + 1e-8).sqrt(), {"eps": 1e-8}),
    "l2": (lambda x: x / x.flatten(1).norm(dim=1)[:, None, None], {}),
    "divisive": (lambda x: x * x.abs() / (1 + x.square().sum(1, keepdim=True)), {}),
}


@pytest.mark.parametrize(("row", "case"), UNKNOWN.items(), ids=UNKNOWN)
def test_an_unknown_module_is_recognised_by_its_numbers(row, case):
    formula, settings = case
    found = normlab.check(Formula(formula), example((5, 6, 7)))
    assert found.row == row and found.how.startswith("by its numbers")
    assert settings.items() <= found.settings.items()
    assert found["output"].outcome == "agrees"


WRONG = {
    "batch": lambda x: (x - x.mean((0, 2), keepdim=True)) / (x.std((0, 2), keepdim=True) + 0.5),
    "instance": lambda x: (x - x.mean(2, keepdim=True)) / (x.var(2, keepdim=True) + 1e-5).sqrt(),
    "layer": lambda x: (x - x.mean((1, 2), keepdim=True).detach()) / x.std((1, 2), keepdim=True),
    "rms": lambda x: x / (x.square().mean((1, 2), keepdim=True).sqrt() + 0.5),
}


@pytest.mark.parametrize(("row", "formula"), WRONG.items(), ids=WRONG)
def test_a_wrong_one_is_recognised_by_whom_an_element_moves(row, formula):
    """Then its mistake can be shown: std + eps, Bessel's correction, a cut gradient."""
    found = normlab.check(Formula(formula), example((3, 4, 5)))
    assert found.row == row and found.how.startswith("by its behaviour")
    assert found["output"].outcome == "differs"


def locked():
    module = Formula(torch.relu)
    module.lock = threading.Lock()
    return module


X = example((4, 5)).float()
REFUSED = {
    "no module": (
        lambda: normlab.check(torch.relu, X),
        CheckError,
        "check: builtin_function_or_method given; it must be a torch.nn.Module, for example "
        "torch.nn.BatchNorm2d(16).",
    ),
    "another shape": (
        lambda: normlab.check(torch.nn.Linear(5, 6), X),
        CheckError,
        "Linear returns (4, 6) for x of shape (4, 5); a normaliser returns one tensor of the shape "
        "of x.",
    ),
    "no forward for that shape": (
        lambda: normlab.check(torch.nn.BatchNorm2d(5), X),
        CheckError,
        "BatchNorm2d has no output for x of shape (4, 5), float32 (ValueError: expected 4D input "
        "(got 2D input)); give a shape it takes.",
    ),
    "state that cannot be copied": (
        lambda: normlab.check(locked(), X),
        CheckError,
        "Formula cannot be copied (TypeError: cannot pickle '_thread.lock' object), so a check would "
        "change it; give a module whose state is parameters, buffers and plain values.",
    ),
    "whole numbers": (
        lambda: normlab.check(torch.nn.LayerNorm(5), X.long()),
        DtypeError,
        "check: x is torch.int64; give a floating-point tensor, e.g. x.float().",
    ),
    "nothing": (
        lambda: normlab.check(torch.nn.LayerNorm(5), X[:0]),
        ShapeError,
        "check: x of shape (0, 5) is empty or holds NaN or inf; give finite numbers.",
    ),
    "no such row": (
        lambda: normlab.check(torch.nn.LayerNorm(5), X, row="layr"),
        SettingError,
        f"No normaliser 'layr'. Did you mean 'layer'? The table has {', '.join(normlab.table)}.",
    ),
}


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(call, kind, message):
    with pytest.raises(kind, match=exact(message)):
        call()


MINE = """
import torch
class Mine(torch.nn.Module):
    def __init__(self, dim, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.gain = torch.nn.Parameter(torch.ones(dim))
    def forward(self, x):
        return self.gain * x / (x.pow(2).mean(-1, keepdim=True) + self.eps).sqrt()
"""


def test_the_command_checks_a_file_and_tells_by_its_exit_code(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    right = command("check", "mine.py:Mine", "--shape", "9,7", "--json", cwd=tmp_path)
    found = json.loads(right.stdout)
    assert right.returncode == 0 and found["row"] == "rms" and found["settings"]["eps"] == 1e-6
    torch.save(example((300, 7)) + 3.0, tmp_path / "x.pt")
    told = command("check", "mine:Mine", "--data", "x.pt", "--row", "layer", cwd=tmp_path)
    assert told.returncode == 1 and "DIFFERS" in told.stdout and not told.stderr


def test_the_command_says_what_it_does_not_recognise_and_that_is_no_failure(tmp_path):
    done = here("check", "torch.nn:Identity", "--shape", "4,5", "--json", cwd=tmp_path)
    found = json.loads(done.stdout)
    assert done.returncode == 0 and not done.stderr
    assert (found["recognised"], found["row"], found["findings"]) == (False, None, [])
    assert found["words"].startswith("it pools nothing: one input changes 1 of 20 outputs")


BAD = {
    "no class": (
        ["torch.nn:Bach", "--shape", "4,5"],
        "torch.nn has no Bach; name a class derived from torch.nn.Module.",
    ),
    "no colon": (
        ["torch.nn", "--shape", "4,5"],
        "'torch.nn' given; it must be package.module:name or file.py:name, for example "
        "torch.nn:BatchNorm2d.",
    ),
    "no shape": (
        ["torch.nn:LayerNorm"],
        "--shape is missing; give whole sizes, batch and channels first (--shape 16,8,32,32), or "
        "--data FILE.",
    ),
    "an argument missing": (
        ["torch.nn:GroupNorm", "--shape", "4,6"],
        "GroupNorm needs num_groups, which the shape of x does not determine; give --set num_groups=VALUE.",
    ),
    "a syntax error": (
        ["bad.py:X", "--shape", "4,6"],
        "bad.py, line 1: '(' was never closed; fix the syntax.",
    ),
    "a missing import": (
        ["lost.py:X", "--shape", "4,6"],
        "lost.py cannot be imported (ModuleNotFoundError: No module named 'nothing'); give an "
        "installed module, or a file that imports by itself.",
    ),
    "not a setting": (
        ["torch.nn:LayerNorm", "--shape", "4,6", "--set", "eps"],
        "--set 'eps' given; it must be NAME=VALUE, for example eps=1e-3.",
    ),
    "no such argument": (
        ["torch.nn:LayerNorm", "--shape", "4,6", "--set", "epsilon=1"],
        "LayerNorm(epsilon=1, normalized_shape=(6,)) cannot be made (TypeError: LayerNorm.__init__() "
        "got an unexpected keyword argument 'epsilon'); set its arguments with --set NAME=VALUE.",
    ),
    "no tensor": (
        ["torch.nn:LayerNorm", "--data", "bad.py"],
        "bad.py is neither an npy nor a pt file of a tensor.",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_one_line_and_exit_code_2(arguments, message, tmp_path):
    (tmp_path / "bad.py").write_text("print((\n")
    (tmp_path / "lost.py").write_text("import nothing\n")
    done = here("check", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stderr, done.stdout) == (2, f"normlab: {message}\n", "")


def test_a_process_of_its_own_says_the_same(tmp_path):
    arguments, message = BAD["no class"]
    done = command("check", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stderr, done.stdout) == (2, f"normlab: {message}\n", "")
