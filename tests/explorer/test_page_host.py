"""What the page itself says in a real browser, before and besides the explorer: never a blank page.

Some tests give it another module in the explorer's place, since the explorer's own does not fail.
"""

import contextlib
import json
import re
import signal
import struct

import pytest
from serving import explorer, free_port, started, until_served
from tabs import tab

from browsing import expect
from checks import row, until
from normlab.explorer.conversation import Conversation
from normlab.explorer.host.sockets import MOST_PAGES

FAILED = "Something in the page failed."
LOST = "Python does not answer: does normlab explore still run?"
STARTING = "Python is starting, which takes a few seconds."
MODULE = "export default {{ async render({{ model, el }}) {{ {} }} }}"
ASK = "model.on('msg:custom', (content, buffers) => {}); model.send({});"


def with_module(opened, address, body, status=200):
    """The page with that module in place of the explorer's."""
    watched = opened()
    answer = {"status": status, "content_type": "text/javascript", "body": body}
    watched.page.route("**/explorer.js", lambda route: route.fulfill(**answer))
    watched.page.goto(address)
    return watched.page


BROKEN = {
    "that is missing": ("", 404, "Failed to fetch dynamically imported module"),
    "that is no JavaScript": ("export default {", 200, "SyntaxError"),
    "without a default": ("export const render = 1;", 200, "TypeError"),
    "that throws": (MODULE.format("throw new Error('made to fail')"), 200, "Error: made to fail"),
    "that throws no error": (MODULE.format("throw 'made to fail'"), 200, "made to fail"),
}


@pytest.mark.parametrize(("body", "status", "words"), BROKEN.values(), ids=BROKEN)
def test_a_module_that_fails_is_told_in_words(running, opened, body, status, words):
    page = with_module(opened, running.address, body, status)
    expect(page.get_by_role("alert")).to_contain_text(FAILED)
    expect(page.get_by_role("alert")).to_contain_text(words)
    expect(page.locator("#waiting")).to_be_hidden()


LATER = {
    "an exception": "setTimeout(() => { throw new Error('made to fail') }, 50)",
    "a promise": "setTimeout(() => Promise.reject(new Error('made to fail')), 50)",
    "an answer that cannot be drawn": ASK.format(
        "{ throw new Error('made to fail') }", "{type: 'hello'}"
    ),
}


@pytest.mark.parametrize("body", LATER.values(), ids=LATER)
def test_what_fails_later_is_told_beside_the_explorer_and_can_be_closed(running, opened, body):
    page = with_module(opened, running.address, MODULE.format(f"el.textContent = 'drawn'; {body}"))
    expect(page.get_by_role("alert")).to_contain_text("Error: made to fail")
    expect(page.locator("#explorer")).to_have_text("drawn")
    page.get_by_role("button", name="Close this").press("Enter")
    expect(page.locator("#failed")).to_be_hidden()


def test_without_javascript_a_sentence_says_so(running, opened):
    page = opened(running.address, java_script_enabled=False).page
    expect(page.locator("noscript p")).to_be_visible()
    expect(page.locator("#waiting")).to_be_hidden()


def test_arrays_arrive_as_they_were_computed(running, opened):
    """The bytes of every buffer as the browser's own reader of the frame found them."""
    message = {"type": "scene", "seq": 3, "state": {"norm": "layer", "n": 33, "seed": 5}}
    told = "el.textContent = JSON.stringify([content, buffers.map((view) => Array.from({length: "
    told += "view.byteLength}, (_, i) => view.getUint8(i))), buffers.map((view) => view.byteOffset % 8)])"
    body = ASK.format(f"{{ {told} }}", json.dumps(message))
    page = with_module(opened, running.address, MODULE.format(body))
    expect(page.locator("#explorer")).not_to_be_empty()
    header, buffers, offsets = json.loads(page.locator("#explorer").text_content() or "")
    expected, arrays = Conversation().reply(message)
    header.pop("buffers")
    assert header == json.loads(json.dumps(expected))
    assert [bytes(buffer) for buffer in buffers] == arrays
    assert set(offsets) == {0}
    assert struct.calcsize("<d") == 8


def test_more_than_fits_is_refused_in_words_without_being_sent(running, opened):
    body = ASK.format(
        "{ el.textContent = `${content.type} ${content.seq} ${content.words}` }",
        "{type: 'table', seq: 9, text: 'ε'.repeat(4_000_001)}",
    )
    page = with_module(opened, running.address, MODULE.format(body))
    expect(page.locator("#explorer")).to_have_text(
        "refused 9 This is more than the explorer takes at once. Give less: fewer rows, or fewer columns."
    )


def test_the_page_says_that_python_starts_and_then_shows_the_explorer(opened):
    port = free_port()
    with started("--no-browser", "--port", port):
        assert STARTING in until_served(port)
        page = opened(f"http://127.0.0.1:{port}/").page
        expect(page.get_by_text(STARTING)).to_be_hidden(timeout=20_000)
        expect(page.locator("#explorer")).not_to_be_empty()


def test_a_line_lost_before_the_first_answer_comes_back(opened):
    """A module that asks only when it is drawn again: what was asked on the lost line is forgotten."""
    ask = ASK.format("{ el.textContent += content.type }", "{type: 'hello'}")
    body = MODULE.format(f"if (globalThis.drawn) {{ {ask} }} globalThis.drawn = true")
    port = free_port()
    with explorer(port=port) as first:
        page = with_module(opened, first.address, body)
        until(lambda: page.evaluate("globalThis.drawn"))
        expect(page.get_by_text(STARTING)).to_be_visible()
        first.stop(signal.SIGKILL)
        expect(page.get_by_text(LOST)).to_be_visible()
        expect(page.get_by_text(STARTING)).to_be_hidden()
    with explorer(port=port):
        expect(page.locator("#explorer")).to_have_text("hello")
        expect(page.get_by_text(LOST)).to_be_hidden()


def test_a_page_too_many_is_told_why_and_comes_in_when_there_is_room(running, opened):
    with contextlib.ExitStack() as stack:
        for _ in range(MOST_PAGES):
            stack.enter_context(tab(running.port))
        page = opened(running.address).page
        told = f"{MOST_PAGES} pages are open already: close one, and reload this one."
        expect(page.get_by_text(told)).to_be_visible()
    expect(page.get_by_text(told)).to_be_hidden(timeout=20_000)
    expect(page.locator("#explorer")).not_to_be_empty()


def test_the_explorer_comes_back_with_its_state_when_python_does(opened):
    """Killed and started again on the same port: the page's state is as it was, and it goes on from there."""
    port = free_port()
    with explorer(port=port) as first:
        page = opened(f"{first.address}#norm=layer&n=50&seed=3").page
        status = page.locator(".status")
        expect(status).to_contain_text("50 rows")
        page.locator(".scatter.before").dblclick(position={"x": 200, "y": 60})
        expect(status).to_contain_text("51 rows")
        expect(page).to_have_url(re.compile("edits"))  # the address follows a moment later
        told, values, address = status.text_content(), row(page, 50), page.url
        first.stop(signal.SIGKILL)
        expect(page.get_by_role("alert")).to_contain_text("The connection to Python was lost.")
    with explorer(port=port):
        expect(page.get_by_role("alert").filter(visible=True)).to_have_count(0)
        expect(status).to_have_text(told or "")
        assert row(page, 50) == values
        assert page.url == address
        page.locator("[data-control=norm]").select_option("rms")
        expect(status).to_contain_text("RMS")
