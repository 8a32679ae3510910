"""The socket on the real server: what is refused in words, who is answered when, and what gives way.

Order and newest-wins are tried with a talk that can be held up; everything else with the explorer's own.
"""

import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
from tabs import tab
from websockets.exceptions import ConnectionClosed

from checks import until
from command import PATIENCE
from normlab.explorer.conversation import Conversation
from normlab.explorer.host.launch import bound
from normlab.explorer.host.server import application, configured
from normlab.explorer.host.sockets import CLOSED_ABOVE, MOST_BYTES, MOST_PAGES

HELLO = {"type": "hello", "seq": 7}
BAD = {
    "no JSON": ("norm=layer", "The message is not JSON (Expecting value"),
    "nothing": ("", "The message is not JSON"),
    "a list": ("[1, 2]", "The message is JSON of another kind ('[1, 2]'), and no object."),
    "a number": ("3", "The message is JSON of another kind"),
    "null": ("null", "The message is JSON of another kind"),
    "NaN": ('{"type": "scene", "seq": NaN}', "The message is not JSON (NaN is no JSON)"),
    "half of it": ('{"type": "hello"', "The message is not JSON"),
    "too deep": ("[" * 100_000, "The message is not JSON"),
    "a number without end": ('{"seq": ' + "9" * 10_000 + "}", "The message is not JSON"),
    "bytes": (b'{"type": "hello"}', "A frame of bytes came; a message is a JSON object as text."),
    "too large": ('"' + "x" * MOST_BYTES + '"', "A message of more than 8 MB came; send less"),
    "too large in bytes": ('"' + "ε" * (MOST_BYTES // 2) + '"', "A message of more than 8 MB came"),
}


@pytest.mark.parametrize(("frame", "words"), BAD.values(), ids=BAD)
def test_what_is_no_message_is_refused_in_words_and_the_page_lives_on(running, frame, words):
    with tab(running.port) as page:
        header, buffers = page.ask(frame)
        assert (header["type"], header["seq"], buffers) == ("refused", None, [])
        assert header["words"].startswith(words)
        assert "\n" not in header["words"]
        assert len(header["words"]) < 250
        assert page.ask(HELLO)[0]["type"] == "hello"


ODD = (
    {},
    {"type": None, "seq": 1},
    {"type": ["scene"], "seq": 1},
    {"type": "dance", "seq": 1},
    {"type": "scene", "seq": 1},
    {"type": "scene", "seq": 1, "state": "layer"},
    {"type": "scene", "seq": 1, "state": {"norm": {"a": []}, "n": "many", "": None}},
    {"type": "scene", "seq": 1, "state": {"n": 1e308, "mean": [[[]]], "edits": 3}},
    {"type": "scene", "seq": {"a": 1}, "state": {}},
    {"type": "table", "seq": 1, "text": 5},
    {"type": "table", "seq": 1, "text": "\ud800,b\n1,2\n", "name": ["x"]},
    {"type": "file", "seq": 1, "what": [], "state": None},
)


@pytest.mark.parametrize("message", ODD, ids=repr)
def test_messages_of_wrong_types_are_answered_in_words(running, message):
    """Also none is a defect, which the log of the process would hold: `running` checks it at its end."""
    with tab(running.port) as page:
        header, _ = page.ask(message)
        assert header["type"] in ("refused", "scene", "file", "table")
        assert "defect" not in header.get("words", "")
        assert page.ask(HELLO)[0]["seq"] == 7


def test_what_is_far_too_large_is_not_even_read(running):
    with tab(running.port) as page:
        with pytest.raises(ConnectionClosed) as closed:
            page.ask("x" * (CLOSED_ABOVE + 1))
        told = closed.value.rcvd  # none, where the reset overtook it
        assert told is None or told.code == 1009
    with tab(running.port) as page:
        assert page.ask(HELLO)[0]["type"] == "hello"


def state_of(tab_number, step):
    """States that differ in what is computed, in every tab and at every step."""
    norms = ("batch", "layer", "rms", "l2", "group")
    return {"norm": norms[tab_number % len(norms)], "seed": tab_number, "n": 20 + step}


def converse(port, number, steps=12):
    """One page: scenes one after the other, a table in between; everything that it was answered."""
    heard = []
    with tab(port) as page:
        for step in range(steps):
            message = {"type": "scene", "seq": step, "state": state_of(number, step)}
            heard.append(page.ask(message))
            if step == steps // 2:
                text = f"a,b\n{number},1\n{number + 1},2\n"
                table, _ = page.ask({"type": "table", "seq": 99, "text": text, "name": "t.csv"})
                assert (table["type"], table["seq"], table["rows"]) == ("table", 99, 2)
    return heard


def test_twenty_pages_at_once_get_their_own_answers_in_order(running):
    with ThreadPoolExecutor(20) as pages:
        heard = list(pages.map(lambda number: converse(running.port, number), range(20)))
    for number, answers in enumerate(heard):
        alone = Conversation()
        for step, (header, buffers) in enumerate(answers):
            message = {"type": "scene", "seq": step, "state": state_of(number, step)}
            expected, arrays = alone.reply(message)
            assert (header, buffers) == (json.loads(json.dumps(expected)), arrays)


def test_two_tabs_do_not_share_what_they_were_given(running):
    with tab(running.port) as one, tab(running.port) as other:
        table, _ = one.ask({"type": "table", "seq": 1, "text": "a,b\n1,2\n3,4\n", "name": ""})
        wanted = {"type": "scene", "seq": 2, "state": {"data": "table", "table": table["key"]}}
        assert one.ask(wanted)[0]["type"] == "scene"
        assert other.ask(wanted)[0]["type"] == "table wanted"


def test_more_pages_than_there_is_room_for_are_told_so(running):
    with ExitStack() as stack:
        pages = [stack.enter_context(tab(running.port)) for _ in range(MOST_PAGES)]
        assert pages[-1].ask(HELLO)[0]["type"] == "hello"
        with tab(running.port) as page, pytest.raises(ConnectionClosed) as closed:
            page.hear()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013
        assert (
            closed.value.rcvd.reason
            == f"{MOST_PAGES} pages are open already: close one, and reload this one."
        )
        pages[0].socket.close()
        end = time.monotonic() + PATIENCE
        while not room(running.port):
            assert time.monotonic() < end
        assert pages[1].ask(HELLO)[0]["type"] == "hello"


def room(port):
    with tab(port) as page:
        try:
            return page.ask(HELLO)[0]["type"] == "hello"
        except ConnectionClosed:
            return False


class Held:
    """A talk that answers with the message itself, once it is let."""

    def __init__(self):
        self.heard = []
        self.go = threading.Event()

    def reply(self, message):
        self.heard.append(message)
        assert self.go.wait(20)
        if message.get("fail"):
            raise ZeroDivisionError("made to fail")
        return message, []


@contextmanager
def serving(start):
    listener = bound(0)
    port = listener.getsockname()[1]
    server = configured(application(port, start))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join()


def test_a_scene_that_waits_gives_way_to_a_newer_one_and_nothing_else_does():
    talk = Held()
    with serving(lambda: talk) as port, tab(port) as page:
        page.say({"type": "scene", "seq": 0})
        until(lambda: talk.heard)
        for seq, kind in enumerate(
            ["scene", "table", "scene", "file", "hello", "scene", "table"], 1
        ):
            page.say({"type": kind, "seq": seq})
        page.say("no JSON")
        assert page.hear()[0]["type"] == "refused"  # so all before it has been read
        talk.go.set()
        heard = [page.hear()[0]["seq"] for _ in range(6)]
    assert heard == [0, 2, 4, 5, 6, 7]


def test_a_page_that_computes_long_holds_up_no_other():
    talks = [Held(), Held()]
    talks[1].go.set()
    given = iter(talks)
    with serving(lambda: next(given)) as port, tab(port) as slow:
        slow.say({"type": "scene", "seq": 1})
        until(lambda: talks[0].heard)
        with tab(port) as quick:
            for seq in range(20):
                assert quick.ask({"type": "scene", "seq": seq})[0]["seq"] == seq
        talks[0].go.set()
        assert slow.hear()[0]["seq"] == 1


def test_a_defect_is_logged_and_the_page_lives_on(caplog):
    talk = Held()
    talk.go.set()
    with serving(lambda: talk) as port, tab(port) as page:
        with caplog.at_level(logging.ERROR, "normlab.explorer"):
            header, _ = page.ask({"type": "scene", "seq": 4, "fail": True})
        assert header == {
            "type": "refused",
            "seq": 4,
            "words": "This is a defect of normlab, not yours (ZeroDivisionError: made to fail). "
            "The page lives on.",
        }
        assert "ZeroDivisionError" in caplog.text
        assert page.ask({"type": "scene", "seq": 5})[0]["seq"] == 5


def test_a_page_that_leaves_while_it_is_answered_leaves_nothing_behind():
    talks = []

    def start():
        talks.append(Held())
        return talks[-1]

    with serving(start) as port:
        for _ in range(3):
            with tab(port) as page:
                page.say({"type": "scene", "seq": 1})
                until(lambda: talks and talks[-1].heard)
        for talk in talks:
            talk.go.set()
        with tab(port) as page:
            page.say({"type": "scene", "seq": 2})
            until(lambda: len(talks) == 4)
            talks[-1].go.set()
            assert page.hear()[0]["seq"] == 2


def test_one_who_sends_without_end_waits_for_room():
    """More than is kept waiting: all of it is answered in the end, in order."""
    talk = Held()
    with serving(lambda: talk) as port, tab(port) as page:
        for seq in range(200):
            page.say({"type": "table", "seq": seq, "text": "x" * 1000})
        talk.go.set()
        assert [page.hear()[0]["seq"] for _ in range(200)] == list(range(200))
