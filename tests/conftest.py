"""Shared by all tests: one thread, one parameter `row` that runs over the whole table, and the account
of what was proved of which row (docs/coverage.md).
"""

import importlib.util
import re
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from browsing import chromium
from normlab import table
from normlab.equation.row import Norm

DOCS = Path(__file__).parent.parent / "docs"

torch.set_num_threads(1)
settings.register_profile("normlab", deadline=None)
settings.load_profile("normlab")


def load(name):
    """A module of docs/, which is no package."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


coverage = load("coverage")  # not the package of that name
works_with = load("works_with")
COMPLAINT = pytest.StashKey[str]()


@pytest.fixture(params=list(table.values()), ids=list(table))
def row(request):
    """Every row of the table in turn: a new row is tested as soon as it is listed."""
    return request.param


@pytest.fixture(scope="module")
def browser():
    """A browser for the tests of a file; no longer, since its loop of events keeps others from theirs."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def docs():
    return load


def pytest_addoption(parser):
    parser.addoption("--write-coverage", action="store_true", help="write docs/coverage.md")
    parser.addoption("--timing", choices=("only", "none"), help="tests that need a quiet machine")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """What uses a browser is marked so; timings are taken alone: another worker would be seen in them."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
    wanted = config.option.timing
    if wanted:
        timings = [item for item in items if "timing" in item.keywords]
        others = [item for item in items if "timing" not in item.keywords]
        items[:], left_out = (timings, others) if wanted == "only" else (others, timings)
        config.hook.pytest_deselected(items=left_out)


def pytest_runtest_setup(item):
    """What a test proves travels with its report, from whichever process runs it."""
    for marker in item.iter_markers("proves"):
        name, *rows = marker.args
        item.user_properties += coverage.pairs(name, rows or _rows(item))

    for marker in item.iter_markers("works"):
        use, *layers = marker.args
        item.user_properties += works_with.pairs(use, layers or [item.callspec.params["layer"]])


def _rows(item):
    """The rows an item is about: its parameter `row`, or the words of its id that name one."""
    given = getattr(item, "callspec", None) and item.callspec.params.get("row")
    if isinstance(given, Norm):
        return [given.name]
    words = re.split(r"[-\[\], ]", item.nodeid.partition("[")[2])
    return [name for name in table if name in words]


def _layers():
    """The configurations of layers that docs/works-with.md has a line for."""
    path = Path(__file__).parent / "uses" / "configurations.py"
    spec = importlib.util.spec_from_file_location("all_configurations", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [*module.CONFIGURATIONS]


def _proofs(config, proofs):
    stats = config.pluginmanager.get_plugin("terminalreporter").stats
    for outcome in ("passed", "failed", "error"):
        for report in stats.get(outcome, []):
            noted = getattr(report, "user_properties", [])  # a file that fails to import has none
            proofs.add(noted, report.nodeid, outcome == "passed")
    return proofs


def _whole(session):
    """Whether this run was of everything: no file, keyword or marker chosen, not stopped early."""
    option, config = session.config.option, session.config
    chosen = (option.keyword, option.markexpr, option.deselect, option.ignore, option.ignore_glob)
    ended = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    stopped = session.shouldstop or session.shouldfail or option.collectonly
    everything = config.args_source == config.ArgsSource.TESTPATHS and not any(chosen)
    return everything and ended and not stopped


def pytest_sessionfinish(session):
    config = session.config
    if hasattr(config, "workerinput"):  # the controller has all reports
        return
    proofs = _proofs(config, coverage.Proofs())
    uses = _proofs(config, works_with.Uses())
    if config.option.write_coverage:
        coverage.PAGE.write_text(coverage.page(proofs))
        works_with.PAGE.write_text(works_with.page(uses, _layers()))
    elif _whole(session):
        written = coverage.PAGE.read_text() if coverage.PAGE.exists() else ""
        listed = works_with.PAGE.read_text() if works_with.PAGE.exists() else ""
        said = coverage.complaint(proofs, written), works_with.complaint(uses, _layers(), listed)
        config.stash[COMPLAINT] = "\n".join(filter(None, said))
        if config.stash[COMPLAINT]:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    proofs = _proofs(config, coverage.Proofs())
    whole = COMPLAINT in config.stash or config.option.write_coverage
    terminalreporter.write_line(proofs.summary() if whole else proofs.of_this_run())
    if complaint := config.stash.get(COMPLAINT, ""):
        terminalreporter.write_line(complaint, red=True)
