"""Masks on the grating, and surrounds around it. Needs no torch."""

from normlab.lab.cortex.phenomenon import Phenomenon, least, most, row
from normlab.lab.family import near

CONTEXT: tuple[Phenomenon, ...] = (
    row(
        21, "16", "mask-orientation", "Cross-orientation suppression",
        "A mask suppresses at every orientation, least at the orthogonal one; in some cells almost "
        "completely, for which the paper changes parameters (the changed set here is our own).",
        "masks:orientation",
        least("broad", "Least suppression index over all orientations", 0.1),
        least("orthogonal", "Distance of the least suppressing orientation from 0°", 75.0),
        least("complete", "Largest suppression index of a 15 % signal by a 50 % mask", 0.9),
        semisaturation=0.05, pool_shift=1.0, pool_exponent=2.35,
    ),
    row(
        22, "16", "mask-frequency", "Mask frequency",
        "An orthogonal mask suppresses most at about the preferred frequency; in some cells an octave away.",
        "masks:frequency",
        most("near", "Distance of the dip from 2 cycles/degree, octaves", 0.5),
        least("deep", "Suppression index at the dip", 0.2),
    ),
    row(
        23, "18", "mask-contrast", "Contrast of an orthogonal mask",
        "An orthogonal mask moves the contrast response to the right and down; below 12 % hardly.",
        "masks:contrast",
        least("right", "Half-contrast with a mask of 50 %, relative to none", 2.0),
        most("down", "Largest response with a mask of 50 %, relative to none", 0.95),
        most("negligible", "Half-contrast with a mask of 6 %, relative to none", 1.1),
    ),
    row(
        24, "19", "surround-orientation", "Orientation of a surround",
        "A surround suppresses most near the preferred orientation, and is tuned more widely than the "
        "cell.",
        "surround:orientation",
        most("near", "Distance of the strongest suppression from 0°", 30.0),
        most("orthogonal", "Suppression index at 90°, relative to the largest", 0.8),
        least("wider", "Width of the suppression, relative to the cell's tuning", 1.2),
    ),
    row(
        25, "19", "surround-frequency", "Spatial frequency of a surround",
        "A surround suppresses most near the preferred frequency, and is tuned more widely than the cell.",
        "surround:frequency",
        most("near", "Distance of the strongest suppression from 2 cycles/degree, octaves", 0.5),
        least("wider", "Width of the suppression, relative to the cell's tuning", 1.2),
    ),
    row(
        26, "20", "surround-contrast", "Contrast of a surround",
        "A surround moves the contrast response to the right and down, and makes it shallower.",
        "surround:contrast",
        least("right", "Contrast of half the maximum without a surround, with one of 50 %, relative", 2.0),
        most("down", "Response at contrast 1 with a surround of 50 %, relative to none", 0.95),
        most("shallower", "Slope from 1/4 to 3/4 of each curve's own rise, with 50 % relative to none", 0.9),
        exponent=2.8, pool_exponent=3.0, maximum=10.0,
    ),
    row(
        27, "21", "surround-parallel", "Parallel and orthogonal surrounds",
        "A parallel surround shifts the contrast response more than an orthogonal one.",
        "surround:parallel",
        near("parallel", "Response at contrast 1 with a parallel surround of 50 %, relative to none", 0.72),
        near("orthogonal", "Response at contrast 1 with an orthogonal surround of 50 %, relative", 0.93),
        least("more", "Shift of the contrast response, parallel relative to orthogonal (log ratio)", 1.5),
    ),
    row(
        0, "16", "mask-frequency-shift", "Mask frequency, with a pool that is shifted",
        "Dips an octave away from the preferred frequency need a pool that prefers other frequencies "
        "than the cell (δ).",
        "masks:shifted",
        least("octave", "Distance of the dip from 2 cycles/degree, octaves", 0.9),
        pool_shift=1.0,
    ),
)  # fmt: skip
