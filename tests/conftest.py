"""Shared by all tests: one thread, one parameter `row` that runs over the whole table, and the account
of what was proved of which row (docs/reference/coverage.md).
"""

import importlib.util
import os
import re
import signal
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from browsing import chromium
from normlab import table
from normlab.equation.row import Norm

DOCS = Path(__file__).parent.parent / "docs"

# two workers share two cores; and processes that tests start inherit it
os.environ |= {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")}
torch.set_num_threads(1)
# a shell has what it starts in the background ignore Ctrl-C, and all that is started by it
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
settings.register_profile("normlab", deadline=None)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile("normlab")
WHOLE = ("", "not slow")  # both prove every cell of docs/reference/coverage.md


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
    parser.addoption(
        "--write-coverage", action="store_true", help="write docs/reference/coverage.md"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """What uses a browser is marked so; what fills a cell of coverage.md is never left to test-all."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
        if item.get_closest_marker("slow") and item.get_closest_marker("proves"):
            raise pytest.UsageError(f"{item.nodeid}: what proves a row is not slow")


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
    """The configurations of layers that docs/reference/works-with.md has a line for."""
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
    """Whether this run was make test's or make test-all's: no file or keyword chosen, not stopped early."""
    option, config = session.config.option, session.config
    chosen = (option.keyword, option.deselect, option.ignore, option.ignore_glob)
    ended = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    stopped = session.shouldstop or session.shouldfail or option.collectonly
    everything = config.args_source == config.ArgsSource.TESTPATHS and not any(chosen)
    return everything and option.markexpr in WHOLE and ended and not stopped


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
        said = [coverage.complaint(proofs, written)]
        if (
            not config.option.markexpr
        ):  # some uses take many seconds: make test-all alone has them all
            said.append(works_with.complaint(uses, _layers(), listed))
        config.stash[COMPLAINT] = "\n".join(filter(None, said))
        if config.stash[COMPLAINT]:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    proofs = _proofs(config, coverage.Proofs())
    whole = COMPLAINT in config.stash or config.option.write_coverage
    terminalreporter.write_line(proofs.summary() if whole else proofs.of_this_run())
    if complaint := config.stash.get(COMPLAINT, ""):
        terminalreporter.write_line(complaint, red=True)
