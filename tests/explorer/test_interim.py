"""What the live page shows until Python answers, and that the two are held together."""

import json
import random

import pytest
from drawing import DATA, drawn
from pages import Open
from pulling import pulled
from watching import contexts

from browsing import expect
from normlab.equation.table import TABLE
from normlab.explorer.host.wire import pack
from normlab.explorer.model.normalising import misfit

QUICK, ALL = 36, 500
DRAWS = ("n", "seed")
CIRCLES = "all => all.map(e => e.getAttribute('cx'))"
COMPARED = "document.querySelector('.normlab-explorer').dataset.compared ?? 0"


def pairs(count):
    """Two random states with the same draws each, of every row and kind of data in turn."""
    rng = random.Random(1)
    fitting = [
        (data, norm) for norm, row in TABLE.items() for data in DATA if not misfit(row, data)
    ]
    rng.shuffle(fitting)
    for i in range(count):
        first, second = (drawn(rng, *fitting[i % len(fitting)]) for _ in range(2))
        kept = {name: first[name] for name in DRAWS if name in first}
        yield first, {k: v for k, v in second.items() if k not in DRAWS} | kept


def agree(explorer, count):
    """Python's answers are compared with what the page computed, and no difference is reported."""
    before = int(explorer.page.evaluate(COMPARED))
    for first, second in pairs(count):
        explorer.go(**first).go(**second)
        assert "defect" not in explorer.problems.text_content(), second
    explorer.clean()
    return int(explorer.page.evaluate(COMPARED)) - before


def test_of_some_random_states_the_page_computes_what_python_answers(at):
    assert (
        agree(at(), QUICK) > QUICK * 0.6
    )  # what torch refuses, or rounds apart, Python says alone


@pytest.mark.slow
def test_of_many_random_states_too(at):
    assert agree(at(), ALL) > ALL * 0.6


class Between:
    """Stands between the page and Python, and holds back or changes what is answered."""

    def __init__(self, page):
        self.held, self.holding, self.change = [], False, lambda frame: frame
        page.route_web_socket("**/socket", self._open)

    def _open(self, line):
        self.line, server = line, line.connect_to_server()
        line.on_message(server.send)
        server.on_message(self._answer)

    def _answer(self, frame):
        if self.holding:
            self.held.append(frame)
        else:
            self.line.send(self.change(frame))

    def release(self):
        self.holding = False
        for frame in self.held:
            self.line.send(self.change(frame))
        self.held.clear()


@pytest.fixture
def between(running, browser):
    """A page whose talk with Python can be held back."""
    with contexts(browser) as open_:
        watched = open_()
        held = Between(watched.page)
        held.explorer = Open(watched, running.address, batch_size=64)
        yield held


def places(explorer):
    return explorer[".scatter.after .points circle"].evaluate_all(CIRCLES)


def test_the_picture_follows_before_python_has_answered(between):
    explorer = between.explorer
    between.holding = True
    start = places(explorer)
    explorer.control("weight").press("ArrowRight")
    between.explorer.page.wait_for_timeout(0)  # hands over what has arrived
    now = places(explorer)
    assert now != start
    assert explorer.page.evaluate("talk.sent > talk.heard")
    expect(explorer["[data-step=output]"]).to_contain_text("1.05")
    between.release()
    assert places(explorer.settled()) == now
    assert explorer.problems.text_content() == ""


def test_a_dragged_point_takes_its_batch_along_before_python_has_answered(between):
    explorer = between.explorer
    start = places(explorer)
    between.holding = True
    pulled(explorer.page, 0.8)
    assert places(explorer) != start
    between.release()
    explorer.settled()
    assert explorer.problems.text_content() == ""


def off(frame):
    """An answer whose scale is a millionth larger."""
    length = int.from_bytes(frame[:4], "little")
    header = json.loads(frame[4 : 4 + length])
    if header["type"] != "scene":
        return frame
    header["formula"]["operands"][0]["values"]["scale"] *= 1 + 1e-6
    start, buffers = -(-(4 + length) // 8) * 8, []
    for size in header["buffers"]:
        buffers.append(frame[start : start + size])
        start += -(-size // 8) * 8
    return pack(header, buffers)


def test_a_number_that_is_not_pythons_is_reported(between):
    explorer = between.explorer
    between.change = off
    explorer.control("weight").press("ArrowRight")
    explorer.settled()
    expect(explorer.problems).to_contain_text("scale")
    expect(explorer.problems).to_contain_text("please report it")
    scale = explorer.scene["formula"]["operands"][0]["values"]["scale"]
    assert f"{scale:.7f}"[:9] in explorer.problems.text_content()


def test_where_rounding_would_be_seen_python_alone_answers(at):
    explorer = at(mean=[1e6, 0.0], scale=[1.0, 1.0])
    explorer.control("weight").press("ArrowRight")
    explorer.settled()
    assert int(explorer.page.evaluate(COMPARED)) == 0
    assert explorer.problems.text_content() == ""
