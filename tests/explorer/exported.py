"""The page that `normlab explore --export` writes: made once, opened from disk, and compared with Python."""

import os
import re
import time

import numpy as np

from browsing import expect
from checks import number
from command import PATIENCE, normlab
from normlab.explorer.conversation import Conversation
from normlab.explorer.model.words import say


def made(factory):
    """The file, written by the command; the workers of pytest-xdist share one."""
    shared = "PYTEST_XDIST_WORKER" in os.environ
    base = factory.getbasetemp()
    folder = (base.parent if shared else base) / "exported"
    try:
        folder.mkdir()
    except FileExistsError:
        end = time.monotonic() + PATIENCE
        while not (folder / "page.html").exists():
            assert time.monotonic() < end, "the worker that exports the page never came to an end"
            time.sleep(0.1)
    else:
        done = normlab("explore", "--export", folder / "page.html")
        assert done.returncode == 0, done.stderr
    return folder / "page.html"


def asked(talk=None, /, **state):
    """What Python answers for a state: the header, and the arrays by name."""
    told = {"type": "scene", "seq": 0, "state": sent(state)}
    header, buffers = (talk or Conversation()).reply(told)
    return header, arrays(header, buffers)


def sent(value):
    """As a browser sends it, whose numbers are of one kind."""
    if isinstance(value, dict):
        return {name: sent(held) for name, held in value.items()}
    if isinstance(value, list):
        return [sent(held) for held in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def arrays(header, buffers):
    told = header.get("arrays", [])
    return {
        array["name"]: np.frombuffer(held, f"<f{array['bytes']}").reshape(array["shape"])
        for array, held in zip(told, buffers, strict=True)
    }


def shows(page, **state):
    """The page shows what Python answers for that state: sentence, operands, code and every value."""
    header, values = asked(**state)
    expect(page.locator(".status")).to_have_text(header["status"])
    rows = page.locator("table.operands tbody tr").evaluate_all(
        "all => all.map(row => [row.dataset.term,"
        " [...row.querySelectorAll('.number')].map(e => e.textContent)])"
    )
    columns = header["formula"]["operands"]
    assert dict(rows) == {
        term: [column["shown"][term] for column in columns] for term in columns[0]["shown"]
    }
    assert page.locator(".codebox code").text_content().strip() == header["code"].strip()
    _values(page, values)


def _values(page, values):
    box = page.locator("details.valuesbox")
    if box.get_attribute("open") is None:
        box.locator("summary").click()
    cells = box.locator("tbody tr")
    cells.first.wait_for()
    texts = cells.evaluate_all(
        "all => all.map(row => [...row.querySelectorAll('td')].map(e => e.textContent))"
    )
    rows = len(values["before"])
    expected = np.concatenate(
        [values["before"].reshape(rows, -1), values["after"].reshape(rows, -1)], 1
    )
    found = np.array([[number(text) for text in row] for row in texts])
    # six digits of single precision
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-6)


def button(page, name):
    """By its whole name, but for a symbol before it."""
    return page.get_by_role("button", name=re.compile(rf"^\W*{name}$"))


def control(page, name, i=0):
    return page.locator(f"[data-control={name}]").nth(i)


def begin(page, preset="chapter"):
    menu = page.get_by_role("combobox", name="Presets")
    menu.select_option("")
    menu.select_option(preset)
    expect(page.locator(".notice")).to_have_text(say(f"preset.{preset}.notice"))


def move(page, name, keys, i=0):
    for key in keys:
        control(page, name, i).press(key)


def notice(page):
    return page.locator(".notice")
