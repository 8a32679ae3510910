"""Which row of the table a learner's name means."""

import re

from normlab.equation.table import TABLE
from normlab.errors import SettingError
from normlab.grading.rows import record


def rows_in(name: str) -> list[str]:
    """The rows that a name speaks of, in the table's order.

    >>> rows_in("MyBatchNorm2d"), rows_in("my_bn"), rows_in("GDN1"), rows_in("norm")
    (['batch'], ['batch'], ['gdn1'], [])
    """
    known = {row.name: record(row) for row in TABLE.values()}
    found = [row for row, held in known.items() if _says(name, held.long, held.short)]
    covered = {known[row].covers for row in found}
    return [row for row in found if row not in covered]


def _says(name: str, long: tuple[str, ...], short: tuple[str, ...]) -> bool:
    """Long words may stand anywhere; short ones only as a word of their own."""
    parts = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    parts = re.sub(r"(?<=[A-Z])(?=[A-Z][a-z])", "_", parts).lower()
    anywhere = (parts, parts.replace("_", ""))
    return any(re.search(word, text) for word in long for text in anywhere) or any(
        re.search(rf"(?<![a-z0-9]){word}(?![a-z]|1(?!d))", parts) for word in short
    )


def guess(target: str, file: str) -> str:
    """The row that a class or function means by its name, or else by its file's."""
    for name in (target, file):
        rows = rows_in(name)
        if len(rows) == 1:
            return rows[0]
        if rows:
            raise SettingError(
                f"the name {name!r} may mean {' or '.join(rows)}; say which with --row."
            )
    raise SettingError(
        f"neither {target!r} nor the file {file!r} names a row; say which row it is with --row, one of "
        f"{', '.join(TABLE)}."
    )


def rank_in(name: str) -> set[int] | None:
    """The numbers of dimensions that a name promises: BatchNorm2d takes (N, C, H, W).

    >>> rank_in("BatchNorm1d"), rank_in("BatchNorm2d"), rank_in("spatial_batchnorm_forward"), rank_in("my_bn")
    ({2, 3}, {4}, {4}, None)
    """
    if "spatial" in name.lower():  # CS231n's word for images
        return {4}
    found = re.search(r"([123])d(?![a-z0-9])", name.lower())
    return {"1": {2, 3}, "2": {4}, "3": {5}}[found[1]] if found else None
