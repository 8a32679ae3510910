"""Pictures of the explorer's main states, from the real page in a real browser, to be looked at.

python benchmarks/explorer_pictures.py [--out normlab-out/explorer] [--docs]

With --docs the six that docs/howto/explorer.md shows are written there, as the first screen shows them.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from rich.progress import track

TESTS = Path(__file__).parent.parent / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "explorer")]

from pages import Open  # noqa: E402
from serving import explorer  # noqa: E402
from watching import contexts  # noqa: E402

from browsing import chromium  # noqa: E402

CELL = {"data": "contrast", "norm": "divisive", "sigma": 19.3, "power": 2.9, "selected": [39, 0, 0]}
BANK = {"data": "bank", "norm": "local_response", "alpha": 5e-4, "k": 2.0, "selected": [0, 7, 0]}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True}
DARK = {"color_scheme": "dark"}
STILL = {"reduced_motion": "reduce"}
OPEN = "document.querySelectorAll('details').forEach((e) => { e.open = true; })"

# name → the state, and how the browser is set
STATES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "default": ({"step": 5}, {}),
    "centred": ({}, {}),
    "compared": ({"step": 5, "compare": "mode"}, {}),
    "outside": ({"edits": {"moved": {"3": {"0": 60.0}}}, "selected": [3, 0, 0]}, {}),
    "evaluation": ({"mode": "eval", "step": 3}, {}),
    "ten-thousand": ({"n": 10_000, "batch_size": 1000}, {}),
    "image": ({"data": "image", "norm": "instance", "selected": [1, 1, 27]}, {}),
    "image-batch": ({"data": "image", "norm": "batch", "step": 3, "selected": [1, 1, 27]}, {}),
    "sequence": ({"data": "sequence", "norm": "layer", "selected": [2, 1, 9]}, {}),
    "bank": (BANK, {}),
    "contrast": (CELL | {"masking": 25.0}, {}),
    "tour-question": ({"tour": 2, "shown": False}, {}),
    "tour-answer": ({"tour": 2, "shown": True, "batch_size": 2}, {}),
    "error": ({"batch_size": 127}, {}),
    "link-told": ({"norm": "bach"}, {}),
    "dark": ({"step": 5}, DARK),
    "dark-image": ({"data": "image", "norm": "group", "num_groups": 2}, DARK),
    "phone": ({"step": 5}, PHONE),
    "phone-contrast": (CELL, PHONE),
    "still-centred": ({}, STILL),
    "still-scaled": ({}, STILL),
    "still-output": ({}, STILL),
    "tablet": ({"step": 5}, {"viewport": {"width": 900, "height": 1100}}),
}


# what is pressed first
CLICKED = {
    name: f"[data-beat={beat}]"
    for name, beat in {
        "centred": "centred",
        "still-centred": "centred",
        "still-scaled": "scaled",
        "still-output": "output",
    }.items()
}
SHOWN = {
    "default": "explorer",
    "centred": "explorer-centred",
    "compared": "explorer-compared",
    "image": "explorer-image",
    "tour-question": "explorer-tour",
    "phone": "explorer-phone",
}
PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
DESK = {"viewport": {"width": 1280, "height": 800}}


def main() -> None:
    parser = argparse.ArgumentParser(description="Pictures of the explorer's main states.")
    parser.add_argument("--out", type=Path, default=Path("normlab-out/explorer"), help="folder")
    parser.add_argument("--only", default="", help="states whose name begins so")
    parser.add_argument("--docs", action="store_true", help="write those that the docs show")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    chosen = {
        name: how
        for name, how in STATES.items()
        if name.startswith(given.only) and (name in SHOWN or not given.docs)
    }
    with explorer() as running, chromium() as browser, contexts(browser) as open_:
        for name, (state, options) in track(chosen.items(), "Pictures"):
            settings: dict[str, Any] = (
                DESK | options | ({"device_scale_factor": 1} if given.docs else {})
            )
            page = Open(open_(**settings), running.address, folded=True, **state).page
            if name in CLICKED:
                page.locator(CLICKED[name]).click()
            page.evaluate("document.fonts.ready")
            if given.docs:
                page.screenshot(path=PICTURES / f"{SHOWN[name]}.png")
                continue
            page.screenshot(path=given.out / f"{name}.png", full_page=True)
            if name == "default":
                page.evaluate(OPEN)
                page.screenshot(path=given.out / "everything-open.png", full_page=True)
    print(f"{len(chosen)} states in {PICTURES if given.docs else given.out}")


if __name__ == "__main__":
    main()
