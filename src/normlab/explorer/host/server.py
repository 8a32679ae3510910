"""The explorer's server: one page, its files, and a websocket; on this machine, for this machine."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router, WebSocketRoute
from starlette.types import ASGIApp

from normlab.explorer.host.guard import Guard
from normlab.explorer.host.sockets import CLOSED_ABOVE, Sockets
from normlab.explorer.host.talk import Talk

HOME = Path(__file__).parents[1]
FILES = {
    "/": (HOME / "page.html", "text/html"),
    "/page.css": (HOME / "page.css", "text/css"),
    "/page.js": (HOME / "static" / "page.js", "text/javascript"),
    "/explorer.js": (HOME / "static" / "explorer.js", "text/javascript"),
    "/explorer.css": (HOME / "static" / "explorer.css", "text/css"),
}


def application(port: int, start: Callable[[], Talk]) -> ASGIApp:
    """The whole server as an ASGI application; `start` makes the conversation of a page."""
    files = [Route(address, _file(*which)) for address, which in FILES.items()]
    socket = WebSocketRoute("/socket", Sockets(start).serve)
    return Guard(Router([*files, socket], redirect_slashes=False), port)


def _file(path: Path, media: str) -> Callable:
    """Asked for again each time, and sent again only if it changed: never an old module after an upgrade."""

    async def send(request: Request) -> Response:
        content = path.read_bytes()
        tag = f'"{sha256(content).hexdigest()[:32]}"'
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        known = request.headers.get("if-none-match", "").split(",")
        if tag in [given.strip().removeprefix("W/") for given in known]:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=media, headers=headers)

    return send


def configured(app: ASGIApp) -> uvicorn.Server:
    """uvicorn around it, quiet unless something is wrong; uncompressed, since nothing leaves the machine."""
    config = uvicorn.Config(
        app,
        http="h11",
        ws="websockets-sansio",
        ws_max_size=CLOSED_ABOVE,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)
