"""What is exported stands alone: figures with colours and fonts, data, a script with the page's numbers."""

import csv
import json
import math
import os
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from browsing import expect

KINDS = {
    "svg": ("Figure as SVG", "normlab-explorer.svg"),
    "png": ("Figure as PNG", "normlab-explorer.png"),
    "csv": ("Data as CSV", "normlab-explorer.csv"),
    "code": ("Code as a Python script", "normlab_explorer.py"),
}
TABLE = "u,v,w\n" + "\n".join(
    f"{1.1 * i % 7:.3f},{(i * i) % 11 - 4},{i / 3:.4f}" for i in range(30)
)
STATES = {
    "points in evaluation": {"mode": "eval", "step": 5, "momentum": 0.3, "batch_size": 12, "n": 60},
    "points changed by hand": {
        "edits": {"moved": {"3": {"0": 1.25, "1": -7.5}}, "added": [{"0": 2.5}], "deleted": [0, 9]},
        "batch_size": 10, "weight": [1.7, -0.6], "bias": [0.3, -1.2],
    },
    "correlated points with outliers": {"correlation": 0.8, "outliers": 3, "seed": 4, "norm": "layer"},
    "an image": {"data": "image", "norm": "local_contrast", "size": 5, "gain": 2.0, "noise": 0.2},
    "groups": {"data": "image", "norm": "group", "num_groups": 2, "offset": -1.0, "seed": 3},
    "a sequence": {"data": "sequence", "norm": "batch", "mode": "eval", "step": 2, "eps": 0.01},
    "a bank": {"data": "bank", "norm": "gdn", "pool_own": 0.3, "pool_cross": 0.07, "loud": 123.0},
    "local response": {"data": "bank", "norm": "local_response", "alpha": 5e-4, "k": 2.0},
    "a neuron with a mask": {
        "data": "contrast", "norm": "divisive", "sigma": 19.3, "power": 2.9, "masking": 25.0,
        "weight": [0.9],
    },
    "a simplified neuron": {"data": "contrast", "norm": "gdn1", "pool_cross": 0.2, "masking": 10.0},
}  # fmt: skip
RUN = """\
import contextlib, json, os, runpy, sys
for folder in sys.argv[1:]:
    with contextlib.chdir(folder):
        held = runpy.run_path("normlab_explorer.py")
        json.dump(held["y"].flatten(1).tolist(), open("y.json", "w"))
"""


def exported(explorer, kind, folder):
    """The file that a person gets."""
    label, name = KINDS[kind]
    explorer["[data-name=export] > summary"].click()
    with explorer.page.expect_download() as download:
        explorer.page.get_by_role("button", name=label).click()
    assert download.value.suggested_filename == name
    folder.mkdir(exist_ok=True)
    download.value.save_as(folder / name)
    expect(explorer[".said"]).to_have_text(f"Saved as {name}.")
    expect(explorer["[data-name=export] .choices"]).to_be_hidden()
    return folder / name


def test_scripts_give_the_numbers_of_the_page_and_a_picture(shared, tmp_path):
    """Each in a folder of its own, by the interpreter that has normlab, without the page."""
    tables, folders = {}, []
    for i, (name, state) in enumerate([*STATES.items(), ("a table", None)]):
        if state is None:
            shared.go()
            shared.paste(TABLE)
            shared.choose("norm", "gdn").type("pool_cross", 0.3)
        else:
            shared.go(**state)
        folder = tmp_path / f"{i}"
        exported(shared, "code", folder)
        tables[name] = _after(exported(shared, "csv", folder))
        folders.append(folder)
    subprocess.run([sys.executable, "-c", RUN, *map(str, folders)], check=True, env=_quiet())
    for (name, expected), folder in zip(tables.items(), folders, strict=True):
        found = json.loads((folder / "y.json").read_text())
        assert len(found) == len(expected), name
        for mine, other in zip(found, expected, strict=True):
            pairs = zip(mine, other, strict=True)
            assert all(math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12) for a, b in pairs), name
        width, height = _size((folder / "normlab-explorer.png").read_bytes())
        assert width > 500 and height > 200, name


def _quiet():
    return os.environ | {"MPLBACKEND": "agg"}


def _after(file):
    head, *rows = csv.reader(file.read_text(encoding="utf-8").splitlines())
    at = [i for i, name in enumerate(head) if name.endswith(" after")]
    return [[float(row[i]) for i in at] for row in rows]


def _size(png):
    assert png.startswith(b"\x89PNG")
    return struct.unpack(">II", png[16:24])


