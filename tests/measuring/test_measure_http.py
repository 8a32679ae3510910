"""A file behind an http address, from a server on this machine."""

import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

import normlab
from normlab.errors import DataError, MissingExtraError


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format, *args):
        pass


@pytest.fixture
def address(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,4\n5,9\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_file_is_copied_and_measured(address):
    pytest.importorskip("aiohttp")
    found = normlab.measure(f"{address}/t.csv")
    assert (found.mean.tolist(), found.source) == ([3.0, 5.0], f"{address}/t.csv")
    with pytest.raises(DataError, match="there is no such file or folder; check the address"):
        normlab.measure(f"{address}/none.csv")


def test_without_its_package_the_extra_is_named(monkeypatch):
    pytest.importorskip("fsspec.registry")
    monkeypatch.setitem(sys.modules, "fsspec.implementations.http", None)
    monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, "http", raising=False)
    with pytest.raises(MissingExtraError, match=r"needs aiohttp.*\[http\]"):
        normlab.measure("http://127.0.0.1:9/t.csv")
