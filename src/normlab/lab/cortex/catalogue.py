"""The phenomena as data: stimulus and published signature in words, claims, the paper's changes.

Numbers and figures of the paper are those of Sawada & Petrov 2017 (J Neurophysiol 118:3051), table 1.
A claim called changed.X is the claim X made of the changed set of parameters. Needs no torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from normlab.lab.cortex.lessons import LESSONS, SYMBOLS
from normlab.lab.experiment import Claim, Verdict
from normlab.lab.family import Member, near
from normlab.report.page import Ask, Block, Formula, Prose
from normlab.safe import markup

CHANGED = "changed."
STEEPER = 2.35  # the pool's exponent nd with which the paper makes a cell supersaturate without β
_SYMBOLS = {
    "maximum": "M",
    "maintained": "β",
    "exponent": "n of the drive",
    "pool_exponent": "n of the pool",
    "filter_frequency": "filter bandwidth (octaves)",
    "pool_frequency": "frequency width of the pool (octaves)",
    "pool_orientation": "orientation width of the pool (degrees)",
    "pool_shift": "shift of the pool δ (octaves)",
    "semisaturation": "α",
}


# the paper's parameters of a pool that prefers other frequencies than the cell
SHIFTED: Mapping[str, float] = {
    "pool_shift": 1.0, "pool_frequency": 1.0, "semisaturation": 0.03, "maximum": 3.0,
}  # fmt: skip


def in_words(change: Mapping[str, float]) -> str:
    return ", ".join(f"{_SYMBOLS[name]} = {value:g}" for name, value in change.items())


@dataclass(frozen=True)
class Phenomenon(Member):
    """A row of the paper's table 1; number 0 for what is not one. change: parameters for a second run."""

    number: int = 0
    figure: str = ""
    change: Mapping[str, float] = field(default_factory=dict, hash=False)

    @property
    def introduction(self) -> tuple[Block, ...]:
        """A prediction asked first, then what was published, and the equation."""
        lesson = LESSONS.get(self.name)
        if lesson is None:
            return super().introduction
        data = f" Measured in cortex by {lesson.data}" if lesson.data else ""
        ask = Ask(lesson.question, lesson.mechanism)
        return ask, Prose(self.signature + markup(data)), Formula(lesson.equation), Prose(SYMBOLS)


def outcome(verdicts: list[Verdict]) -> str:
    """Reproduced by the parameters given, by the changed ones alone, or not; nothing may be judged."""

    def all_hold(changed: bool) -> bool:
        of = [v for v in verdicts if (f".{CHANGED}" in v.claim.name) == changed]
        return bool(of) and all(v.outcome == "holds" for v in of)

    if not verdicts:
        return "not judged"
    if all_hold(False):
        return "reproduced"
    return "reproduced by the changed set" if all_hold(True) else "not reproduced"


def _least(name: str, text: str, bound: float) -> Claim:
    return Claim(name, text, bound, ">=")


def _most(name: str, text: str, bound: float) -> Claim:
    return Claim(name, text, bound, "<=")


def _row(
    number: int, figure: str, name: str, title: str, signature: str, measure: str, *claims: Claim,
    **change: float,
) -> Phenomenon:  # fmt: skip
    if change:
        words = f" (changed set: {in_words(change)})"
        claims += tuple(replace(c, name=CHANGED + c.name, text=c.text + words) for c in claims)
    title = f"{title} (phenomenon {number})" if number else title
    place = f"normlab.lab.cortex.{measure}"
    extra = "photographs" if name == "photographs" else ""
    return Phenomenon(
        name, title, signature, place, claims, number, figure, dict(change), extra=extra
    )


