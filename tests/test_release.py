"""What a release is made of says the same as the code."""

import re
from pathlib import Path

import yaml

from normlab import __version__

ROOT = Path(__file__).parent.parent


def test_the_citation_is_of_this_version():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert (cited["version"], cited["title"]) == (__version__, "normlab")


def test_before_a_commit_the_same_linter_runs_as_in_make_lint():
    pinned = re.search(
        r"^ruff==(\S+)$", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE
    )
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert [repo["rev"] for repo in hooks["repos"]] == [f"v{pinned[1]}"]


def test_hosted_workflows_run_targets_that_exist():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    steps = [
        step["run"]
        for path in (ROOT / ".github" / "workflows").glob("*.yml")
        for job in yaml.safe_load(path.read_text("utf-8"))["jobs"].values()
        for step in job["steps"]
        if "run" in step
    ]
    called = {
        word
        for run in steps
        for word in re.sub(r"\S+=.*", "", run).split()[1:]
        if run[:5] == "make "
    }
    assert called and called <= {*targets, "test", "test-all"}
