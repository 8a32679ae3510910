"""The experiments of the family, in order. Needs no torch."""

from normlab.lab.canonical.rows_images import LATERAL, MIXTURE, REDUNDANCY
from normlab.lab.canonical.rows_senses import ATTENTION, FLY, GRATINGS, RETINA, SATURATION

MEMBERS = {
    member.name: member
    for member in (SATURATION, RETINA, FLY, GRATINGS, ATTENTION, REDUNDANCY, MIXTURE, LATERAL)
}
