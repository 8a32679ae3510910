"""Names that are called from outside this repository: the design's, as far as they are built."""

import inspect
import subprocess
import sys
import tomllib
from operator import attrgetter
from pathlib import Path

import pytest
import torch

import normlab
from normlab.errors import SettingError

ROOT = Path(__file__).parents[2]
NAMES = {  # by where they are reached
    "": "table normalize Normalized Moments check convert grade errors filters Explorer",
    "Moments": "update merge mean var std",
    "functional": (
        "batch_norm layer_norm group_norm instance_norm rms_norm local_response_norm "
        "batch_norm_with_stats local_contrast_norm divisive_norm gdn"
    ),
    "nn": (
        "BatchNorm LayerNorm GroupNorm InstanceNorm RMSNorm LocalResponseNorm "
        "LocalContrastNorm DivisiveNorm GDN beyond"
    ),
    "nn.beyond": (
        "BatchRenorm DynamicTanh FilterResponseNorm FrozenBatchNorm GhostBatchNorm "
        "GlobalResponseNorm PositionalNorm ScaleNorm WeightStandardization "
        "moment_shortcut standardize_weights"
    ),
    "data": "read_table",
    "interop": ("from_caffe from_flax from_keras from_onnx from_paddle from_tensorflow to_onnx"),
    "lab": "run",
}


@pytest.mark.parametrize("place", NAMES)
def test_the_names_of_the_design_are_reached_after_import_normlab(place):
    home = attrgetter(place)(normlab) if place else normlab
    assert [name for name in NAMES[place].split() if not hasattr(home, name)] == []
    assert [name for name in normlab.__all__ if not hasattr(normlab, name)] == []


LIGHT = """
import sys, normlab
assert set(normlab.__all__) <= set(dir(normlab))
normlab.errors.SettingError, normlab.grade
assert not {"torch", "numpy", "matplotlib", "typer"} & set(sys.modules)
normlab.filters.gabor
"""


def test_names_come_with_their_first_use_and_nothing_heavy_before():
    """In a fresh process: in this one others may have imported them."""
    done = subprocess.run(
        [sys.executable, "-c", LIGHT], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_function_and_a_module_never_share_a_name():
    from normlab.grading.parent.process import grade

    assert inspect.isfunction(normlab.grade)
    assert normlab.grade is grade


def test_what_normalize_moments_and_check_return():
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    found = normlab.normalize(x, "batch")
    assert all(hasattr(found, name) for name in ("y", "center", "scale", "pool", "row"))
    assert normlab.Moments().update(x, dims=0).count == 4
    finding = normlab.check(torch.nn.LayerNorm(3), x).findings[0]
    assert (finding.check, finding.outcome) == ("output", "agrees")


def test_the_model_of_visual_cortex():
    from normlab.lab.cortex.model import V1
    from normlab.lab.cortex.parameters import STANDARD

    model = V1()
    grating = model.screen.grating(2.0)[None]
    assert model.respond(grating).rate.shape == (1, 1)
    assert model.maps(grating).shape[0] == 1
    assert STANDARD.maximum == 40.0


def test_a_result_of_the_laboratory_has_its_parts():
    from normlab.lab.experiment import Result

    assert all(hasattr(Result, name) for name in ("numbers", "figures", "verdicts", "save"))


def test_grade_takes_text_and_paths_and_says_what_it_cannot_take():
    file = Path(__file__).with_name("examples") / "l2.py"
    text, path = normlab.grade(str(file), file)
    assert text == path
    assert [mistake["name"] for mistake in text["mistakes"]] == ["missing_eps"]
    with pytest.raises(SettingError, match=r"a int given; name the file"):
        normlab.grade(3)


def test_the_version_is_written_once():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {
        "attr": "normlab._version.__version__"
    }
    written = f'"{normlab.__version__}"'
    files = [*(ROOT / "src").rglob("*.py"), *(ROOT / "docs").glob("*.py")]
    assert [file.name for file in files if written in file.read_text()] == ["_version.py"]
