"""What is measured of networks under training, at the marks of their cell: probes by name."""

from collections.abc import Callable

from normlab.lab.training.engine.probes.evaluating import contrasts, last_batch, modes, sparsity
from normlab.lab.training.engine.probes.landscape import entering, gradient_shift, landscape
from normlab.lab.training.engine.probes.padding import padding
from normlab.lab.training.engine.probes.percentiles import percentiles
from normlab.lab.training.engine.run import Probe

PROBES: dict[str, Callable[..., Probe]] = {
    "percentiles": percentiles,
    "modes": modes,
    "last_batch": last_batch,
    "contrasts": contrasts,
    "sparsity": sparsity,
    "padding": padding,
    "landscape": landscape,
    "gradient_shift": gradient_shift,
    "entering": entering,
}
