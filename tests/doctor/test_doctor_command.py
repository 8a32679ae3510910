"""normlab doctor: what it prints, writes and refuses."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from command import here, normlab
from normlab.data.batches import FileBatches

NETS = """
import torch
from torch import nn

def Net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))

class Two(nn.Module):
    def forward(self, x, y):
        return x + y

class Named(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(3)

    def forward(self, first, second):
        return self.norm(first) + second
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "nets.py").write_text(NETS)
    generator = torch.Generator().manual_seed(0)
    torch.save(torch.randn(96, 1, 8, 8, generator=generator), tmp_path / "x.pt")
    return tmp_path


def found(folder, *arguments):
    ended = here("doctor", *arguments, "--json", cwd=folder)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_as_its_user_starts_it(folder):
    ended = normlab("doctor", "nets.py:Net", "--data", "x.pt", "--fail-on", "error", cwd=folder)
    assert ended.returncode == 1
    assert ended.stderr == ""
    assert "\x1b" not in ended.stdout  # no colours in a pipe
    assert "error    NRM102 statistics-never-updated: 1" in ended.stdout
    assert ended.stdout.endswith("fixes: 2 safe, 1 unsafe.\n")
    assert sorted(path.name for path in folder.iterdir() if path.is_file()) == ["nets.py", "x.pt"]


def test_files_that_it_writes(folder):
    asked = ["nets.py:Net", "--data", "x.pt", "--html", "o.html", "--sarif", "o.sarif"]
    ended = here("doctor", *asked, "--write-baseline", "known.json", cwd=folder)
    assert ended.returncode == 0
    assert "<title>Normalisation in Sequential</title>" in (folder / "o.html").read_text()
    sarif = json.loads((folder / "o.sarif").read_text())
    results = sarif["runs"][0]["results"]
    assert {one["level"] for one in results} == {"error", "note"}
    assert results[0]["ruleId"] == "NRM102"
    assert results[0]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "1"
    known = here(
        "doctor", *asked[:3], "--baseline", "known.json", "--fail-on", "remark", cwd=folder
    )
    assert known.returncode == 0
    assert known.stdout.endswith("Nothing was found. 3 known findings are in the baseline.\n")


def test_sarif_points_at_the_class_that_holds_the_layer(folder):
    np.savez(folder / "n.npz", first=np.ones((9, 3), "f4"), second=np.ones((9, 3), "f4"))
    here("doctor", "nets.py:Named", "--data", "n.npz", "--sarif", "o.sarif", cwd=folder)
    result = json.loads((folder / "o.sarif").read_text())["runs"][0]["results"][0]
    place = result["locations"][0]
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "norm"
    physical = place["physicalLocation"]
    assert Path(physical["artifactLocation"]["uri"]).name == "nets.py"
    line = NETS.splitlines().index("class Named(nn.Module):") + 1
    assert physical["region"]["startLine"] == line


def test_fixes_are_a_plan_until_they_are_written(folder):
    before = sorted(folder.iterdir())
    plan = found(folder, "nets.py:Net", "--data", "x.pt", "--fix")["fixed"]
    assert plan["dry_run"]
    assert sorted(p for p in folder.iterdir() if p.is_file()) == [p for p in before if p.is_file()]
    done = found(folder, "nets.py:Net", "--data", "x.pt", "--only", "NRM102", "--out", "w.pt")[
        "fixed"
    ]
    assert [(one["fix"], one["status"], one["found"]) for one in done["fixes"]] == [
        ("recalibrate", "done", False)
    ]
    again = found(folder, "nets.py:Net", "--weights", "w.pt", "--data", "x.pt")
    assert "NRM102" not in [one["code"] for one in again["findings"]]


@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: {"epoch": 3, "state_dict": s}])
def test_a_state_dict_alone(folder, wrap):
    norm = torch.nn.BatchNorm2d(4)
    norm.running_var[0] = float("nan")
    torch.save(wrap(torch.nn.Sequential(norm).state_dict()), folder / "w.pt")
    report = found(folder, "w.pt")
    assert [(f["code"], f["layers"]) for f in report["findings"]] == [("NRM103", ["0"])]


def test_safetensors(folder):
    save = pytest.importorskip("safetensors.torch").save_file
    save(torch.nn.Sequential(torch.nn.BatchNorm2d(4)).state_dict(), folder / "w.safetensors")
    assert [f["code"] for f in found(folder, "w.safetensors")["findings"]] == ["NRM102"]


def test_a_folder_of_batches_and_arrays(folder):
    (folder / "b").mkdir()
    rng = np.random.default_rng(0)
    for number in range(3):
        np.save(folder / "b" / f"{number}.npy", rng.normal(size=(40, 1, 8, 8)).astype("f4"))
    report = found(folder, "nets.py:Net", "--data", "b", "--batch-size", "20", "--max-batches", "5")
    assert report["batches"] == 5
    assert (
        report["notes"][0] == "5 batches were looked at; there were more, which were not looked at."
    )


