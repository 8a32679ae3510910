"""A figure is the same file for the same numbers, and fits a page that holds several."""

import re
import subprocess
import sys
from importlib.resources import files

import numpy as np
import pytest

from normlab.report import style
from normlab.report.figures import Drawn, Figure, inline, rasterize

POINTS = np.random.default_rng(0).normal(size=(2, 60))


def draw_pair():
    figure, axes = style.subplots(1, 2)
    axes[0, 0].scatter(*POINTS, color=style.feature_color(0), edgecolors=style.PAPER)
    axes[0, 1].hist(POINTS.T, color=style.FEATURES[:2], label=["a < b", 'url(#x) id="y"'])
    axes[0, 1].legend()
    return figure


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    return Figure("pair", draw_pair, "Two panels.", "Dots & bars <seen>").render()


def ids(svg: str) -> list[str]:
    return re.findall(r' id="([^"]+)"', svg)


def test_the_same_numbers_give_the_same_file(drawn):
    again = Figure("pair", draw_pair, "Two panels.", "Dots & bars <seen>").render()
    assert again == drawn


def test_png_is_a_png_of_the_promised_size(drawn):
    assert drawn.png.startswith(b"\x89PNG")
    width = int.from_bytes(drawn.png[16:20], "big")
    assert width == pytest.approx(style.WIDTH * 150, abs=1)


def test_text_stays_text(drawn):
    assert "a &lt; b</text>" in inline(drawn)
    assert "sans-serif" in inline(drawn)


def test_inlined_svg_holds_nothing_that_is_fetched_or_leaks(drawn):
    svg = inline(drawn)
    assert "://" not in svg
    assert "<style" not in svg
    assert "<?xml" not in svg
    assert "<!DOCTYPE" not in svg


def test_ids_are_unique_across_figures_and_every_reference_is_met(drawn):
    other = Figure("other", draw_pair, "The same.", "The same").render()
    both = inline(drawn) + inline(other)
    known = ids(both.replace('url(#x) id="y"', ""))
    assert len(known) == len(set(known)) > 4
    references = set(re.findall(r'(?:href="#|"url\(#)([^")]+)', both))
    assert references
    assert references <= set(known)


def test_colors_follow_the_page(drawn):
    svg = inline(drawn)
    for name in ("ink", "muted", "grid", "paper", "feature-1", "feature-2"):
        assert f"var(--{name})" in svg
    assert not [color for color in style.ADAPTIVE.values() if color in svg]
    assert "fill: #ffffff" not in svg
    assert "fill: #ffffff" in drawn.svg  # a file of its own stands on white


def test_inlined_svg_scales_and_is_named(drawn):
    svg = inline(drawn)
    assert re.match(r'<svg viewBox="[\d. ]+" role="img"', svg)
    assert "Dots &amp; bars &lt;seen&gt;</title>" in svg
    assert " height=" not in svg.partition(">")[0]


def test_many_points_stay_small():
    def draw():
        figure, axes = style.subplots()
        many = np.random.default_rng(0).normal(size=(2, 20_000))
        axes[0, 0].scatter(*many, rasterized=rasterize(many.shape[1]))
        return figure

    svg = inline(Figure("many", draw, "", "").render())
    assert 'href="data:image/png;base64,' in svg
    assert len(svg) < 300_000


def test_points_kept_as_pixels_are_turned_in_the_dark_and_pictures_are_not():
    many = np.random.default_rng(0).normal(size=(2, 200))

    def draw():
        figure, axes = style.subplots(1, 2)
        axes[0, 0].plot(*many, ".", color=style.INK, rasterized=True)
        axes[0, 1].imshow(many[:, :4])
        return figure

    points, picture = re.findall("<image[^>]*>", Figure("both", draw, "", "").render().inlined)
    assert 'class="marks"' in points
    assert 'class="marks"' not in picture
    assert (
        ".plot .marks { filter: invert(1)"
        in files("normlab.report").joinpath("page.css").read_text()
    )


def test_panels_lie_inside_the_figure_and_apart():
    for rows, cols in [(1, 1), (1, 2), (2, 4), (3, 3)]:
        figure, axes = style.subplots(rows, cols)
        assert axes.shape == (rows, cols)
        boxes = [ax.get_position() for ax in axes.flat]
        assert all(box.x0 > 0 and box.y0 > 0 and box.x1 < 1 and box.y1 < 1 for box in boxes)
        assert all(box.width > 0.1 and box.height > 0.1 for box in boxes)
        assert figure.get_size_inches()[0] == style.WIDTH


def test_shared_axes_and_options_reach_matplotlib():
    _, axes = style.subplots(1, 2, share="y", width_ratios=(1, 3))
    left, right = axes[0]
    assert left.get_shared_y_axes().joined(left, right)
    assert not left.get_shared_x_axes().joined(left, right)
    assert right.get_position().width == pytest.approx(3 * left.get_position().width)


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("color", [*style.FEATURES, style.ACCENT, style.BEFORE])
@pytest.mark.parametrize("page", ["#ffffff", "#16181d"])
def test_data_colors_stand_out_in_light_and_in_dark(color, page):
    low, high = sorted((luminance(color), luminance(page)))
    assert (high + 0.05) / (low + 0.05) >= 3


@pytest.mark.parametrize("name", ["", "a b", "../x", "1st", 'x"'])
def test_names_that_could_not_be_files_and_ids_are_refused(name):
    with pytest.raises(ValueError, match="figure name"):
        Figure(name, draw_pair, "", "")


def test_drawing_changes_no_global_state():
    import matplotlib

    before = dict(matplotlib.rcParams)
    Figure("pair", draw_pair, "", "").render()
    assert dict(matplotlib.rcParams) == before


def test_naming_a_color_imports_no_matplotlib_and_the_page_no_torch():
    code = (
        "import sys, normlab.report.style, normlab.report.page\n"
        "print(sorted({'matplotlib', 'torch', 'numpy', 'jinja2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
