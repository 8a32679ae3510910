"""Who may speak to the explorer's server, and the headers of every answer.

Any page that a browser has open can send requests to this machine. Its own name in `Host` (a name that
was made to point here) or its own address in `Origin` give it away, and it is refused.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

NAMES = ("127.0.0.1", "localhost", "[::1]")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws://{host}; "
    "font-src data:; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


class Guard:
    """ASGI: refuses whoever names another host or origin, and adds the headers to what is answered."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._port = port
        self._hosts = {f"{name}:{port}" for name in NAMES} | (set(NAMES) if port == 80 else set())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return
        given = Headers(scope=scope)
        words = self._refusal(given, origin_needed=scope["type"] == "websocket")
        answering = _with_headers(send, "" if words else given["host"].lower())
        if not words:
            await self._app(scope, receive, answering)
        elif scope["type"] == "http":
            await PlainTextResponse(words, 403)(scope, receive, answering)
        else:  # also 403; no browser shows a page the words of it
            await WebSocketClose()(scope, receive, send)

    def _refusal(self, given: Headers, origin_needed: bool) -> str:
        """Why a request is refused, in words; nothing if it is not."""
        hosts, origins = given.getlist("host"), given.getlist("origin")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            told = ", ".join(hosts)[:100] or "no host"
            return (
                f"{told!r} was asked for, and this is 127.0.0.1:{self._port}. Open the explorer at "
                f"http://127.0.0.1:{self._port}/; from another machine, forward the same port: "
                f"ssh -L {self._port}:127.0.0.1:{self._port} …\n"
            )
        if len(origins) > 1 or (origin_needed and not origins):
            return "The explorer's socket is for the explorer's page: Origin must be given, once.\n"
        if origins and origins[0].lower() not in {f"http://{host}" for host in self._hosts}:
            return f"A page of {origins[0][:100]!r} asked; only the explorer's own page may.\n"
        return ""


def _with_headers(send: Send, host: str) -> Send:
    policy = _POLICY.format(host=host) if host else "default-src 'none'"

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS | {"Content-Security-Policy": policy})
        await send(message)

    return sending
