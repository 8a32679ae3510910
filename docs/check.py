"""Check the built site: pages are small, and axe finds nothing on a page of each kind, light and dark.

python docs/check.py build/site
"""

import gzip
import shutil
import sys
from pathlib import Path

LARGEST = 1_000_000  # bytes, as sent, of a page with all that it loads but the explorer
KINDS = (
    "index",
    "tutorials/by-hand",
    "tutorials/lesson",
    "howto/measure",
    "reference/rows/batch",
    "reference/api/names/normlab.nn.BatchNorm",
    "reference/commands/check",
    "explanation/why",
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTHS = (1280, 390)


def main(site: Path) -> int:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print("NOT CHECKED: accessibility and weight of pages, which need a browser")
        return 0
    faults = [*_faults(site, browser)]
    print(
        "\n".join(faults) or f"{len(KINDS)} kinds of pages: axe finds nothing, each is below 1 MB"
    )
    return bool(faults)


def _faults(site: Path, browser: str):
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            for width in WIDTHS:
                page = chromium.new_page(
                    color_scheme=scheme, viewport={"width": width, "height": 900}
                )
                for kind in KINDS:
                    yield from _of_page(page, site, kind, f"{scheme}, {width} px", Axe())
                page.close()
        chromium.close()


def _of_page(page, site: Path, kind: str, how: str, axe):
    loaded: list[Path] = []
    page.on("request", lambda request: loaded.append(_file(request.url)))
    page.goto((site / f"{kind}.html").resolve().as_uri())
    size = sum(len(gzip.compress(path.read_bytes())) for path in {*loaded} if path.is_file())
    if size > LARGEST:
        yield f"{kind}: {size:,} bytes"
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        yield f"{kind} ({how}): wider than the window"
    for found in axe.run(page).response["violations"]:
        where = found["nodes"][0]["html"][:120]
        yield f"{kind} ({how}): {found['id']}, {len(found['nodes'])} places: {where}"


def _file(url: str) -> Path:
    return Path(url.removeprefix("file://").partition("?")[0].partition("#")[0])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
