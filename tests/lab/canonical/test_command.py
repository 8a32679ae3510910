"""The family from the command line, and without the packages that it can do without."""

import json
import subprocess
import sys

import pytest

from command import here, normlab
from normlab import lab
from normlab.errors import SettingError
from normlab.lab.canonical.catalogue import MEMBERS


def test_one_member_writes_its_report(tmp_path):
    done = normlab("run", "canonical.lateral", "--out", tmp_path, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["experiment"], told["settings"]) == ("canonical.lateral", {"seed": 0})
    assert {v["outcome"] for v in told["verdicts"]} == {"holds"}
    assert set(told["numbers"]) >= {"lateral.edge.over", "lateral.alpha.TensorFlow"}
    page = (tmp_path / "report.html").read_text()
    assert "figure-lateral-readings" in page and "Krizhevsky 2012" in page
    assert json.loads((tmp_path / "numbers.json").read_text()) == told
    assert (tmp_path / "figures" / "lateral-inhibition.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["canonical.flu"], "Did you mean 'canonical.fly'?"),
        (["canonical", "--seed", "x"], "--seed 'x' given; it must be a whole number."),
        (["canonical", "--seed", "-1"], "seed=-1 given; it must be a whole number >= 0"),
    ],
)
def test_bad_input_is_one_line(words, message):
    done = here("run", *words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr and len(done.stderr.splitlines()) == 1


def test_naming_and_checking_an_experiment_needs_no_torch():
    code = (
        "import sys; from normlab import lab; lab.check('canonical.fly', seed=1); "
        "print(sorted(lab.members('canonical')), {'torch', 'scipy', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{sorted(MEMBERS)} set()\n"


def test_another_seed_draws_other_data():
    first, second = (lab.run("canonical.fly", seed=seed).numbers for seed in (0, 1))
    assert first["fly.half.500"] == second["fly.half.500"]
    assert first["fly.kept.lateral"] != second["fly.kept.lateral"]
    with pytest.raises(SettingError, match="canonical has no setting 'sed'; it has seed"):
        lab.run("canonical.fly", sed=1)
