"""`normlab explore` as its user starts and ends it: real processes, real ports, real signals."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from serving import ENDED, explorer, free_port, started, until_served
from tabs import tab

from checks import until
from command import NORMLAB, PATIENCE, here, normlab
from normlab._installed import advice

LIGHT = """
import sys
sys.argv = ["normlab", "explore", "--help"]
from normlab.cli import main
try:
    main()
finally:
    assert not {"torch", "starlette", "uvicorn", "websockets", "anywidget"} & set(sys.modules)
"""
WITHOUT = """
import sys
sys.modules[sys.argv.pop(1)] = None
from normlab.cli import main
main()
"""


def python(code, *arguments):
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)


def test_help_has_an_example_and_is_light():
    done = python(LIGHT)
    assert done.returncode == 0, done.stderr
    assert "Example: normlab explore --state 'norm=layer&batch_size=16'" in done.stdout


PARTS = [
    "starlette",
    *(pytest.param(each, marks=pytest.mark.slow) for each in ("uvicorn", "websockets")),
]


@pytest.mark.parametrize("package", PARTS)
def test_without_the_extra_one_line_says_how_to_install_it(package):
    done = python(WITHOUT, package, "explore")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"normlab: the explorer's page needs {package}, which is not installed; install it with "
        f"{advice('explorer')}.\n"
    )


REFUSED = {
    "--port x": "--port 'x' given; it must be a whole number.",
    "--port 65536": "--port 65536 given; it must be a whole number from 0 to 65535.",
    "--port -1": "--port -1 given; it must be a whole number from 0 to 65535.",
    "--state norm=bach": "norm=bach given; it must be",
    "--state nrom=layer": "The explorer has no setting 'nrom'. Did you mean 'norm'?",
    "--state norm": "--state 'norm' given; it must be names and values: norm=layer&batch_size=16.",
    "--state batch_size=0": "batch_size=0 given; it must be",
    "--export . --state norm=layer": "--export '.' is a folder; give a file: page.html.",
    "--export .": "--export '.' is a folder; give a file: page.html.",
    "--export /proc/x/page.html": "cannot write into '/proc/x': ",
    "--nosuch": "No such option: --nosuch",
}


@pytest.mark.parametrize(("options", "message"), REFUSED.items(), ids=REFUSED)
def test_what_cannot_be_served_is_one_line(options, message):
    refused(here, options, message)


def test_a_process_of_its_own_says_the_same():
    refused(normlab, "--state norm=bach", REFUSED["--state norm=bach"])


def refused(run, options, message):
    done = run("explore", *options.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"normlab: {message}")
    assert done.stderr.count("\n") == 1


def test_a_port_in_use_is_not_taken_but_the_next_and_said(running):
    with started("--no-browser", "--port", running.port) as other:
        said, address = other.line(), other.line()
    taken = int(address.split("/")[2].split(":")[1])
    assert running.port < taken < running.port + 20
    assert said == f"Port {running.port} is taken; this is {taken}.\n"
    assert address == f"The explorer: http://127.0.0.1:{taken}/   (Ctrl-C ends it)\n"


def test_twenty_ports_in_use_are_one_line():
    first = 65535 - 4  # the last ports, which no one else is given: fewer to take
    with contextlib.ExitStack() as stack:
        for port in range(first, 65536):
            held = stack.enter_context(socket.socket())
            held.bind(("127.0.0.1", port))
            held.listen()
        done = normlab("explore", "--no-browser", "--port", first)
    assert done.returncode == 2
    assert done.stderr.startswith(f"normlab: ports {first} to 65535 are all taken; end another")


def test_only_this_machine_is_served(running):
    listening = [
        c for c in psutil.Process(running.process.pid).net_connections() if c.status == "LISTEN"
    ]
    assert [tuple(c.laddr) for c in listening] == [("127.0.0.1", running.port)]


def test_the_state_is_in_the_address_as_one_types_it():
    with explorer("--state", "norm=layer&batch_size=16&mean=[1, 2]") as own:
        assert own.address == f"http://127.0.0.1:{own.port}/#norm=layer&batch_size=16&mean=[1,%202]"


SIGNALS = [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]


@pytest.mark.parametrize("number", SIGNALS)
def test_it_ends_quietly_with_pages_open(number):
    with explorer() as own, tab(own.port) as page:
        assert page.ask({"type": "scene", "seq": 1, "state": {}})[0]["type"] == "scene"
        children = psutil.Process(own.process.pid).children(recursive=True)
        assert own.stop(number) == (0, "", ENDED)
        assert [child for child in children if child.is_running()] == []
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", own.port))


SOON = (signal.SIGINT, 0.6)
EARLY = [
    pytest.param(number, seconds, marks=() if (number, seconds) == SOON else pytest.mark.slow)
    for number in (signal.SIGINT, signal.SIGTERM)
    for seconds in (0, 0.6, 1.5, 2.5)
]


@pytest.mark.parametrize(("number", "seconds"), EARLY)
def test_it_ends_quietly_while_torch_is_imported(number, seconds):
    """An import in C may swallow what a signal raises, or make another exception of it."""
    port = free_port()
    with started("--no-browser", "--port", port) as own:
        until_served(port)
        time.sleep(seconds)
        code, _, err = own.stop(number)
    assert (code, err) == (0, ENDED)


@pytest.mark.slow
def test_a_second_signal_does_no_harm():
    with started("--no-browser", "--port", "0") as own:
        assert own.line()
        for _ in range(5):
            own.send(signal.SIGINT)
            time.sleep(0.02)
        assert own.stop() == (0, "", ENDED)


def test_the_page_is_there_before_torch_is():
    """Within a moment, and long before a scene: the page is served, and a socket waits for its answer."""
    port = free_port()
    with started("--json", "--no-browser", "--port", port) as own:
        assert "<noscript>" in until_served(port)
        with tab(port) as page:
            page.say({"type": "hello", "seq": 1})
            assert json.loads(own.line())["address"].endswith(f":{port}/")
            assert page.hear()[0]["seq"] == 1


@pytest.fixture
def recorder(tmp_path):
    """A browser of the person's choice that writes down what it is given."""
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/opened\n')
    program.chmod(0o755)
    return program, tmp_path / "opened"


