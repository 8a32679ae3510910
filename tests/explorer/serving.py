"""`normlab explore` as a process of its own, as its user starts it."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from urllib.parse import urlsplit

from command import PATIENCE, attended

ENDED = "The explorer has ended.\n"
ALONE = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")  # whatever this machine has


class Started:
    """A process of the command, which may not yet compute."""

    def __init__(self, process):
        self.process = process

    def line(self):
        """The next line that it prints; nothing once it has ended."""
        return self.process.stdout.readline()

    def send(self, number):
        """A signal to its whole group, as a terminal sends Ctrl-C."""
        os.killpg(self.process.pid, number)

    def stop(self, number=signal.SIGINT):
        """End it by a signal: exit code, output and errors."""
        if self.process.poll() is None:
            self.send(number)
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err


class Explorer(Started):
    """One that computes, at its address."""

    def __init__(self, process, address):
        super().__init__(process)
        self.address = address
        self.port = urlsplit(address).port


@contextlib.contextmanager
def started(*options, **environment):
    """The command with these options, for the block; nothing of it is left afterwards."""
    command = attended("explore", *options)
    known = {name: value for name, value in os.environ.items() if name not in ALONE}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=known | environment, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            yield Started(process)
        finally:
            process.kill()


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def until_served(port):
    """The page, as soon as it is there."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with (
            contextlib.suppress(OSError),
            contextlib.closing(
                http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            ) as asked,
        ):
            asked.request("GET", "/")
            return asked.getresponse().read().decode()
    raise AssertionError("no page")


@contextlib.contextmanager
def explorer(*options, port=0, **environment):
    """One that computes, until the end of the block; it must then have ended well, or been killed."""
    given = ("--json", "--no-browser", "--port", port, *options)
    with started(*given, **environment) as begun:
        line = begun.line()
        assert line, begun.stop()
        running = Explorer(begun.process, json.loads(line)["address"])
        yield running
        code, _, err = running.stop()
        assert (code, err) in ((0, ENDED), (-signal.SIGKILL, "")), err
