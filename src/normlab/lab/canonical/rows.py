"""How a row of the family is made. Needs no torch."""

from normlab.lab.canonical.notes import NOTES
from normlab.lab.experiment import Claim
from normlab.lab.family import Member


def member(name: str, title: str, signature: str, *claims: Claim) -> Member:
    place = f"normlab.lab.canonical.{name}:measure"
    extra = "photographs" if name in ("retina", "redundancy") else ""
    why, limits = NOTES[name]
    return Member(name, title, signature, place, claims, why=why, limits=limits, extra=extra)
