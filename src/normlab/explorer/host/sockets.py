"""One open page: its messages come in, a worker thread computes, frames go out."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from starlette.websockets import WebSocket, WebSocketDisconnect

from normlab.errors import one_line
from normlab.explorer.host.inbox import Asked, Inbox
from normlab.explorer.host.talk import Talk, answered, refused
from normlab.explorer.host.wire import pack

MOST_PAGES = 64
MOST_BYTES = 8_000_000  # of one message
_READ_HERE = 100_000  # characters; more would keep other pages waiting
CLOSED_ABOVE = 2 * MOST_BYTES  # of which not even the words are read: the connection is closed


class Sockets:
    """All open pages. Each has a conversation, and a thread while it is answered, of its own.

    `start` makes a conversation. It is called in a thread, and may take the seconds that torch's import
    takes.
    """

    def __init__(self, start: Callable[[], Talk]) -> None:
        self._start = start
        self._open = 0
        self._threads = ThreadPoolExecutor(MOST_PAGES, thread_name_prefix="normlab-page")

    async def serve(self, socket: WebSocket) -> None:
        await socket.accept()
        if self._open >= MOST_PAGES:
            words = f"{MOST_PAGES} pages are open already: close one, and reload this one."
            await socket.close(1013, words)
            return
        self._open += 1
        try:
            async with asyncio.TaskGroup() as tasks:
                inbox = Inbox()
                tasks.create_task(_listen(socket, inbox))
                tasks.create_task(self._answer(socket, inbox))
        except* WebSocketDisconnect:
            pass
        finally:
            self._open -= 1

    async def _answer(self, socket: WebSocket, inbox: Inbox) -> None:
        run = asyncio.get_running_loop().run_in_executor
        talk = await run(self._threads, self._start)
        while True:
            message = await inbox.take()
            await socket.send_bytes(await run(self._threads, answered, talk, message, pack))


async def _listen(socket: WebSocket, inbox: Inbox) -> None:
    while True:
        event = await socket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event["code"])
        try:
            text = event.get("text")
            large = text is not None and len(text) > _READ_HERE
            message = await asyncio.to_thread(read, text) if large else read(text)
        except ValueError as error:
            await socket.send_bytes(pack(refused(None, str(error))))
        else:
            await inbox.put(message)


def read(text: str | None) -> Asked:
    """The message of a frame; ValueError, in words, for what is none."""
    if text is None:
        raise ValueError("A frame of bytes came; a message is a JSON object as text.")
    if len(text) > MOST_BYTES or len(text.encode("utf-8")) > MOST_BYTES:
        raise ValueError(f"A message of more than {MOST_BYTES / 1e6:g} MB came; send less at once.")
    try:
        message = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"The message is not JSON ({one_line(error, 100)}); it must be a JSON object."
        ) from error
    if not isinstance(message, dict):
        raise ValueError(f"The message is JSON of another kind ({text[:40]!r}), and no object.")
    return message


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