def test_a_script_runs_as_its_user_runs_it(at, tmp_path):
    script = exported(at(), "code", tmp_path / "own")
    done = subprocess.run(
        [sys.executable, script.name],
        cwd=script.parent,
        env=_quiet(),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (script.parent / "normlab-explorer.png").exists()
    words = script.read_text()
    assert "import normlab" in words and "x.split(8)" in words


def test_the_code_that_is_shown_is_copied_and_is_that_of_the_script(at, tmp_path):
    explorer = at({"permissions": ["clipboard-read", "clipboard-write"]}, norm="rms", eps=0.25)
    shown = explorer[".code code"].text_content()
    explorer.button("Copy").click()
    expect(explorer[".said"]).to_have_text("Copied.")
    assert explorer.page.evaluate("navigator.clipboard.readText()").strip() == shown.strip()
    assert "eps=0.25" in shown
    script = exported(explorer, "code", tmp_path).read_text()
    assert [line for line in shown.splitlines() if line not in script.splitlines()] == []


def test_the_table_has_every_value_to_the_last_digit(at, tmp_path):
    explorer = at(data="sequence", norm="layer")
    head, *rows = csv.reader(
        exported(explorer, "csv", tmp_path).read_text(encoding="utf-8").splitlines()
    )
    assert head[0] == "row" and len(head) == 1 + 2 * 3 * 24 and len(rows) == 4
    arrays = explorer.arrays
    before = [float(cell) for row in rows for cell in row[1:73]]
    after = [float(cell) for row in rows for cell in row[73:]]
    assert (before, after) == (arrays["before"], arrays["after"])


DRAWN = {
    "points": ({"step": 2}, "circle", 2 * 128),
    "image": ({"data": "image", "norm": "instance"}, "rect", 2 * 1024),
    "contrast": ({"data": "contrast", "norm": "divisive", "sigma": 19.3, "masking": 20}, "path", 4),
    "bank": ({"data": "bank", "norm": "local_response"}, "rect", 2 * 16),
    "ten thousand points": ({"n": 10_000, "batch_size": 100}, "image", 2),
}
PAINTS = """svg => [...svg.querySelectorAll("*")].map(e => {
  const style = getComputedStyle(e);
  return [e.tagName, style.fill, style.stroke, style.fontFamily, e.textContent];
})"""


@pytest.mark.parametrize(("state", "tag", "count"), DRAWN.values(), ids=DRAWN)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_figure_opens_alone_as_it_was_drawn(at, opened, tmp_path, state, tag, count, scheme):
    explorer = at({"color_scheme": scheme}, **state)
    file = exported(explorer, "svg", tmp_path)
    text = file.read_text(encoding="utf-8")
    assert "var(" not in text and "class=" not in text
    assert "://" not in text.replace("http://www.w3.org/", "")
    root = ET.fromstring(text)
    assert len(root.findall(f".//{{http://www.w3.org/2000/svg}}{tag}")) >= count
    alone = opened()
    alone.page.goto(file.as_uri())
    drawn = alone.page.locator("svg").first.evaluate(PAINTS)
    paints = {paint for kind, fill, stroke, *_ in drawn for paint in (fill, stroke)}
    for name in ("--paper", "--selected"):
        assert _colour(explorer, name) in paints
    fonts = {font for kind, _, _, font, words in drawn if kind == "text" and words}
    assert len(fonts) <= 2 and all("system-ui" in font for font in fonts)
    inks = {fill for kind, fill, _, _, words in drawn if kind == "text" and words}
    assert inks <= {_colour(explorer, "--ink"), _colour(explorer, "--muted")}
    assert any(words == explorer.status for *_, words in drawn)
    assert alone.complaints == []


def _colour(explorer, name):
    return explorer.page.evaluate(
        "name => { const e = document.createElement('i'); e.style.color = `var(${name})`;"
        " document.querySelector('.normlab-explorer').append(e); const { color } = getComputedStyle(e);"
        " e.remove(); return color; }",
        name,
    )


def test_a_picture_is_the_figure_twice_as_large(at, opened, tmp_path):
    explorer = at()
    figure, picture = exported(explorer, "svg", tmp_path), exported(explorer, "png", tmp_path)
    root = ET.fromstring(figure.read_text(encoding="utf-8"))
    sizes = [float(root.attrib[name]) for name in ("width", "height")]
    assert _size(picture.read_bytes()) == pytest.approx([2 * size for size in sizes], abs=2)
    alone = opened().page
    alone.goto(picture.as_uri())
    seen = alone.evaluate(
        """() => { const image = document.images[0]; const canvas = document.createElement("canvas");
        Object.assign(canvas, { width: image.naturalWidth, height: image.naturalHeight });
        const context = canvas.getContext("2d"); context.drawImage(image, 0, 0);
        const { data } = context.getImageData(0, 0, canvas.width, canvas.height); const seen = new Set();
        for (let i = 0; i < data.length; i += 4) seen.add(`rgb(${data[i]}, ${data[i + 1]}, ${data[i + 2]})`);
        return [...seen]; }"""
    )
    for name in ("--paper", "--selected", "--batch"):
        assert _colour(explorer, name) in seen
