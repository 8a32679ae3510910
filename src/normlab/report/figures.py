"""A figure: how it is drawn, what it says, and its SVG and PNG."""

from __future__ import annotations

import math
import re
import warnings
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from normlab.report.style import ADAPTIVE, styled
from normlab.safe import plain_text
from normlab.system.collecting import paused

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas
    from matplotlib.text import Text

DPI = 150
_SCREEN = 96  # pixels an inch has on a page
_RASTER_ABOVE = 1500
_COMPRESSED = {"compress_level": 3}  # 6, the usual, takes twice as long for a tenth of the size
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_DECIMALS = re.compile(r"(\.\d\d)\d+")


@dataclass(frozen=True)
class Drawn:
    """A finished figure: `svg` is a file of its own, `inlined` is part of a page."""

    name: str
    caption: str
    alt: str
    svg: str
    png: bytes

    @cached_property
    def inlined(self) -> str:
        """The SVG for a page that holds several."""
        return inline(self)

    def ready(self) -> Drawn:
        """With all that a page needs made here and now, not where the page is put together."""
        assert self.inlined
        return self

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        """The picture in a notebook, at the size it has in the report, with its text alternative."""
        width, height = (int.from_bytes(self.png[i : i + 4], "big") for i in (16, 20))
        size = {"width": width * _SCREEN // DPI, "height": height * _SCREEN // DPI}
        shown = {"image/png": b64encode(self.png).decode(), "text/plain": self.alt}
        return shown, {"image/png": {**size, "alt": self.alt}}


@dataclass(frozen=True)
class Figure:
    """A figure still to be drawn; `alt` says in words what can be seen in it."""

    name: str
    draw: Callable[[], Canvas]
    caption: str
    alt: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z][\w-]*", self.name):
            raise ValueError(
                f"figure name {self.name!r}: it names files and ids, so it must be letters, "
                "digits, - and _, a letter first"
            )

    def render(self) -> Drawn:
        """Draw once, save twice; the same numbers give the same SVG. Names are shown as they are."""
        with paused(), styled(), warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", "Glyph .* missing", UserWarning
            )  # the page has others
            canvas = self.draw()
            _make_plain(canvas)
            _write_powers(canvas)
            svg, png = BytesIO(), BytesIO()
            canvas.savefig(svg, format="svg", dpi=DPI, metadata={"Date": None, "Creator": None})
            canvas.savefig(
                png, format="png", dpi=DPI, metadata={"Software": None}, pil_kwargs=_COMPRESSED
            )
        return Drawn(self.name, self.caption, self.alt, svg.getvalue().decode(), png.getvalue())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        """Drawn when a notebook shows it, as the last expression of a cell.

        >>> from normlab.report.style import subplots
        >>> shown, size = Figure("empty", lambda: subplots()[0], "", "No data.")._repr_mimebundle_()
        >>> shown["text/plain"], size["image/png"]["width"]
        ('No data.', 729)
        """
        return self.render()._repr_mimebundle_()


def rasterize(n_points: int) -> bool:
    """Whether so many marks are better kept as pixels inside the SVG (`rasterized=` of an artist).

    >>> rasterize(128), rasterize(50_000)
    (False, True)
    """
    return n_points > _RASTER_ABOVE


def _make_plain(canvas: Canvas) -> None:
    """No text is a formula, but for the powers of ten that an axis writes itself."""
    from matplotlib.ticker import FuncFormatter

    for text in _texts(canvas):
        text.set_text(_plain(text.get_text()))
    for ax in canvas.axes:
        for axis in (ax.xaxis, ax.yaxis):
            if isinstance(
                formatter := axis.get_major_formatter(), FuncFormatter
            ):  # ticks with names
                formatter.func = lambda x, at, named=formatter.func: _plain(named(x, at))


def _write_powers(canvas: Canvas) -> None:
    """Powers of ten as text: to set them as formulas takes a tenth of the time of a figure."""
    from matplotlib.ticker import LogFormatterSciNotation, NullFormatter, NullLocator

    for axis in (axis for ax in canvas.axes for axis in (ax.xaxis, ax.yaxis)):
        if type(axis.get_major_formatter()) is not LogFormatterSciNotation:
            continue
        low, high = sorted(axis.get_view_interval())
        if high >= 10 * low > 0:  # within a decade the small ticks have the only labels
            axis.set_major_formatter(lambda x, at: power_of_ten(x))
            axis.set_minor_formatter(NullFormatter())
        if high >= 1000 * low > 0:  # so many small ticks take longer to draw than all else
            axis.set_minor_locator(NullLocator())


