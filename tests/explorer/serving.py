"""`normlab explore` as a process of its own, as its user starts it."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from command import NORMLAB

ALONE = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")  # whatever this machine has


@dataclass
class Explorer:
    """A running explorer. `stop` sends a signal and gives exit code, output and errors."""

    process: subprocess.Popen
    address: str

    @property
    def port(self):
        return urlsplit(self.address).port

    def stop(self, number=signal.SIGINT, seconds=20):
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
        out, err = self.process.communicate(timeout=seconds)
        return self.process.returncode, out, err


def started(*options, **environment):
    command = [str(NORMLAB), "explore", *map(str, options)]
    known = {name: value for name, value in os.environ.items() if name not in ALONE}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=known | environment, start_new_session=True,
    )  # fmt: skip


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def until_served(port):
    """The page, as soon as it is there."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with (
            contextlib.suppress(OSError),
            contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as asked,
        ):
            asked.request("GET", "/")
            return asked.getresponse().read().decode()
    raise AssertionError("no page")


@contextlib.contextmanager
def explorer(*options, port=0, **environment):
    """One that computes, until the end of the block; it must then have ended well."""
    process = started("--json", "--no-browser", "--port", port, *options, **environment)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        running = Explorer(process, json.loads(line)["address"])
        yield running
        code, _, err = running.stop()
        assert (code, err) in ((0, "The explorer has ended.\n"), (-signal.SIGKILL, "")), err
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
