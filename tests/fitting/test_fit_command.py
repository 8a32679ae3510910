"""normlab fit on tables as people have them."""

import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from simulated import CONTRAST, Population, neuron, session

import normlab
from command import here
from command import normlab as command
from normlab.errors import DataError

GENERATOR = np.random.default_rng(0)
TRUTHS = {"a1": neuron(GENERATOR), "b2": neuron(GENERATOR)}
COUNTS = {name: session(GENERATOR, truth, "poisson") for name, truth in TRUTHS.items()}


def rows(counts, head=""):
    return "".join(
        f"{head}{c},{v}\n" for c, trials in zip(CONTRAST, counts, strict=True) for v in trials
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fit")
    line = "".join(f"{c},{1 + 3 * c}\n" for c in CONTRAST)
    cells = "".join(rows(counts, f"{name},") for name, counts in COUNTS.items())
    wide = [
        ",".join(map(str, [c, *trials])) for c, trials in zip(CONTRAST, COUNTS["a1"], strict=True)
    ]
    texts = {
        "one.csv": "contrast,spikes\n" + rows(COUNTS["a1"]),
        "two.csv": "cell,contrast,spikes\n" + cells,
        "mixed.csv": "cell,contrast,spikes\n" + rows(COUNTS["a1"], "<b>&$x$,")
        + "".join(f"straight,{c},{round(30 * c)}\n" for c in np.tile(CONTRAST, 3)),
        "wide.csv": "contrast," + ",".join(f"t{i}" for i in range(20)) + "\n" + "\n".join(wide) + "\n",
        "line.csv": "contrast,rate\n" + line,
        "minus.csv": "contrast,rate\n" + line + "-1,3\n",
        "missing.csv": "contrast,rate\n" + line + "NA,3\n",
        "three.csv": "a,b,c2\n" + "".join(f"{c},1.5,2.5\n" for c in CONTRAST),
        "words.csv": "contrast,rate\n" + "low,1.5\nhigh,2.5\n",
        "nothing.csv": "contrast,rate\n" + "".join(f"{c},NaN\n" for c in CONTRAST),
        "none-at-all.csv": "contrast,rate\n" + "NaN,NaN\n" * 8,
        "two-rates.csv": "contrast,rate1,rate2\n" + "".join(f"{c},1.5,2.5\n" for c in CONTRAST),
        "empty.csv": "",
        "row.csv": "contrast,rate\n0.1,3\n",
        "units.csv": "contrast,rate\n" + "".join(
            f"{c * unit},{5 + 40 * c**2 / (0.04 + c**2)}\n" for unit in (1, 100) for c in CONTRAST
        ),
        "lines.csv": "cell,contrast,spikes\n" + rows(COUNTS["a1"], '"=cmd\nb",')
        + "".join(f"straight,{c},{round(30 * c)}\n" for c in CONTRAST),
    }  # fmt: skip
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def same(told, found):
    """A cell of the JSON against the library's own fit."""
    for name, estimate in found.parameters.items():
        assert told["parameters"][name]["value"] == pytest.approx(estimate.value, rel=1e-9)
        assert told["parameters"][name]["high"] == pytest.approx(estimate.high, rel=1e-9)


def test_a_new_users_first_command(folder):
    done = command("fit", "one.csv", "--noise", "poisson", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith(
        "read as: commas, decimal point, header, utf-8; contrast 'contrast', responses"
    )
    assert lines[2] == "naka-rushton: R = baseline + rmax · cⁿ / (c50ⁿ + cⁿ)"
    found = normlab.fit(CONTRAST, COUNTS["a1"], noise="poisson")
    told = {line.split()[0]: line.split()[1] for line in lines[6:10]}
    assert told == {n: f"{e.value:.4g}" for n, e in found.parameters.items() if n != "s"}


def test_cells_of_one_table_are_told_apart(folder):
    done = here("fit", "two.csv", "--by", "cell", "--noise", "poisson", "--json", cwd=folder)
    told = {cell["cell"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert [*told] == ["a1", "b2"]
    for name, counts in COUNTS.items():
        same(told[name], normlab.fit(CONTRAST, counts, noise="poisson"))


def test_columns_may_be_trials_or_cells(folder):
    names = ",".join(f"t{i}" for i in range(20))
    given = ["fit", "wide.csv", "--response", names, "--noise", "poisson", "--json"]
    (cell,) = json.loads(here(*given, "--trials", cwd=folder).stdout)["cells"]
    same(cell, normlab.fit(CONTRAST, COUNTS["a1"], noise="poisson"))
    apart = json.loads(here(*given[:3], "t0,t1", "--json", cwd=folder).stdout)["cells"]
    assert [one["cell"] for one in apart] == ["t0", "t1"]


def test_a_cell_that_cannot_be_fitted_is_told_and_the_others_are(folder):
    given = ["fit", "mixed.csv", "--by", "cell", "--noise", "poisson", "--html", "page.html"]
    done = here(*given, "--figure", "figure.svg", cwd=folder)
    assert done.returncode == 0
    assert (
        "straight\nnot fitted: the data cannot tell: the responses do not saturate" in done.stdout
    )
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert "<b>&$x$" not in page and "&lt;b&gt;&amp;$x$" in page
    assert "straight is not fitted" in page
    assert ElementTree.parse(folder / "figure.svg").getroot().tag.endswith("svg")


def test_a_picture_as_png(folder):
    done = here("fit", "one.csv", "--figure", "one.png", cwd=folder)
    assert done.stdout.splitlines()[-1] == "Written: one.png"
    assert (folder / "one.png").read_bytes().startswith(b"\x89PNG")


def test_the_normalisation_model_of_a_table(folder):
    cells, generator = Population(cells=4), np.random.default_rng(1)
    responses = generator.normal(np.repeat(cells.mean[..., None], 3, 2), 1.0)
    text = "cell,theta,stimulus,drive,rate\n"
    for (i, j, _), value in np.ndenumerate(responses):
        text += f"n{j},{cells.tuning[j]},s{i},{cells.drive[i, j]!r},{value!r}\n".replace(
            "np.float64", ""
        )
    (folder / "pool.csv").write_text(text.replace("(", "").replace(")", ""))
    given = [
        "fit",
        "pool.csv",
        "--model",
        "normalization",
        "--by",
        "cell",
        "--stimulus",
        "stimulus",
    ]
    done = here(*given, "--tuning", "theta", "--json", "--html", "pool.html", cwd=folder)
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)["cells"]
    found = normlab.fit(cells.drive, responses, "normalization", tuning=cells.tuning)
    # stimuli come in the order of their names, which changes the parts of the cross-validation alone
    for name in cells.truth:
        assert told["parameters"][name]["value"] == pytest.approx(
            found.parameters[name].value, rel=1e-6
        )
    lacking = here(*given[:4], cwd=folder)
    assert (lacking.returncode, "normalization needs three more columns" in lacking.stderr) == (
        2,
        True,
    )


WRONG = {
    "a line": (["line.csv"], "line.csv: the data cannot tell: the responses do not saturate"),
    "negative": (["minus.csv"], "minus.csv: contrast holds -1; it must be 0 or more everywhere."),
    "missing": (
        ["missing.csv"],
        r"missing.csv: missing or infinite values in 1 of 11 rows .* --drop-missing",
    ),
    "which": (
        ["three.csv"],
        "which column is the contrast\\? No column of numbers is called c, or begins with contrast or drive. "
        "The columns of numbers are 'a', 'b', 'c2'. Name it with --contrast.",
    ),
    "which of two": (
        ["two-rates.csv"],
        "which column is the response\\? Several begin with response, rate, spike, count or firing: 'rate1', "
        "'rate2'. Name it with --response.",
    ),
    "no value": (
        ["nothing.csv"],
        "column 'rate' would be the response by its name, but is not numeric",
    ),
    "no value at all": (
        ["none-at-all.csv"],
        "column 'contrast' would be the contrast by its name, but is",
    ),
    "empty": (["empty.csv"], "empty.csv: is empty"),
    "one row": (["row.csv"], "row.csv: rows: 1; a table needs at least 2"),
    "lines in a name": (["a\nb'\"=cmd\x1b.csv"], "a b'\"=cmd.x1b.csv: cannot be opened"),
    "no such column": (
        ["one.csv", "--response", "spike"],
        "has no column 'spike'; did you mean 'spikes'",
    ),
    "words": (["words.csv", "--contrast", "contrast"], "column 'contrast' is not numeric"),
    "no file": (["none.csv"], "none.csv: cannot be opened"),
    "fix": (["one.csv", "--fix", "n"], "--fix 'n' given; it must be NAME=VALUE, such as n=2"),
    "fix word": (["one.csv", "--fix", "n=x"], "--fix n 'x' given; it must be a number"),
    "level": (["one.csv", "--level", "x"], "--level 'x' given; it must be a number"),
    "model": (["one.csv", "--model", "naka"], "it must be naka-rushton or normalization"),
    "ending": (["one.csv", "--figure", "a.pdf"], "its name must end in .svg or .png"),
    "html": (["one.csv", "--html", "a.txt"], "its name must end in .html"),
}


@pytest.mark.parametrize(("given", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_in_one_line(folder, given, message):
    done = here("fit", *given, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(message, done.stderr)
    assert done.stderr.count("\n") == 1 and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "name", ["a\"b'c.csv", "a\nb.csv", "=cmd|x.csv", "<b>&$x$.csv", "%s{x}.csv"]
)
def test_a_file_may_have_any_name(folder, name):
    (folder / name).write_text((folder / "one.csv").read_text())
    done, usual = (here("fit", n, "--noise", "poisson", cwd=folder) for n in (name, "one.csv"))
    assert (done.returncode, done.stdout) == (0, usual.stdout)


def test_a_cell_s_name_stays_on_its_line(folder):
    done = here("fit", "lines.csv", "--by", "cell", "--noise", "poisson", cwd=folder)
    assert done.returncode == 0 and "\n=cmd\\nb\nnaka-rushton" in done.stdout


def test_contrasts_in_two_units_are_doubted(folder):
    """Told beside a fit, and beside a refusal; not of per cent alone, however wide their range."""
    done = here("fit", "units.csv", cwd=folder)
    assert "Contrasts go from 0.03 to 100: if some are fractions and others per cent" in done.stdout
    both = np.concatenate([CONTRAST, 100 * CONTRAST])
    with pytest.raises(
        DataError, match=r"do not saturate .* Contrasts go from 0.03 to 100: if some"
    ):
        normlab.fit(both, 3 * both)
    for unit in (1, 100, 255):
        response = 5 + 40 * CONTRAST**2 / (0.04 + CONTRAST**2)
        assert normlab.fit(CONTRAST * unit, response, folds=2).notes == ()


def test_rows_with_missing_values_may_be_left_out(folder):
    done = here("fit", "missing.csv", "--drop-missing", cwd=folder)
    assert "do not saturate" in done.stderr  # the ten that are left lie on a line


def test_a_fit_in_a_notebook_is_a_page_and_a_picture():
    found = normlab.fit(CONTRAST, COUNTS["a1"], noise="poisson")
    assert "What was found" in found._repr_html_() and "<svg" in found.html()
    assert found.figure.render().png.startswith(b"\x89PNG")
    assert not hasattr(found, "sigma")
