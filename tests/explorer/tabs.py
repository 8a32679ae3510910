"""Frames and messages of the explorer, read and said as a browser does, by no code of the package."""

import contextlib
import json
import socket
import struct

from websockets.sync.client import connect

from command import PATIENCE


def unpack(frame):
    """The header and the buffers of a frame, by the words of the format alone."""
    (length,) = struct.unpack_from("<I", frame)
    header = json.loads(frame[4 : 4 + length])
    buffers, place = [], _next(4 + length)
    for size in header.pop("buffers"):
        buffers.append(bytes(frame[place : place + size]))
        place = _next(place + size)
    assert place == len(frame)
    return header, buffers


def _next(place):
    return place if place % 8 == 0 else place + 8 - place % 8


@contextlib.contextmanager
def tab(port, name="127.0.0.1", **options):
    """An open page at that port, by that name."""
    given = {"origin": f"http://{name}:{port}", "compression": None, "max_size": None}
    line = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    where = {"sock": line, "ping_interval": None}
    with connect(f"ws://{name}:{port}/socket", **where | given | options) as opened:
        yield Tab(opened)


class Tab:
    """What an open page says, and what it is answered."""

    def __init__(self, opened):
        self.socket = opened

    def say(self, message):
        self.socket.send(message if isinstance(message, str | bytes) else json.dumps(message))

    def hear(self, seconds=PATIENCE):
        return unpack(self.socket.recv(timeout=seconds))

    def ask(self, message):
        self.say(message)
        return self.hear()
