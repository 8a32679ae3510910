"""Which row of the table a learner's name means."""

import re

from normlab.equation.table import TABLE
from normlab.errors import SettingError

# what names of classes, functions and files say, written together and in lower case
_WORDS = {
    "batch": r"batch_?norm|batch|bn",
    "layer": r"layer_?norm|layer|ln",
    "instance": r"instance|inst_?norm",
    "group": r"group|gn",
    "rms": r"rms|root_?mean",
    "l2": r"l2_?norm|l2|unit_?norm|unit_?length",
    "local_response": r"local_?response|response_?norm|lrn",
    "local_contrast": r"local_?contrast|contrast_?norm|lcn",
    "divisive": r"divisive|heeger|dn",
    "gdn": r"gdn|generali[sz]ed_?divisive",
    "gdn1": r"gdn_?1|simplified_?gdn|gdn_?simplified",
}
_COVERS = {"gdn1": "gdn", "gdn": "divisive"}  # a name that says the first says the second too
_TIED = {
    "bn",
    "ln",
    "gn",
    "dn",
    "l2",
    "batch",
    "layer",
    "group",
    "instance",
    "rms",
    "gdn",
    "lrn",
    "lcn",
}


def rows_in(name: str) -> list[str]:
    """The rows that a name speaks of, in the table's order.

    >>> rows_in("MyBatchNorm2d"), rows_in("my_bn"), rows_in("GDN1"), rows_in("norm")
    (['batch'], ['batch'], ['gdn1'], [])
    """
    found = [row for row, words in _WORDS.items() if _says(name, words)]
    covered = {_COVERS[row] for row in found if row in _COVERS}
    return [row for row in TABLE if row in found and row not in covered]


def _says(name: str, words: str) -> bool:
    """Long words may stand anywhere; short ones only as a word of their own."""
    parts = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    parts = re.sub(r"(?<=[A-Z])(?=[A-Z][a-z])", "_", parts).lower()
    for word in words.split("|"):
        short = word in _TIED
        pattern = rf"(?<![a-z0-9]){word}(?![a-z]|1(?!d))" if short else word
        if re.search(pattern, parts) or (not short and re.search(word, parts.replace("_", ""))):
            return True
    return False


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
        f"neither {target!r} nor the file {file!r} tells which row it is; say so with --row, one of "
        f"{', '.join(TABLE)}."
    )


def rank_in(name: str) -> set[int] | None:
    """The numbers of dimensions that a name promises: BatchNorm2d takes (N, C, H, W).

    >>> rank_in("BatchNorm1d"), rank_in("BatchNorm2d"), rank_in("my_bn")
    ({2, 3}, {4}, None)
    """
    found = re.search(r"([123])d(?![a-z0-9])", name.lower())
    return {"1": {2, 3}, "2": {4}, "3": {5}}[found[1]] if found else None
