"""The report on measured statistics: one HTML page that needs no other file."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from normlab._version import __version__
from normlab.measuring.showing.sections import parts
from normlab.measuring.text import extent
from normlab.report.page import Page
from normlab.safe import printable
from normlab.system.files import write_all

if TYPE_CHECKING:
    from normlab.measuring.measured import Measured


def page(measured: "Measured") -> Page:
    """The report: what to paste first, then how it was made, and warnings."""
    found = list(parts(measured))
    figures = [figure for _, some in found for figure in some]
    return Page(
        f"Mean and std of {printable(measured.source)}",
        "What goes into Normalize, or before the first layer, and what is worth knowing about these data.",
        [section for section, _ in found],
        {figure.name: figure.render() for figure in figures},
        (),
        _about(measured),
    )


def write(measured: "Measured", path: str | os.PathLike[str]) -> Path:
    """Write the report, whole or not at all. Errors: DataError where that cannot be."""
    path = Path(os.fsdecode(path)).absolute()
    html = page(measured).html().encode()
    return write_all(path.parent, {path.name: html}, "--html") / path.name


def _about(measured: "Measured") -> dict[str, str]:
    return {
        "measured": printable(measured.source),
        "what": extent(measured),
        "written": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "normlab": __version__,
    }