def power_of_ten(x: float) -> str:
    """A label of a logarithmic axis.

    >>> power_of_ten(1000), power_of_ten(1e-12), power_of_ten(20)
    ('10³', '10⁻¹²', '20')
    """
    exponent = math.log10(x) if x > 0 else 0.5
    if not math.isclose(exponent, round(exponent), abs_tol=1e-9):
        return f"{x:g}"
    return "10" + str(round(exponent)).translate(_RAISED)


def _plain(text: str) -> str:
    """Line by line, for a drawing may break a long label."""
    return "\n".join(map(plain_text, text.split("\n")))


def _texts(canvas: Canvas) -> Iterator[Text]:
    """Every text but those at ticks, which do not exist before the figure is saved."""
    from matplotlib.text import Text

    legends = [*canvas.legends, *(ax.get_legend() for ax in canvas.axes)]
    for legend in filter(None, legends):
        yield from (*legend.get_texts(), legend.get_title())
    for ax in canvas.axes:
        yield from (ax.xaxis.label, ax.yaxis.label)
        yield from (child for child in ax.get_children() if isinstance(child, Text))
    yield from canvas.texts


def inline(drawn: Drawn) -> str:
    """The SVG for a page that holds several, in light and in dark."""
    root = ElementTree.fromstring(drawn.svg)
    for element in root.iter():
        _simplify(element)
    _drop_background(root)
    _prefix_ids(root, drawn.name)
    _adapt_colors(root)
    _label(root, drawn)
    return ElementTree.tostring(root, encoding="unicode")


def _simplify(element: ElementTree.Element) -> None:
    """Drop namespaces (HTML knows SVG), white space, and what is finer than a pixel's hundredth."""
    element.tag = element.tag.rpartition("}")[2]
    element.attrib = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
    for key in element.attrib.keys() & {"d", "x", "y"}:
        element.set(key, _DECIMALS.sub(r"\1", element.attrib[key]))
    element.text = element.text if (element.text or "").strip() else None
    element.tail = element.tail if (element.tail or "").strip() else None


def _drop_background(root: ElementTree.Element) -> None:
    """Take away the white sheet, the metadata, and the style that would reach the whole page."""
    for parent in list(root.iter()):
        for child in list(parent):
            sheet = parent.get("id") == "figure_1" and child.get("id") == "patch_1"
            if sheet or child.tag == "metadata" or child.find("style") is not None:
                parent.remove(child)


def _prefix_ids(root: ElementTree.Element, name: str) -> None:
    """Ids that are referred to get the figure's name; the others go."""
    used = _references(root)
    for element in root.iter():
        if (own := element.attrib.pop("id", None)) in used:
            element.set("id", f"{name}-{own}")
        for key, value in element.attrib.items():
            if key == "href" and value.startswith("#"):
                element.set(key, f"#{name}-{value[1:]}")
            elif "url(#" in value:
                element.set(key, _REFERENCE.sub(rf"url(#{name}-\1)", value))


def _references(root: ElementTree.Element) -> set[str]:
    found: set[str] = set()
    for element in root.iter():
        found.add(element.get("href", "").removeprefix("#"))
        for value in element.attrib.values():
            found.update(_REFERENCE.findall(value))
    return found


def _adapt_colors(root: ElementTree.Element) -> None:
    """Colours by their variables; what is kept as pixels on nothing is turned as a whole."""
    for element in root.iter():
        if element.tag == "image" and _is_transparent(element.get("href", "")):
            element.set("class", "marks")
        if style := element.get("style"):
            for variable, color in ADAPTIVE.items():
                style = style.replace(color, f"var(--{variable})")
            element.set("style", style)


def _is_transparent(href: str) -> bool:
    """Whether there is nothing behind the marks of an embedded PNG."""
    from PIL import Image

    with Image.open(BytesIO(b64decode(href.partition(",")[2]))) as image:
        return image.mode == "RGBA" and image.getchannel("A").getextrema()[0] == 0


def _label(root: ElementTree.Element, drawn: Drawn) -> None:
    """Width from the page, height from the viewBox, and a name for those who do not see it."""
    view = root.get("viewBox", "")
    root.attrib = {"viewBox": view, "role": "img", "class": "plot", "width": "100%"}
    root.set("aria-labelledby", f"{drawn.name}-title")
    title = ElementTree.Element("title", {"id": f"{drawn.name}-title"})
    title.text = drawn.alt
    root.insert(0, title)
