"""What the letters of the V1 model's equations stand for. Needs no torch."""

import re
from collections.abc import Mapping

_SYMBOLS: Mapping[str, str] = {  # in an equation's LaTeX → in words
    "R": "R the rate",
    "c": "c the contrast",
    "E": "E what the stimulus gives the cell's filter (its drive)",
    "P": "P what it gives the pool",
    "m": "m the contrast of the mask",
    "s": "s the contrast of the surround",
    "p": "p the drive of this grating relative to the preferred one",
    "q": "q the same for the pool",
    "d": "d the diameter",
    r"\theta": "θ the orientation",
    "f": "f the spatial frequency",
    "F": "F* the frequency that the cell prefers",
    r"\delta": "δ by how many octaves the frequency that the pool prefers is lower",
    "w": "w the weight of a cell in the pool",
    r"\kappa": "κ how narrow the pool is",
    "h": "h the width of the pool in octaves, at half height",
    "M": "M a scale in spikes/s",
    r"\alpha": "α the semisaturation",
    r"\beta": "β the maintained drive",
    "nn": "nn the exponent of the drive",
    "nd": "nd the exponent of the pool",
}
_AT_ONE = {  # what an equation multiplies by the contrast
    "E": r"c(\\,)?\s*E",
    "P": r"c\^\{nd\}\s*P",
}


def symbols(equation: str, own: Mapping[str, str] | None = None) -> str:
    """What the letters of an equation stand for, in a sentence; own: letters that mean something else in it.

    >>> symbols(r"R = \\text{half of } M c^{nn}", {"c": "c any number"})
    'R is the rate, c any number, M a scale in spikes/s, nn the exponent of the drive.'
    >>> symbols(r"c^{nd} P")
    'c is the contrast, P what it gives the pool at contrast 1, nd the exponent of the pool.'
    """
    bare = re.sub(r"\\text\{.*?\}|_\{[a-z]+\}", " ", equation)
    runs = re.findall(r"\\[A-Za-z]+|nn|nd|[A-Za-z]", bare)
    known = dict(_SYMBOLS)
    for letter, product in _AT_ONE.items():
        known[letter] += " at contrast 1" if re.search(product, equation) else ""
    words = [text for letter, text in (known | dict(own or {})).items() if letter in runs]
    first, *rest = [text.partition(" ") for text in words]
    return ", ".join([f"{first[0]} is {first[2]}", *("".join(each) for each in rest)]) + "."
