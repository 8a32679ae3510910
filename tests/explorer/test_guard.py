"""Who asks under another name or from another page is refused, in words; every answer has its headers."""

import http.client
import socket

import pytest
from tabs import tab
from websockets.exceptions import InvalidStatus

from command import PATIENCE

PATHS = ("/", "/page.js", "/page.css", "/explorer.js", "/explorer.css")
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


def asked(port, path="/", method="GET", **headers):
    """The whole answer, headers in lower case."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=given)
    answer = connection.getresponse()
    found = {name.lower(): value for name, value in answer.getheaders()}
    body = answer.read().decode()
    connection.close()
    return answer.status, found, body


def raw(port, text):
    """What the server says to these very bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
        line.sendall(text.format(port=port).replace("\n", "\r\n").encode("latin-1"))
        line.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: line.recv(4096), b"")).decode("latin-1")


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LocalHost", "[::1]"])
def test_every_name_of_this_machine_is_answered(running, name):
    own = f"{name}:{running.port}"
    status, headers, _ = asked(running.port, Host=own, Origin=f"http://{own}")
    assert status == 200
    assert f"connect-src 'self' ws://{own.lower()};" in headers["content-security-policy"]
    with tab(running.port, name) as page:
        assert page.ask({"type": "hello", "seq": 1})[0]["type"] == "hello"


FOREIGN_HOSTS = (
    "evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1:{port}.evil.example",
    "127.0.0.1.evil.example:{port}", "localhost.:{port}", "0.0.0.0:{port}", "user@127.0.0.1:{port}",
    "127.0.0.1:{port}, evil.example", "2130706433:{port}", "",
)  # fmt: skip


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_name_that_was_made_to_point_here_is_refused(running, host):
    own = host.format(port=running.port)
    for path in PATHS:
        status, headers, body = asked(running.port, path, Host=own)
        assert status == 403
        assert body.startswith(f"{own or 'no host'!r} was asked for, and this is 127.0.0.1:")
        assert HEADERS.items() <= headers.items()
    request = f"GET /socket HTTP/1.1\nHost: {own}\nOrigin: http://127.0.0.1:{{port}}\n"
    assert raw(running.port, request + UPGRADE).startswith("HTTP/1.1 403 ")


UPGRADE = """Upgrade: websocket
Connection: Upgrade
Sec-WebSocket-Version: 13
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==

"""
FOREIGN_ORIGINS = (
    "http://evil.example", "null", "http://127.0.0.1", "http://localhost:1", "https://127.0.0.1:{port}",
    "http://127.0.0.1:{port}.evil.example", "http://127.0.0.1:{port}/", "file://", "",
)  # fmt: skip


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
def test_another_page_is_refused(running, origin):
    given = origin.format(port=running.port)
    for path in PATHS:
        status, _, body = asked(running.port, path, Origin=given)
        assert (status, body) == (
            403, f"A page of {given!r} asked; only the explorer's own page may.\n",
        )  # fmt: skip
    with pytest.raises(InvalidStatus) as refused, tab(running.port, origin=given):
        pass
    assert refused.value.response.status_code == 403


def test_a_socket_without_an_origin_is_refused(running):
    with pytest.raises(InvalidStatus) as refused, tab(running.port, origin=None):
        pass
    assert refused.value.response.status_code == 403


REFUSED = {
    "no host": "GET / HTTP/1.1\n\n",
    "an old browser's no host": "GET / HTTP/1.0\n\n",
    "two hosts": "GET / HTTP/1.1\nHost: 127.0.0.1:{port}\nHost: evil.example\n\n",
    "two hosts of a socket": "GET /socket HTTP/1.1\nHost: 127.0.0.1:{port}\nHost: evil.example\n"
    "Origin: http://127.0.0.1:{port}\n" + UPGRADE,
    "two origins": "GET /socket HTTP/1.1\nHost: 127.0.0.1:{port}\nOrigin: http://127.0.0.1:{port}\n"
    "Origin: http://evil.example\n" + UPGRADE,
}


@pytest.mark.parametrize("request_", REFUSED.values(), ids=REFUSED)
def test_what_no_browser_sends_is_refused(running, request_):
    assert raw(running.port, request_)[:13] in ("HTTP/1.1 400 ", "HTTP/1.1 403 ")


def test_only_get_and_head_of_what_there_is(running):
    for path in PATHS:
        assert asked(running.port, path)[0] == 200
        status, _, body = asked(running.port, path, "HEAD")
        assert (status, body) == (200, "")
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
            assert asked(running.port, path, method)[0] == 405
    others = (
        "/page.html",
        "/static/page.js",
        "/explorer.js/",
        "/server.py",
        "/..%2fserver.py",
        "/%00",
    )
    for path in (*others, "/../server.py", "//", "/socket", "/favicon.ico"):
        status, headers, body = asked(running.port, path)
        assert (status, body) == (404, "Not Found")
        assert HEADERS.items() <= headers.items()


def test_every_answer_carries_the_headers(running):
    for path in PATHS:
        _, headers, _ = asked(running.port, path)
        assert HEADERS.items() <= headers.items()
        policy = dict(
            part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
        )
        assert policy == {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "connect-src": f"'self' ws://127.0.0.1:{running.port}",
            "font-src": "data:",
            "img-src": "'self' data: blob:",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
        }
        assert "server" not in headers
        assert "access-control-allow-origin" not in headers


def test_a_file_is_sent_again_only_when_it_changed(running):
    for path in PATHS:
        _, headers, body = asked(running.port, path)
        assert headers["cache-control"] == "no-cache"
        tag = headers["etag"]
        for known in (tag, f"W/{tag}", f'"other", {tag}'):
            status, again, nothing = asked(running.port, path, If_None_Match=known)
            assert (status, nothing, again["etag"]) == (304, "", tag)
        assert asked(running.port, path, If_None_Match='"other"')[2] == body


def test_the_page_has_nothing_inline(running):
    body = asked(running.port)[2]
    assert '<html lang="en-GB">' in body
    assert "<title>" in body
    assert "<noscript>" in body
    assert "<style" not in body
    assert "style=" not in body
    assert "://" not in body
    assert body.count("<script") == body.count('<script type="module" src=') == 1
