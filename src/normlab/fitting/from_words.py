"""What `normlab fit` does: cells of a file fitted one after the other, told, written."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from normlab.data.reading import Reading
from normlab.errors import DataError
from normlab.fitting.fit import Fit, fit
from normlab.fitting.page import figure, page
from normlab.fitting.tables import Columns, cells
from normlab.fitting.words import as_json
from normlab.safe import json_text, printable
from normlab.system.console import say
from normlab.system.files import write_all
from normlab.system.progress import bar

Outcome = Fit | DataError


def told(
    data: Path,
    columns: Columns,
    settings: dict[str, Any],
    drop_missing: bool,
    reading: dict[str, Any],
    html: Path | None,
    picture: Path | None,
    json: bool,
) -> None:
    """Errors: DataError where no cell can be fitted; SettingError."""
    found = cells(data, columns, settings["model"], drop_missing, Reading.of(**reading))
    with bar("fitting") as show:
        outcomes = {
            name: _one(
                given,
                settings,
                lambda done, total, i=i: show(i * total + done, len(found.arguments) * total),
            )
            for i, (name, given) in enumerate(found.arguments.items())
        }
    fits = {name: one for name, one in outcomes.items() if isinstance(one, Fit)}
    if not fits:
        name, reason = next(iter(outcomes.items()))
        where = f"{data}: " if len(outcomes) == 1 else f"{data}: no cell can be fitted; {name}: "
        raise DataError(f"{where}{reason}")
    refused = {name: str(one) for name, one in outcomes.items() if name not in fits}
    _write(fits, found.said, refused, html, picture)
    say(_json(outcomes, found.said) if json else _text(outcomes, found.said, [html, picture]))


def _one(given: dict[str, Any], settings: dict[str, Any], progress: Any) -> Outcome:
    try:
        return fit(**given, **settings, progress=progress)
    except DataError as error:
        return error


def _write(
    fits: dict[str, Fit],
    said: Sequence[str],
    refused: dict[str, str],
    html: Path | None,
    picture: Path | None,
) -> None:
    cells, names = list(fits.values()), list(fits) if len(fits) + len(refused) > 1 else []
    if html is not None:
        write_all(
            html.parent, {html.name: page(cells, names, said, refused).html().encode()}, "--html"
        )
    if picture is not None:
        drawn = figure(cells, names).render()
        content = drawn.svg.encode() if picture.suffix.lower() == ".svg" else drawn.png
        write_all(picture.parent, {picture.name: content}, "--figure")


def _text(outcomes: dict[str, Outcome], said: Sequence[str], written: Sequence[Path | None]) -> str:
    parts = ["\n".join(said)]
    for name, one in outcomes.items():
        head = f"{printable(name)}\n" if len(outcomes) > 1 else ""
        parts.append(f"{head}{one}" if isinstance(one, Fit) else f"{head}not fitted: {one}")
    parts += [f"Written: {path}" for path in written if path is not None]
    return "\n\n".join(parts)


def _json(outcomes: dict[str, Outcome], said: Sequence[str]) -> str:
    rows = [
        {"cell": name} | (as_json(one) if isinstance(one, Fit) else {"refused": str(one)})
        for name, one in outcomes.items()
    ]
    return json_text({"read": list(said), "cells": rows})