def shown(*options, **environment):
    """All that is printed until the address is."""
    lines = []
    with started("--port", "0", *options, **environment) as own:
        while not (lines and "Ctrl-C" in lines[-1]):
            lines.append(own.line())
            assert lines[-1], own.stop()
        assert own.stop() == (0, "", ENDED)
    return lines


def test_a_browser_is_opened_with_the_state(recorder):
    program, opened = recorder
    (line,) = shown("--state", "norm=rms", BROWSER=str(program))
    until(lambda: opened.exists() and opened.read_text())
    assert opened.read_text().strip() == line.split()[2]
    assert line.split()[2].endswith("/#norm=rms")


@pytest.mark.slow
def test_no_browser_is_opened_where_it_is_not_wanted(recorder):
    program, opened = recorder
    assert len(shown("--no-browser", BROWSER=str(program))) == 1
    assert not opened.exists()


def test_without_a_browser_the_address_is_printed():
    none, address = shown(TERM="xterm")
    assert none == "No browser was found here: open the address in one.\n"
    assert address.startswith("The explorer: http://127.0.0.1:")


@pytest.mark.slow
def test_a_browser_of_the_terminal_does_not_take_it(tmp_path):
    lynx = tmp_path / "lynx"
    lynx.write_text(f"#!/bin/sh\necho > {tmp_path}/opened\n")
    lynx.chmod(0o755)
    none, _ = shown(TERM="xterm", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert none == "No browser was found here: open the address in one.\n"
    assert not Path(tmp_path, "opened").exists()


def test_a_closed_pipe_is_no_traceback():
    script = f"'{NORMLAB}' explore --no-browser --port 0 | true"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=PATIENCE)
    assert (done.stdout, done.stderr) == ("", "")
