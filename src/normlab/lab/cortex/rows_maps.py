"""Maps of receptive fields, and what is beyond the thirty phenomena of the table. Needs no torch."""

from normlab.lab.cortex.phenomenon import SHIFTED, STEEPER, Phenomenon, in_words, least, most, row
from normlab.lab.family import near

_UNIFORM = "Uniform orientation pool: suppression index of an equal orthogonal mask"
MAPS: tuple[Phenomenon, ...] = (
    row(
        28, "23", "spot-map", "Receptive field mapped with a spot",
        "A spot of one pixel maps bright and dark subregions of a simple cell; rates below the blank's "
        "need a maintained discharge.",
        "fields:spots",
        near("highest", "Highest rate (independent computation)", 4.08, " spikes/s"),
        near("lowest", "Lowest rate (independent computation)", 0.77, " spikes/s"),
        least("maintained", "Blank's rate less the lowest, with β", 0.5),
        most("without", "Blank's rate less the lowest, without β", 1e-6),
    ),
    row(
        29, "24", "noise-map", "Receptive field mapped with white noise",
        "Reverse correlation with white noise finds a field like a Gabor, as wide in tuning as the filter.",
        "fields:noise",
        near("orientation", "Orientation width of the field found", 42.6, "°", 0.1),
        near("frequency", "Frequency width of the field found", 1.53, " octaves", 0.1),
        most("orientation-filter", "Orientation width: distance from the filter's own, relative", 0.05),
        most("frequency-filter", "Frequency width: distance from the filter's own, relative", 0.05),
        least("gabor", "Correlation of the field found with the cell's filter", 0.9),
        most("form", "Pool as a quadratic form against the filter bank, 100 frames, relative", 1e-3),
    ),
    row(
        30, "25", "bar-map", "Bar maps and gratings",
        "A frequency tuning derived from responses to bars is wider than that measured with gratings.",
        "fields:bars",
        least("wider", "Width derived from bars, relative to that measured with gratings", 1.1),
    ),
    row(
        0, "", "shifted-pool", "A pool that prefers lower frequencies",
        "Where the pool prefers a frequency an octave below the cell's, the cell's own preference moves up: "
        "it responds best where the pool is weaker.",
        "beyond:shifted_pool",
        near("preferred", f"Preferred frequency at 15 % with {in_words(SHIFTED)}", 2.46, " cycles/°"),
        least("moves", "Preferred frequency, relative to that of a pool that is not shifted", 1.05),
    ),
    row(
        0, "", "standard-set", "Numbers of the standard set",
        "The calibration and closed forms of the standard set.",
        "beyond:standard",
        near("blank", "Response to a blank screen", 1.6, " spikes/s"),
        near("asymptote", "Response to a large grating of contrast 1", 41.2, " spikes/s"),
        near("closed-form", "The same, from the closed form of eq. 17", 41.204, " spikes/s", 1e-3),
        near("kappa", "κ of the orientation pool", 1.22),
        near("energy", "Energy of the calibration grating", 0.25),
        near("pool", "Pool of the calibration grating (independent computation)", 0.01145),
        near("top-contrast", "Contrast of the largest response to a large grating", 0.4995),
        near("top", "That response (independent computation)", 41.6, " spikes/s"),
        near("suppressive-orientation", "Width of the suppressive drive, 0.81° disk", 86.4, "°"),
        near("suppressive-frequency", "Width of the suppressive drive, 0.81° disk", 2.10, " octaves"),
        near("plaid", "Largest suppression index of a plaid (independent): 15, 25 %, 2, 1 cycle/°", 0.42),
        near("plaid-paper", "The same against the paper's figure", 0.43),
        near("phase", "The same if the mask's phase is 0 (independent)", 0.13, "", 0.05),
        near("isocontrast-8", f"{_UNIFORM}, 8 % (independent)", 0.28, "", 0.05),
        near("isocontrast-32", f"{_UNIFORM}, 32 % (independent)", 0.48, "", 0.05),
    ),
    row(
        0, "", "shared-cause", "A prediction across phenomena: the maintained discharge",
        "Rates below the blank's (28) and wider tuning at low contrast (18) need a large β. Supersaturation "
        "(8) comes with a large β too, or without any where the pool's exponent is larger than the drive's. "
        "So a cell that shows one of the first two should show all three, while one that only supersaturates "
        "has nd > nn.",
        "beyond:shared_cause",
        least("below", "β = 0.02: blank's rate less the lowest in a map with spots", 0.5),
        least("turns", "β = 0.02: what is lost between the largest response and contrast 1", 5e-3),
        least("widens", "β = 0.02: frequency width at 5 %, relative to 80 %", 1.1),
        most("none-below", "β = 0: blank's rate less the lowest", 1e-6),
        most("none-turns", "β = 0: what is lost between the largest response and contrast 1", 1e-3),
        most("none-widens", "β = 0: frequency width at 5 %, relative to 80 %", 1.0),
        least("exponents-turn", f"β = 0, nd = {STEEPER:g}: lost from largest response to contrast 1", 5e-3),
        most("exponents-widens", f"β = 0, nd = {STEEPER:g}: frequency width at 5 %, relative to 80 %", 1.0),
    ),
    row(
        0, "", "patch-frequency", "A known failure: preferred frequency and patch size",
        "In cells, a smaller patch raises the preferred frequency (Osaki et al. 2011). The paper says that "
        "the model does not.",
        "beyond:patch_frequency",
        least("rises", "Preferred frequency with a patch of 0.4°, relative to 2°", 1.1),
    ),
    row(
        0, "", "photographs", "From cortex to network: photographs through the front end",
        "What division gives a network: responses that hardly depend on the contrast of the image, with "
        "activity spread more evenly.",
        "frontend:measure",
        most("half", "Change of the responses when contrast is halved, relative", 0.35),
        most("tenth", "The same at a tenth of the contrast, after relative to before division", 0.9),
        most("even", "Share of the most active hundredth of units, after relative to before", 0.7),
    ),
)  # fmt: skip
