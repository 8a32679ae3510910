"""The normalisers as functions, with torch's own signatures where torch has one.

Where torch's operator is right and fast it is called; the rest is the equation of `normlab.equation`.
"""

from normlab.functional.batch import batch_norm, batch_norm_with_stats
from normlab.functional.divisive import divisive_norm
from normlab.functional.gdn import gdn, gdn_inverse
from normlab.functional.instance import instance_norm
from normlab.functional.local import local_contrast_norm, local_response_norm
from normlab.functional.standard import group_norm, layer_norm, rms_norm

__all__ = [
    "batch_norm",
    "batch_norm_with_stats",
    "divisive_norm",
    "gdn",
    "gdn_inverse",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "local_contrast_norm",
    "local_response_norm",
    "rms_norm",
]