def pictures(folder, sizes=((8, 8),) * 5, modes=("L",)):
    for number, size in enumerate(sizes):
        home = folder / "p" / f"class{number % 2}"
        home.mkdir(parents=True, exist_ok=True)
        values = np.random.default_rng(number).integers(0, 256, (*size, 3), np.uint8)
        image = Image.fromarray(values).convert(modes[number % len(modes)])
        image.save(home / f"{number}.png")


def test_a_folder_of_images(folder):
    pictures(folder)
    report = found(folder, "nets.py:Net", "--data", "p", "--batch-size", "2")
    assert report["batches"] == 3
    [batch] = FileBatches(folder / "p", 5)
    assert batch.shape == (5, 1, 8, 8) and 0 <= batch.min() < batch.max() <= 1
    first = np.asarray(Image.open(folder / "p" / "class0" / "0.png"))
    assert (batch[0, 0].numpy() == (first / 255).astype("f4")).all()


def test_images_in_colour_and_grey_become_one_batch(folder):
    pictures(folder, modes=("L", "RGB"))
    [batch] = FileBatches(folder / "p", 5)
    assert batch.shape == (5, 3, 8, 8)
    assert (batch[0, 0] == batch[0, 2]).all()


def test_images_that_cannot_be_one_batch(folder):
    pictures(folder, sizes=((8, 8), (8, 9)))
    ended = here("doctor", "nets.py:Net", "--data", "p", cwd=folder)
    assert ended.returncode == 2
    assert "resize the images to one size" in ended.stderr
    (folder / "p" / "class0" / "0.png").write_text("no image")
    ended = here("doctor", "nets.py:Net", "--data", "p", cwd=folder)
    assert ended.returncode == 2
    assert "cannot be read as an image" in ended.stderr and len(ended.stderr.splitlines()) == 1


def test_norms_are_converted_by_name(folder):
    data = ["--data", "x.pt"]
    plan = found(folder, "convert", "nets.py:Net", *data, "--num-groups", "2")
    assert plan["written"] is None
    assert [(one["fix"], one["status"]) for one in plan["fixes"]] == [("convert", "done")]
    found(folder, "convert", "nets.py:Net", *data, "--to", "frozen", "--out", "w.pt")
    assert "1.running_mean" in torch.load(folder / "w.pt")
    for wrong, said in ((["--to", "grup"], "group"), (["--num-groups", "3"], "does not divide")):
        ended = here("doctor", "convert", "nets.py:Net", *wrong, cwd=folder)
        assert ended.returncode == 2
        assert said in ended.stderr and len(ended.stderr.splitlines()) == 1


class Boom:
    def __reduce__(self):
        return (Path("ran").touch, ())


def test_a_strangers_pickle_is_never_loaded(folder):
    for name in ("p.pt", "p.pth"):
        (folder / name).write_bytes(pickle.dumps(Boom()))
        torch.save(Boom(), folder / f"t{name}")
        for arguments in ([name], [f"t{name}"], ["nets.py:Net", "--data", f"t{name}"]):
            ended = here("doctor", *arguments, cwd=folder)
            assert ended.returncode == 2
            assert len(ended.stderr.splitlines()) == 1
    assert not (folder / "ran").exists()


REFUSED = [
    (["none.pt"], "none.pt cannot be read"),
    (["none.safetensors"], "none.safetensors"),
    (["nets.py:None_"], "nets.py has no None_ to call"),
    (["nets.py:Two", "--data", "x.pt"], "several inputs takes mappings"),
    (["nets.py:Net", "--data", "none.pt"], "none.pt is not there"),
    (["nets.py:Net", "--data", "nets.py"], "is not one of .pt"),
    (["nets.py:Net", "--data", "empty"], "empty holds no .pt, .pth, .npy, .npz file and no image"),
    (["nets.py:Net", "--data", "x.pt", "--max-batches", "0"], "max_batches=0"),
    (["nets.py:Net", "--data", "x.pt", "--batch-size", "0"], "--batch-size 0"),
    (["nets.py:Net", "--data", "x.pt", "--batch-size", "many"], "--batch-size 'many'"),
    (["nets.py:Net", "--fail-on", "bad"], "--fail-on 'bad'"),
    (["nets.py:Net", "--only", "NRM999"], "no rule 'NRM999'"),
    (["none.py:Net", "--baseline", "nets.py"], "nets.py is no baseline"),
    (["nets.py:Net", "--html", "x.pt/o.html"], "cannot write into"),
    (["x.pt"], "does not hold a state_dict, but a Tensor"),
    (["x.pt", "--weights", "x.pt"], "--weights goes with a model"),
    (["--explain", "NRM9"], "no rule 'NRM9'"),
    (["--json"], "give a model"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED, ids=lambda value: str(value)[:60])
def test_what_is_refused_in_one_line(folder, arguments, said):
    (folder / "empty").mkdir()
    ended = here("doctor", *arguments, cwd=folder)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_rules_are_listed_and_explained():
    listed = here("doctor", "--list").stdout.splitlines()
    assert len(listed) == 27
    assert listed[0].startswith("NRM101  statistics-stale")
    text = here("doctor", "--explain", "foldable").stdout
    assert text.startswith("NRM402 foldable\n")
    assert here("doctor").stdout.startswith("Usage: normlab doctor")