_UNIFORM = "Uniform orientation pool: suppression index of an equal orthogonal mask"
_ROWS: tuple[Phenomenon, ...] = (
    _row(
        1, "5", "size-tuning", "Size tuning",
        "As a grating grows, the response rises, peaks, falls and levels off.",
        "size:tuning",
        near("diameter", "Diameter of the largest response (the measured receptive field)", 0.81, "°"),
        near("peak", "Largest response (independent computation)", 95.2, " spikes/s"),
        near("plateau", "Response to the largest grating", 41.2, " spikes/s"),
        _most("rises", "Response to the smallest grating, relative to the peak", 0.5),
        _most("falls", "Response to the largest grating, relative to the peak", 0.8),
        _most("level", "What the last degree of growth still changes, relative to the peak", 0.05),
    ),
    _row(
        2, "6", "size-contrast", "Size tuning and contrast",
        "The diameter of the largest response grows as contrast falls.",
        "size:by_contrast",
        near("half", "Peak diameter at 50 % (independent computation)", 0.81, "°"),
        near("quarter", "Peak diameter at 25 % (independent computation)", 0.90, "°"),
        near("eighth", "Peak diameter at 12 % (independent computation)", 1.08, "°"),
        _least("grows", "Peak diameter at 12 %, relative to 100 %", 1.2),
    ),
    _row(
        3, "7", "size-orientation", "Size tuning and orientation",
        "With a grating turned to half height (15.9°) the diameter of the largest response shrinks.",
        "size:by_orientation",
        near("turned", "Peak diameter at 15.9° (independent computation)", 0.63, "°"),
        _most("shrinks", "Peak diameter at 15.9°, relative to 0°", 0.9),
    ),
    _row(
        4, "8", "size-frequency", "Size tuning and spatial frequency",
        "With a grating of half-height frequency (−0.21 and 1.52 octaves re 1 cycle/degree) it shrinks on "
        "both sides; in cells the low side is unclear.",
        "size:by_frequency",
        near("low", "Peak diameter at −0.21 octaves (independent computation)", 0.36, "°"),
        near("high", "Peak diameter at 1.52 octaves (independent computation)", 0.63, "°"),
        _most("low-shrinks", "Peak diameter at −0.21 octaves, relative to 1 octave", 0.9),
        _most("high-shrinks", "Peak diameter at 1.52 octaves, relative to 1 octave", 0.9),
    ),
    _row(
        5, "9", "hole", "A hole in the grating",
        "As a hole in a large grating grows, the response falls steadily to about the spontaneous rate.",
        "size:hole",
        _most("steady", "Largest rise before the lowest rate, relative to the first rate", 0.01),
        _most("spontaneous", "Lowest rate: distance from the blank's, relative to the first rate", 0.05),
        _most("half", "Rate with a hole of the receptive field's size, relative to no hole", 0.25),
    ),
    _row(
        6, "9", "hole-contrast", "A hole, at four contrasts",
        "The curves of four contrasts have nearly the same shape.",
        "size:hole_by_contrast",
        _most("invariant", "Largest difference between two of the curves, each relative to its first", 0.1),
    ),
    _row(
        7, "3, 10", "contrast-response", "Contrast response",
        "The response to the preferred grating is a sigmoid on a log axis of contrast.",
        "contrast:response",
        near("steepest", "Contrast of the steepest slope (independent computation)", 0.082),
        near("steepest-octaves", "The same from contrasts an octave apart (the paper)", 0.09),
        _most("foot", "Rise over the lowest octave, relative to the steepest octave's", 0.2),
        _most("shoulder", "Rise over the highest octave, relative to the steepest octave's", 0.2),
    ),
    _row(
        8, "10", "supersaturation", "Supersaturation",
        "At high contrast the contrast response turns down.",
        "contrast:supersaturation",
        _least("turns", "What is lost between the largest response and contrast 1, relative", 0.05),
        pool_exponent=STEEPER, maintained=0.0, maximum=30.0,
    ),
    _row(
        9, "11", "noise", "Noise added to the grating",
        "Binary noise added to a patch lowers the response to gratings of 12 % and more, and raises that "
        "to the weakest.",
        "contrast:noise",
        _least("raises", "Response to noise alone, relative to the blank's", 1.5),
        _most("lowers-12", "Response at 12 % with noise, relative to without", 1.0),
        _most("lowers-50", "Response at 50 % with noise, relative to without", 1.0),
    ),
    _row(
        10, "3", "contrast-orientation", "Contrast response and orientation",
        "Turning the grating scales the contrast response; the contrast of half the response stays.",
        "contrast:by_orientation",
        near("half-0", "Half-contrast at 0° (independent computation)", 0.153),
        near("half-15", "Half-contrast at 15° (independent computation)", 0.155),
        near("half-30", "Half-contrast at 30° (independent computation)", 0.150),
        _most("scaled", "Largest distance from the best multiple of the curve at 0°, of its peak", 0.05),
    ),
    _row(
        11, "3", "contrast-frequency", "Contrast response and spatial frequency",
        "Another spatial frequency scales the contrast response down.",
        "contrast:by_frequency",
        _most("down", "Largest response at other frequencies, relative to the preferred", 0.9),
        _most("scaled", "Largest distance from the best multiple of the preferred curve, of its peak", 0.1),
    ),
    _row(
        12, "12", "contrast-diameter", "Contrast response and diameter",
        "With the diameter the maximum rises up to 0.8° and then falls; gratings of 1.6° and more "
        "supersaturate. Never tested in cortex: a prediction.",
        "contrast:by_diameter",
        near("largest", "Diameter of the largest maximum", 0.81, "°"),
        _most("falls", "Maximum at 4.8°, relative to that at 0.81°", 0.8),
        _least("saturates", "What 1.6° and more lose from maximum to contrast 1: the least of them", 1e-3),
        _most("only-large", "The same at 0.2 to 0.81°: the most of them", 1e-3),
    ),
    _row(
        13, "2", "orientation-tuning", "Orientation tuning",
        "The response peaks at the preferred orientation and is tuned more narrowly than the filter.",
        "tuning:orientation",
        near("width", "Full width at half height, large grating", 31.8, "°"),
        _most("at-preference", "Distance of the peak from 0°", 3.0),
        _most("narrower", "Width of the tuning, relative to the filter's", 0.9),
    ),
    _row(
        14, "2", "frequency-tuning", "Spatial-frequency tuning",
        "The response peaks at the preferred frequency and is tuned more narrowly than the filter.",
        "tuning:frequency",
        near("width", "Full width at half height, large grating", 1.11, " octaves"),
        _most("at-preference", "Distance of the peak from 2 cycles/degree, octaves", 0.15),
        _most("narrower", "Width of the tuning, relative to the filter's", 0.9),
    ),
    _row(
        15, "13", "orientation-diameter", "Orientation tuning and diameter",
        "A larger patch narrows the tuning for orientation.",
        "tuning:orientation_by_diameter",
        near("small", "Width at 0.81° (independent computation)", 46.2, "°"),
        near("large", "Width at 1.62° (independent computation)", 31.7, "°"),
        _most("narrows", "Width at 1.62°, relative to 0.81°", 0.9),
    ),
    _row(
        16, "13", "frequency-diameter", "Spatial-frequency tuning and diameter",
        "A larger patch narrows the tuning for spatial frequency.",
        "tuning:frequency_by_diameter",
        near("small", "Width at 0.81° (independent computation)", 1.73, " octaves"),
        near("large", "Width at 1.62° (independent computation)", 1.16, " octaves"),
        _most("narrows", "Width at 1.62°, relative to 0.81°", 0.9),
    ),
    _row(
        17, "14", "orientation-contrast", "Orientation tuning and contrast",
        "The width of the tuning for orientation hardly depends on contrast.",
        "tuning:orientation_by_contrast",
        near("low", "Width at 5 % (independent computation)", 36.1, "°"),
        near("high", "Width at 80 % (independent computation)", 31.5, "°"),
        _most("constant", "Widest of 5 to 80 %, relative to the narrowest", 1.2),
    ),
    _row(
        18, "14", "frequency-contrast", "Spatial-frequency tuning and contrast",
        "The tuning for spatial frequency narrows at low contrast. The standard set widens it.",
        "tuning:frequency_by_contrast",
        _most("narrows", "Width at 10 %, relative to 80 %", 0.98),
        pool_orientation=40.0, pool_frequency=1.0,
    ),
    _row(
        19, "15", "square-tuning", "Square gratings and the third harmonic",
        "Tuning for square gratings has a second peak at a third of the preferred frequency.",
        "square:tuning",
        _most("place", "Distance of a second peak from a third of 2 cycles/degree, octaves", 0.15),
        _least("height", "Height of the second peak, relative to the first", 0.5),
        filter_frequency=0.8, pool_frequency=0.4,
    ),
    _row(
        20, "15", "square-contrast", "Contrast response to square gratings",
        "The contrast response to square gratings lies to the left of that to sinusoidal ones.",
        "square:contrast",
        _most("left", "Half-contrast of square gratings, relative to sinusoidal", 0.9),
        filter_frequency=0.8, pool_frequency=0.4,
    ),
    _row(
        21, "16", "mask-orientation", "Cross-orientation suppression",
        "A mask suppresses at every orientation, least at the orthogonal one; in some cells almost "
        "completely, for which the paper changes parameters (the changed set here is our own).",
        "masks:orientation",
        _least("broad", "Least suppression index over all orientations", 0.1),
        _least("orthogonal", "Distance of the least suppressing orientation from 0°", 75.0),
        _least("complete", "Largest suppression index of a 15 % signal by a 50 % mask", 0.9),
        semisaturation=0.05, pool_shift=1.0, pool_exponent=2.35,
    ),
    _row(
        22, "16", "mask-frequency", "Mask frequency",
        "An orthogonal mask suppresses most at about the preferred frequency; in some cells an octave away.",
        "masks:frequency",
        _most("near", "Distance of the dip from 2 cycles/degree, octaves", 0.5),
        _least("deep", "Suppression index at the dip", 0.2),
    ),
    _row(
        23, "18", "mask-contrast", "Contrast of an orthogonal mask",
        "An orthogonal mask moves the contrast response to the right and down; below 12 % hardly.",
        "masks:contrast",
        _least("right", "Half-contrast with a mask of 50 %, relative to none", 2.0),
        _most("down", "Largest response with a mask of 50 %, relative to none", 0.95),
        _most("negligible", "Half-contrast with a mask of 6 %, relative to none", 1.1),
    ),
    _row(
        24, "19", "surround-orientation", "Orientation of a surround",
        "A surround suppresses most near the preferred orientation, and is tuned more widely than the "
        "cell.",
        "surround:orientation",
        _most("near", "Distance of the strongest suppression from 0°", 30.0),
        _most("orthogonal", "Suppression index at 90°, relative to the largest", 0.8),
        _least("wider", "Width of the suppression, relative to the cell's tuning", 1.2),
    ),
    _row(
        25, "19", "surround-frequency", "Spatial frequency of a surround",
        "A surround suppresses most near the preferred frequency, and is tuned more widely than the cell.",
        "surround:frequency",
        _most("near", "Distance of the strongest suppression from 2 cycles/degree, octaves", 0.5),
        _least("wider", "Width of the suppression, relative to the cell's tuning", 1.2),
    ),
    _row(
        26, "20", "surround-contrast", "Contrast of a surround",
        "A surround moves the contrast response to the right and down, and makes it shallower.",
        "surround:contrast",
        _least("right", "Contrast of half the maximum without a surround, with one of 50 %, relative", 2.0),
        _most("down", "Response at contrast 1 with a surround of 50 %, relative to none", 0.95),
        _most("shallower", "Slope from 1/4 to 3/4 of each curve's own rise, with 50 % relative to none", 0.9),
        exponent=2.8, pool_exponent=3.0, maximum=10.0,
    ),
    _row(
        27, "21", "surround-parallel", "Parallel and orthogonal surrounds",
        "A parallel surround shifts the contrast response more than an orthogonal one.",
        "surround:parallel",
        near("parallel", "Response at contrast 1 with a parallel surround of 50 %, relative to none", 0.72),
        near("orthogonal", "Response at contrast 1 with an orthogonal surround of 50 %, relative", 0.93),
        _least("more", "Shift of the contrast response, parallel relative to orthogonal (log ratio)", 1.5),
    ),
    _row(
        28, "23", "spot-map", "Receptive field mapped with a spot",
        "A spot of one pixel maps bright and dark subregions of a simple cell; rates below the blank's "
        "need a maintained discharge.",
        "fields:spots",
        near("highest", "Highest rate (independent computation)", 4.08, " spikes/s"),
        near("lowest", "Lowest rate (independent computation)", 0.77, " spikes/s"),
        _least("maintained", "Blank's rate less the lowest, with β", 0.5),
        _most("without", "Blank's rate less the lowest, without β", 1e-6),
    ),
    _row(
        29, "24", "noise-map", "Receptive field mapped with white noise",
        "Reverse correlation with white noise finds a field like a Gabor, as wide in tuning as the filter.",
        "fields:noise",
        near("orientation", "Orientation width of the field found", 42.6, "°", 0.1),
        near("frequency", "Frequency width of the field found", 1.53, " octaves", 0.1),
        _most("orientation-filter", "Orientation width: distance from the filter's own, relative", 0.05),
        _most("frequency-filter", "Frequency width: distance from the filter's own, relative", 0.05),
        _least("gabor", "Correlation of the field found with the cell's filter", 0.9),
        _most("form", "Pool as a quadratic form against the filter bank, 100 frames, relative", 1e-3),
    ),
    _row(
        30, "25", "bar-map", "Bar maps and gratings",
        "A frequency tuning derived from responses to bars is wider than that measured with gratings.",
        "fields:bars",
        _least("wider", "Width derived from bars, relative to that measured with gratings", 1.1),
    ),
    _row(
        0, "16", "mask-frequency-shift", "Mask frequency, with a pool that is shifted",
        "Dips an octave away from the preferred frequency need a pool that prefers other frequencies "
        "than the cell (δ).",
        "masks:shifted",
        _least("octave", "Distance of the dip from 2 cycles/degree, octaves", 0.9),
        pool_shift=1.0,
    ),
    _row(
        0, "", "shifted-pool", "A pool that prefers lower frequencies",
        "Where the pool prefers a frequency an octave below the cell's, the cell's own preference moves up: "
        "it responds best where the pool is weaker.",
        "beyond:shifted_pool",
        near("preferred", f"Preferred frequency at 15 % with {in_words(SHIFTED)}", 2.46, " cycles/°"),
        _least("moves", "Preferred frequency, relative to that of a pool that is not shifted", 1.05),
    ),
    _row(
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
    _row(
        0, "", "shared-cause", "A prediction across phenomena: the maintained discharge",
        "Rates below the blank's (28) and wider tuning at low contrast (18) need a large β. Supersaturation "
        "(8) comes with a large β too, or without any where the pool's exponent is larger than the drive's. "
        "So a cell that shows one of the first two should show all three, while one that only supersaturates "
        "has nd > nn.",
        "beyond:shared_cause",
        _least("below", "β = 0.02: blank's rate less the lowest in a map with spots", 0.5),
        _least("turns", "β = 0.02: what is lost between the largest response and contrast 1", 5e-3),
        _least("widens", "β = 0.02: frequency width at 5 %, relative to 80 %", 1.1),
        _most("none-below", "β = 0: blank's rate less the lowest", 1e-6),
        _most("none-turns", "β = 0: what is lost between the largest response and contrast 1", 1e-3),
        _most("none-widens", "β = 0: frequency width at 5 %, relative to 80 %", 1.0),
        _least("exponents-turn", f"β = 0, nd = {STEEPER:g}: lost from largest response to contrast 1", 5e-3),
        _most("exponents-widens", f"β = 0, nd = {STEEPER:g}: frequency width at 5 %, relative to 80 %", 1.0),
    ),
    _row(
        0, "", "patch-frequency", "A known failure: preferred frequency and patch size",
        "In cells, a smaller patch raises the preferred frequency (Osaki et al. 2011). The paper says that "
        "the model does not.",
        "beyond:patch_frequency",
        _least("rises", "Preferred frequency with a patch of 0.4°, relative to 2°", 1.1),
    ),
    _row(
        0, "", "photographs", "From cortex to network: photographs through the front end",
        "What division gives a network: responses that hardly depend on the contrast of the image, with "
        "activity spread more evenly.",
        "frontend:measure",
        _most("half", "Change of the responses when contrast is halved, relative", 0.35),
        _most("tenth", "The same at a tenth of the contrast, after relative to before division", 0.9),
        _most("even", "Share of the most active hundredth of units, after relative to before", 0.7),
    ),
)  # fmt: skip

MEMBERS: Mapping[str, Phenomenon] = {row.name: row for row in _ROWS}
