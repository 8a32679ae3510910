"""Tuning for orientation and spatial frequency. Needs no torch."""

from normlab.lab.cortex.phenomenon import Phenomenon, least, most, row
from normlab.lab.family import near

TUNING: tuple[Phenomenon, ...] = (
    row(
        13, "2", "orientation-tuning", "Orientation tuning",
        "The response peaks at the preferred orientation and is tuned more narrowly than the filter.",
        "tuning:orientation",
        near("width", "Full width at half height, large grating", 31.8, "°"),
        most("at-preference", "Distance of the peak from 0°", 3.0),
        most("narrower", "Width of the tuning, relative to the filter's", 0.9),
    ),
    row(
        14, "2", "frequency-tuning", "Spatial-frequency tuning",
        "The response peaks at the preferred frequency and is tuned more narrowly than the filter.",
        "tuning:frequency",
        near("width", "Full width at half height, large grating", 1.11, " octaves"),
        most("at-preference", "Distance of the peak from 2 cycles/degree, octaves", 0.15),
        most("narrower", "Width of the tuning, relative to the filter's", 0.9),
    ),
    row(
        15, "13", "orientation-diameter", "Orientation tuning and diameter",
        "A larger patch narrows the tuning for orientation.",
        "tuning:orientation_by_diameter",
        near("small", "Width at 0.81° (independent computation)", 46.2, "°"),
        near("large", "Width at 1.62° (independent computation)", 31.7, "°"),
        most("narrows", "Width at 1.62°, relative to 0.81°", 0.9),
    ),
    row(
        16, "13", "frequency-diameter", "Spatial-frequency tuning and diameter",
        "A larger patch narrows the tuning for spatial frequency.",
        "tuning:frequency_by_diameter",
        near("small", "Width at 0.81° (independent computation)", 1.73, " octaves"),
        near("large", "Width at 1.62° (independent computation)", 1.16, " octaves"),
        most("narrows", "Width at 1.62°, relative to 0.81°", 0.9),
    ),
    row(
        17, "14", "orientation-contrast", "Orientation tuning and contrast",
        "The width of the tuning for orientation hardly depends on contrast.",
        "tuning:orientation_by_contrast",
        near("low", "Width at 5 % (independent computation)", 36.1, "°"),
        near("high", "Width at 80 % (independent computation)", 31.5, "°"),
        most("constant", "Widest of 5 to 80 %, relative to the narrowest", 1.2),
    ),
    row(
        18, "14", "frequency-contrast", "Spatial-frequency tuning and contrast",
        "The tuning for spatial frequency narrows at low contrast. The standard set widens it.",
        "tuning:frequency_by_contrast",
        most("narrows", "Width at 10 %, relative to 80 %", 0.98),
        pool_orientation=40.0, pool_frequency=1.0,
    ),
    row(
        19, "15", "square-tuning", "Square gratings and the third harmonic",
        "Tuning for square gratings has a second peak at a third of the preferred frequency.",
        "square:tuning",
        most("place", "Distance of a second peak from a third of 2 cycles/degree, octaves", 0.15),
        least("height", "Height of the second peak, relative to the first", 0.5),
        filter_frequency=0.8, pool_frequency=0.4,
    ),
    row(
        20, "15", "square-contrast", "Contrast response to square gratings",
        "The contrast response to square gratings lies to the left of that to sinusoidal ones.",
        "square:contrast",
        most("left", "Half-contrast of square gratings, relative to sinusoidal", 0.9),
        filter_frequency=0.8, pool_frequency=0.4,
    ),
)  # fmt: skip
