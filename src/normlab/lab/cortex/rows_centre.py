"""Size and contrast: gratings that grow, and that become stronger. Needs no torch."""

from normlab.lab.cortex.phenomenon import STEEPER, Phenomenon, least, most, row
from normlab.lab.family import near

CENTRE: tuple[Phenomenon, ...] = (
    row(
        1, "5", "size-tuning", "Size tuning",
        "As a grating grows, the response rises, peaks, falls and levels off.",
        "size:tuning",
        near("diameter", "Diameter of the largest response (the measured receptive field)", 0.81, "°"),
        near("peak", "Largest response (independent computation)", 95.2, " spikes/s"),
        near("plateau", "Response to the largest grating", 41.2, " spikes/s"),
        most("rises", "Response to the smallest grating, relative to the peak", 0.5),
        most("falls", "Response to the largest grating, relative to the peak", 0.8),
        most("level", "What the last degree of growth still changes, relative to the peak", 0.05),
    ),
    row(
        2, "6", "size-contrast", "Size tuning and contrast",
        "The diameter of the largest response grows as contrast falls.",
        "size:by_contrast",
        near("half", "Peak diameter at 50 % (independent computation)", 0.81, "°"),
        near("quarter", "Peak diameter at 25 % (independent computation)", 0.90, "°"),
        near("eighth", "Peak diameter at 12 % (independent computation)", 1.08, "°"),
        least("grows", "Peak diameter at 12 %, relative to 100 %", 1.2),
    ),
    row(
        3, "7", "size-orientation", "Size tuning and orientation",
        "With a grating turned to half height (15.9°) the diameter of the largest response shrinks.",
        "size:by_orientation",
        near("turned", "Peak diameter at 15.9° (independent computation)", 0.63, "°"),
        most("shrinks", "Peak diameter at 15.9°, relative to 0°", 0.9),
    ),
    row(
        4, "8", "size-frequency", "Size tuning and spatial frequency",
        "With a grating of half-height frequency (−0.21 and 1.52 octaves re 1 cycle/degree) it shrinks on "
        "both sides; in cells the low side is unclear.",
        "size:by_frequency",
        near("low", "Peak diameter at −0.21 octaves (independent computation)", 0.36, "°"),
        near("high", "Peak diameter at 1.52 octaves (independent computation)", 0.63, "°"),
        most("low-shrinks", "Peak diameter at −0.21 octaves, relative to 1 octave", 0.9),
        most("high-shrinks", "Peak diameter at 1.52 octaves, relative to 1 octave", 0.9),
    ),
    row(
        5, "9", "hole", "A hole in the grating",
        "As a hole in a large grating grows, the response falls steadily to about the spontaneous rate.",
        "size:hole",
        most("steady", "Largest rise before the lowest rate, relative to the first rate", 0.01),
        most("spontaneous", "Lowest rate: distance from the blank's, relative to the first rate", 0.05),
        most("half", "Rate with a hole of the receptive field's size, relative to no hole", 0.25),
    ),
    row(
        6, "9", "hole-contrast", "A hole, at four contrasts",
        "The curves of four contrasts have nearly the same shape.",
        "size:hole_by_contrast",
        most("invariant", "Largest difference between two of the curves, each relative to its first", 0.1),
    ),
    row(
        7, "3, 10", "contrast-response", "Contrast response",
        "The response to the preferred grating is a sigmoid on a log axis of contrast.",
        "contrast:response",
        near("steepest", "Contrast of the steepest slope (independent computation)", 0.082),
        near("steepest-octaves", "The same from contrasts an octave apart (the paper)", 0.09),
        most("foot", "Rise over the lowest octave, relative to the steepest octave's", 0.2),
        most("shoulder", "Rise over the highest octave, relative to the steepest octave's", 0.2),
    ),
    row(
        8, "10", "supersaturation", "Supersaturation",
        "At high contrast the contrast response turns down.",
        "contrast:supersaturation",
        least("turns", "What is lost between the largest response and contrast 1, relative", 0.05),
        pool_exponent=STEEPER, maintained=0.0, maximum=30.0,
    ),
    row(
        9, "11", "noise", "Noise added to the grating",
        "Binary noise added to a patch lowers the response to gratings of 12 % and more, and raises that "
        "to the weakest.",
        "contrast:noise",
        least("raises", "Response to noise alone, relative to the blank's", 1.5),
        most("lowers-12", "Response at 12 % with noise, relative to without", 1.0),
        most("lowers-50", "Response at 50 % with noise, relative to without", 1.0),
    ),
    row(
        10, "3", "contrast-orientation", "Contrast response and orientation",
        "Turning the grating scales the contrast response; the contrast of half the response stays.",
        "contrast:by_orientation",
        near("half-0", "Half-contrast at 0° (independent computation)", 0.153),
        near("half-15", "Half-contrast at 15° (independent computation)", 0.155),
        near("half-30", "Half-contrast at 30° (independent computation)", 0.150),
        most("scaled", "Largest distance from the best multiple of the curve at 0°, of its peak", 0.05),
    ),
    row(
        11, "3", "contrast-frequency", "Contrast response and spatial frequency",
        "Another spatial frequency scales the contrast response down.",
        "contrast:by_frequency",
        most("down", "Largest response at other frequencies, relative to the preferred", 0.9),
        most("scaled", "Largest distance from the best multiple of the preferred curve, of its peak", 0.1),
    ),
    row(
        12, "12", "contrast-diameter", "Contrast response and diameter",
        "With the diameter the maximum rises up to 0.8° and then falls; gratings of 1.6° and more "
        "supersaturate. Never tested in cortex: a prediction.",
        "contrast:by_diameter",
        near("largest", "Diameter of the largest maximum", 0.81, "°"),
        most("falls", "Maximum at 4.8°, relative to that at 0.81°", 0.8),
        least("saturates", "What 1.6° and more lose from maximum to contrast 1: the least of them", 1e-3),
        most("only-large", "The same at 0.2 to 0.81°: the most of them", 1e-3),
    ),
)  # fmt: skip
