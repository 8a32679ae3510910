"""`normlab explore`: a port, the server in a thread, the browser, and a quiet end."""

import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager

from normlab.errors import SettingError
from normlab.explorer.host.talk import Talk

HOST = "127.0.0.1"
PORT = 8899
_TRIED = 20  # ports, from the one asked for
_LAST = 65535


def explore(
    port: int,
    link: str,
    browser: bool,
    say: Callable[[str], None],
    waiting: Callable[[], AbstractContextManager[object]],
    ready: Callable[[str], None],
) -> None:
    """Serve until KeyboardInterrupt, which is raised again once all is closed.

    The page is there at once, and waits for torch, which is imported meanwhile: `waiting` is entered for
    that time, `ready` then told the address.
    """
    listener = bound(port)
    taken = listener.getsockname()[1]
    address = f"http://{HOST}:{taken}/" + (f"#{link}" if link else "")
    if port not in (0, taken):
        say(f"Port {port} is taken; this is {taken}.")
    with _serving(listener, taken) as (thread, conversation):
        if browser and not opened(address):
            say("No browser was found here: open the address in one.")
        with waiting():
            conversation.set_result(_imported())
        ready(address)
        while thread.is_alive():
            thread.join(0.5)  # and not for ever, since Ctrl-C would not end that on Windows


def bound(port: int) -> socket.socket:
    """A socket at the first port that is free, from the one asked for on; at any for 0."""
    if not 0 <= port <= _LAST:
        raise SettingError(f"--port {port} given; it must be a whole number from 0 to {_LAST}.")
    tried = range(port, min(port + _TRIED, _LAST + 1)) if port else [0]
    for number in tried:
        listener = socket.socket()
        if (
            os.name == "posix"
        ):  # a port that was closed just now; elsewhere it would share one in use
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, number))
            listener.listen()
            return listener
        except PermissionError as error:
            listener.close()
            raise SettingError(
                f"--port {number} given, which is not yours to take; give one from 1024 on."
            ) from error
        except OSError:
            listener.close()
    raise SettingError(
        f"ports {tried[0]} to {tried[-1]} are all taken; end another explorer, or give another --port."
    )


@contextmanager
def _serving(
    listener: socket.socket, port: int
) -> Iterator[tuple[threading.Thread, Future[Callable[[], Talk]]]]:
    """The server in a thread of its own, since signals come to the main one, and so can end an import."""
    from normlab.explorer.host.server import application, configured

    conversation: Future[Callable[[], Talk]] = Future()
    server = configured(application(port, lambda: conversation.result()()))
    thread = threading.Thread(target=server.run, args=([listener],), name="normlab-server")
    thread.start()
    try:
        yield thread, conversation
    finally:
        conversation.cancel()  # pages that wait for it
        server.should_exit = True
        thread.join()


def _imported() -> Callable[[], Talk]:
    """What starts a conversation; the first of all, which is slower, is over."""
    import torch

    from normlab.explorer.conversation import Conversation

    torch.set_num_threads(1)  # arrays are small, and pages several
    Conversation().reply({"type": "scene", "seq": 0, "state": {}})
    return Conversation


def opened(address: str) -> bool:
    """Whether there is a browser with windows, which then opens the address."""
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return False
    in_terminal = type(found) is webbrowser.GenericBrowser and "BROWSER" not in os.environ
    if in_terminal and sys.platform not in ("win32", "darwin"):  # lynx would take this terminal
        return False
    threading.Thread(target=found.open, args=(address,), daemon=True).start()
    return True
