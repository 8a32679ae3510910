"""`normlab explore --export` as its user calls it, and what the file holds."""

import os
import pty
import shutil
import signal
import subprocess
import time
from datetime import date

import numpy as np
import pytest
from exported import asked, close, stored
from playwright.sync_api import expect

from command import NORMLAB, PATIENCE, here
from normlab import __version__
from normlab.errors import DataError
from normlab.explorer.host import export
from normlab.explorer.host.ahead import states
from normlab.explorer.model.state import State

LARGEST = 3_000_000  # bytes


def test_it_is_one_file_that_says_when_it_was_made_and_asks_for_nothing(exported):
    text = exported.read_text()
    assert len(text.encode()) < LARGEST
    assert f"with normlab {__version__}." in text
    assert f"Made on {date.today().year}-" in text
    head = text.partition("<style>")[0]
    assert "default-src &#x27;none&#x27;; script-src &#x27;sha256-" in head
    assert "http" not in head.replace("http-equiv", "")
    assert text.count("</script>") == text.count("<script") == 2


def test_every_stored_scene_is_what_python_answers(exported):
    """A ninth of them, which are other ones for each row and kind of data."""
    scenes = list(stored(exported))
    assert len(scenes) == len(states())
    assert sorted(str(scene["state"]) for scene, _ in scenes) == sorted(
        str(State.of(**state).json()) for state in states()
    )
    for scene, arrays in scenes[::9]:
        header, computed = asked(**scene["state"])
        told = ("arrays", "held", "seq")
        close(
            *(
                {name: part for name, part in one.items() if name not in told}
                for one in (scene, header)
            )
        )
        assert arrays.keys() == computed.keys()
        for name, values in computed.items():
            np.testing.assert_array_equal(arrays[name], values.astype(np.float32))


def test_only_what_torch_refuses_is_an_error(exported):
    refused = [scene for scene, _ in stored(exported) if scene["type"] != "scene"]
    assert [(scene["type"], scene["state"]["batch_size"]) for scene in refused] == [("refused", 1)]


REFUSED = {
    "folder.html": "--export 'folder.html' is a folder; give a file: page.html.",
    "page.htm": "--export 'page.htm' is no name of a page; give one: page.html.",
    "page": "--export 'page' is no name of a page; give one: page.html.",
    "file/page.html": "cannot write into 'file': File exists. Give another folder with --export.",
}


@pytest.mark.parametrize(("name", "words"), REFUSED.items(), ids=REFUSED)
def test_a_name_that_cannot_be_written_is_refused_at_once_in_one_line(tmp_path, name, words):
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "file").write_text("")
    done = here("explore", "--export", name, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("normlab: ") and done.stderr.count("\n") == 1
    assert words.partition(":")[0] in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.html"]


UNHELD = {
    'edits={"deleted":[1]}': "no points that were changed by hand; leave edits= out of --state.",
    "table=feedbeef": "no table of your own; leave table= out of --state.",
    "data=table": "no table of your own; leave data=table out of --state.",
    "norm=bach": "norm=bach given; it must be",
}


@pytest.mark.parametrize(("state", "words"), UNHELD.items(), ids=UNHELD)
def test_a_state_that_a_file_cannot_hold_is_refused(tmp_path, state, words):
    done = here("explore", "--export", tmp_path / "page.html", "--state", state)
    assert done.returncode == 2
    assert done.stderr.startswith("normlab: ") and words in done.stderr
    assert os.listdir(tmp_path) == []


def test_it_begins_with_the_state_that_was_asked_for(tmp_path, opened, monkeypatch):
    """Of few scenes, so that it is soon written."""
    monkeypatch.setattr(export, "states", lambda: [{}, {"norm": "layer"}])
    wanted = {"norm": "layer", "n": 50, "seed": 9, "hide": ["code"]}
    export.write(tmp_path / "page.html", state=wanted)
    page = opened((tmp_path / "page.html").as_uri()).page
    expect(page.locator(".status")).to_contain_text("Layer normalisation: 50 rows")
    expect(page.locator(".panel.code")).to_be_hidden()
    assert page.locator(".scatter.after .points circle").count() == 50


def test_without_the_built_files_it_says_so(tmp_path, monkeypatch):
    shutil.copytree(
        export._HOME, tmp_path / "explorer", ignore=shutil.ignore_patterns("offline.js")
    )
    monkeypatch.setattr(export, "_HOME", tmp_path / "explorer")
    with pytest.raises(
        DataError, match=r"explorer/static/offline\.js is missing; install normlab again"
    ):
        export.page()


def _interrupted(path, number):
    """What is left when it is ended in the middle of computing, which a bar on its terminal tells."""
    leader, follower = pty.openpty()
    command = [str(NORMLAB), "explore", "--export", str(path)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=follower, start_new_session=True, text=True
    )
    os.close(follower)
    shown = b""
    while b"computing the page" not in shown:
        shown += os.read(leader, 4096)
    time.sleep(0.5)
    os.killpg(process.pid, number)
    out, _ = process.communicate(timeout=PATIENCE)
    os.close(leader)
    return process.returncode, out


def test_ctrl_c_leaves_an_earlier_file_whole(tmp_path):
    earlier = tmp_path / "page.html"
    earlier.write_text("an earlier one")
    assert _interrupted(earlier, signal.SIGINT) == (130, "")
    assert earlier.read_text() == "an earlier one"
    assert os.listdir(tmp_path) == ["page.html"]


def test_help_tells_of_it():
    done = here("explore", "--help")
    assert done.returncode == 0
    assert "Write a page for a classroom without Python" in " ".join(done.stdout.split())
