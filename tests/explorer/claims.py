"""What the words of the tour and of the presets claim, looked for on the page."""

import math

import pytest

import checks
from browsing import expect
from checks import number
from normlab.explorer.model.presets import TOUR


def answer(explorer, right=True):
    """Answer the open question of a step; gives what is said then."""
    at = explorer.scene["state"]["tour"]
    choice = TOUR[at].right if right else (TOUR[at].right + 1) % 3
    explorer[".tour .answers button"].nth(choice).click()
    explorer.settled()
    return explorer[".tour .answer"].text_content()


def values(explorer, column):
    return [row[column] for row in explorer.values.values()]


def spread(found):
    mean = math.fsum(found) / len(found)
    return math.sqrt(math.fsum((x - mean) ** 2 for x in found) / (len(found) - 1))


def mean(found):
    return math.fsum(found) / len(found)


def points(page):
    assert len(page.values) == 128
    found = [(mean(values(page, i)), spread(values(page, i))) for i in (0, 1)]
    assert sum(found, ()) == pytest.approx((10, 4, -5, 1), rel=0.15)


def batch(page):
    page.says("in 16 batches of 8")
    for first in (0, 40, 120):
        part = values(page, 2)[first : first + 8]
        assert mean(part) == pytest.approx(0, abs=1e-5)
        assert mean([y * y for y in part]) == pytest.approx(1, abs=1e-4)


def size(page):
    answer(page)
    page.says("64 batches of 2")
    pairs_are_one(page)


def pairs_are_one(page):
    """+1 and −1 but for ε, which counts where two are close: d / √(d² + ε)."""
    for column in (0, 1):
        x, y = values(page, column), values(page, column + 2)
        for i in range(0, 128, 2):
            half = (x[i] - x[i + 1]) / 2
            expected = half / math.sqrt(half**2 + 1e-5)
            assert y[i : i + 2] == pytest.approx([expected, -expected], abs=2e-3)
        assert sum(abs(value) > 0.995 for value in y) >= 110


def outlier(page):
    x = values(page, 0)
    assert (max(x) - 10) / 4 == pytest.approx(8)  # eight standard deviations away
    chapter = page.arrays["after"]
    answer(page)
    expect(page["table.operands caption"]).to_contain_text("Point 3:")
    pool = number(page.operands["pool"][0])
    outside = [row for row in page.values if not 0 <= row < 8]
    page.go()
    assert pool > 5 * number(page.operands["pool"][0])
    assert len(outside) == 15 * 8  # the other fifteen batches
    plain = page.arrays["after"]
    for row in outside:
        assert chapter[2 * row] == pytest.approx(plain[2 * row], abs=1e-6)


def running(page):
    told = page[".batches [role=img]"].first.get_attribute("aria-label")
    assert "of all data 10.1" in told
    answer(page)
    kept = checks.running(page.page)
    lacking = 1 - kept["mean", "Feature 1"] / 10.1
    assert lacking == pytest.approx(0.9**16, abs=0.03) and f"{0.9**16:.2f}" == "0.19"
    assert f"{kept['mean', 'Feature 1']:.1f}" == "8.3"
    expect(page[".batches .seen"]).to_have_count(16)  # one round
    assert page.scene["state"]["momentum"] == 0.1


def evaluated(page):
    answer(page)
    page.says("after 3 steps")
    kept = checks.running(page.page)
    assert kept["mean", "Feature 1"] / 10 == pytest.approx(0.25, abs=0.05)  # a quarter of the way
    assert mean(values(page, 2)) > 2 and spread(values(page, 2)) > 1.5  # off centre and too wide


def affine(page):
    plain = values(page, 2), values(page, 3)
    answer(page)
    moved = values(page, 2), values(page, 3)
    assert moved[0] == pytest.approx([2 * y + 3 for y in plain[0]], abs=1e-4)
    assert moved[1] == pytest.approx([2 * y for y in plain[1]], abs=1e-4)


def layer(page):
    answer(page)
    signs(page)


def signs(page):
    assert {(round(row[2], 2), round(row[3], 2)) for row in page.values.values()} <= {
        (1, -1),
        (-1, 1),
    }


def space(page):
    assert page.scene["data"]["shape"] == [4, 4, 8, 8]  # four images, four filters
    assert page.scene["cells"]["pooled"] == 4 * 64  # one filter, all images
    answer(page)
    assert page.scene["cells"]["pooled"] == 64  # one image, one filter


def cortex(page):
    state = page.scene["state"]
    sigma, power = state["sigma"], state["power"]
    alone = page.arrays
    near = min(range(61), key=lambda i: abs(alone["before"][i] - sigma))
    at_sigma = 1 / (1 + (sigma / alone["before"][near]) ** power)
    assert alone["after"][near] == pytest.approx(at_sigma, rel=1e-9)
    assert at_sigma == pytest.approx(0.5, abs=0.03)  # half
    answer(page)
    masked = page.arrays
    assert all(m <= a + 1e-12 for m, a in zip(masked["after"], alone["after"], strict=True))
    assert masked["after"][near] < 0.5 * alone["after"][near]
    assert masked["after"][-1] > 0.95 * alone["after"][-1]  # at high contrast it hardly notices


def alexnet(page):
    assert page.scene["data"]["shape"] == [1, 16]
    quiet = page.arrays
    answer(page)
    loud = page.arrays
    assert loud["before"][8] == 20 * quiet["before"][8]
    changed = [c for c in range(16) if abs(loud["after"][c] - quiet["after"][c]) > 1e-9]
    assert changed == [6, 7, 8, 9, 10]  # two on either side, and itself


CLAIMS = {
    "points": points, "batch": batch, "size": size, "outlier": outlier, "running": running,
    "eval": evaluated, "affine": affine, "layer": layer, "space": space, "cortex": cortex,
    "alexnet": alexnet,
}  # fmt: skip


def stands_at(page, words):
    assert words in page.status


PRESET_CLAIMS = {
    "chapter": lambda page: stands_at(page, "standard deviation 1.0039 · 1.0039"),
    "tiny": lambda page: pairs_are_one(page),
    "rms": lambda page: length_of(page, math.sqrt(2)),
    "far": lambda page: stands_at(page, "after 16 steps"),
    "early": lambda page: stands_at(page, "after 3 steps"),
    "layer": lambda page: signs(page),
}


def length_of(page, expected):
    assert [math.hypot(*row[2:]) for row in page.values.values()] == pytest.approx(
        [expected] * 128, rel=1e-4
    )
