"""The phenomena as data: stimulus and published signature in words, claims, the paper's changes.

Numbers and figures of the paper are those of Sawada & Petrov 2017 (J Neurophysiol 118:3051), table 1.
Needs no torch.
"""

from collections.abc import Mapping

from normlab.lab.cortex.phenomenon import Phenomenon
from normlab.lab.cortex.rows_centre import CENTRE
from normlab.lab.cortex.rows_context import CONTEXT
from normlab.lab.cortex.rows_maps import MAPS
from normlab.lab.cortex.rows_tuning import TUNING

_ROWS = sorted(
    (*CENTRE, *TUNING, *CONTEXT, *MAPS), key=lambda row: row.number or 99
)  # as in the table

MEMBERS: Mapping[str, Phenomenon] = {row.name: row for row in _ROWS}
