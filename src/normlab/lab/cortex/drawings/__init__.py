"""How phenomena are drawn: curves under their stimuli, and maps of receptive fields. Needs no torch."""

from normlab.lab.cortex.drawings.curves import curves
from normlab.lab.cortex.drawings.maps import maps
from normlab.lab.cortex.drawings.photographs import photographs

__all__ = ["curves", "maps", "photographs"]
