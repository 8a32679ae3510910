"""Light, odours, gratings and attention: claims, before anything is run. Needs no torch."""

from normlab.lab.canonical.rows import member
from normlab.lab.experiment import Claim

SATURATION = member(
    "saturation",
    "Contrast saturation",
    "The response to contrast saturates; its half-point c50 belongs to the population, not to the cell, "
    "so a grating that is not preferred lowers the curve and a mask shifts it (Albrecht & Hamilton 1982; "
    "Heeger 1992; Carandini & Heeger 2012, eq. 10).",
    Claim(
        "steepest",
        "On a linear axis the response to contrast is steepest at 15.1 %: distance from it, in % contrast",
        0.05,
        "<=",
    ),
    Claim(
        "slope",
        "On a logarithmic axis its slope at c50 is n/4 of rmax for each unit of ln c: relative distance",
        1e-6,
        "<=",
    ),
    Claim(
        "covers",
        "The fit's 95 % interval holds the true c50 in 95 % of simulated sessions: distance of the share",
        0.06,
        "<=",
    ),
    Claim(
        "shared",
        "Divided by the population, a cell has one c50 for gratings at 0, 15 and 30° from the one it "
        "prefers: largest ratio of two",
        1.05,
        "<=",
    ),
    Claim(
        "alone",
        "Divided by itself alone, a cell would have a c50 for each of them: the same ratio",
        1.5,
        ">=",
    ),
    Claim(
        "shift",
        "An orthogonal mask of contrast m moves c50 to (c50ⁿ + mⁿ)^(1/n) and leaves rmax: largest "
        "relative distance of the two",
        0.01,
        "<=",
    ),
)

RETINA = member(
    "retina",
    "Light adaptation in the retina",
    "A receptor is divided by the mean light around it: its curve shifts along the logarithmic axis with "
    "the background, and what it signals is contrast around the mean, not light (Carandini & Heeger 2012).",
    Claim(
        "weber",
        "On bright backgrounds the flash of half the response follows the background: distance of the "
        "log-log slope from 1",
        0.05,
        "<=",
    ),
    Claim(
        "dark",
        "On dim backgrounds that flash stays: at a tenth of the dark light, relative to darkness",
        1.2,
        "<=",
    ),
    Claim(
        "shift",
        "The response to flashes moves with the background and keeps its shape: largest change of n",
        0.01,
        "<=",
    ),
    Claim(
        "invariant",
        "When the light on a photograph falls a hundredfold, the response of a pixel changes little: "
        "median relative change, mean over photographs",
        0.1,
        "<=",
    ),
    Claim(
        "contrast",
        "Responses to photographs follow c/4 around the local mean: distance of the slope from ¼",
        0.025,
        "<=",
    ),
    Claim(
        "shadow",
        "A shadow of three decades across a photograph shows less in the responses when the mean is local "
        "than when it is the scene's: gain in correlation with the responses in even light",
        0.2,
        ">=",
    ),
)

FLY = member(
    "fly",
    "Olfaction in the fly",
    "The curve of a projection neuron moves to the right with the total rate of all receptors, and keeps "
    "its height (Olsen, Bhandawat & Wilson 2010).",
    Claim(
        "half_points",
        "Half-points of a projection neuron are 12.0, 33.0 and 59.6 spikes/s at ΣORN 0, 500 and 1000: "
        "largest distance",
        0.05,
        "<=",
    ),
    Claim(
        "input_gain",
        "Its height stays whatever all receptors do: largest relative change of rmax",
        0.01,
        "<=",
    ),
    Claim(
        "kept",
        "An odour ten times stronger keeps its pattern better with the lateral input than without it: gain "
        "in correlation over glomeruli, mean over made-up odours",
        0.02,
        ">=",
    ),
    Claim(
        "apart",
        "Two strong odours evoke less similar patterns with the lateral input: fall of their cosine",
        0.05,
        ">=",
    ),
    Claim(
        "balanced",
        "The total of the projection neurons hardly grows with an odour ten times stronger: ratio",
        1.5,
        "<=",
    ),
)

GRATINGS = member(
    "gratings",
    "Two gratings: average, or winner takes all",
    "The population response to two gratings is a weighted sum of the responses to each: equal weights "
    "for similar contrasts, and all of it for the stronger when they differ (Busse, Wade & Carandini 2009).",
    Claim(
        "average",
        "Two gratings of 50 % average rather than add: weight of each (a sum would be 1, an average ½)",
        0.7,
        "<=",
    ),
    Claim(
        "strong_stays",
        "Beside one of 12 %, a grating of 50 % keeps its response: weight",
        0.85,
        ">=",
    ),
    Claim("weak_loses", "The grating of 12 % loses most of its own: weight", 0.35, "<="),
    Claim(
        "explained",
        "The response to two gratings is a weighted sum of those to each: variance over cells that it leaves",
        0.01,
        "<=",
    ),
    Claim(
        "needs_pool",
        "Were each cell divided by itself alone, the grating of 12 % would keep its response: weight",
        0.7,
        ">=",
    ),
)

ATTENTION = member(
    "attention",
    "Attention",
    "Attention multiplies the drive before the division: a wide field over a small grating acts as a gain "
    "on contrast, a narrow field over a large one as a gain on the response (Reynolds & Heeger 2009).",
    Claim(
        "contrast_gain_numbers",
        "Attention in a wide field around a small grating: attended over unattended is 1.99, "
        "1.57, 1.01 at contrasts 1e-5, 1e-3, 1: largest distance",
        0.01,
        "<=",
    ),
    Claim(
        "contrast_gain",
        "In a wide field attention is a gain on contrast: share of ln c50 in the two fitted gains",
        0.9,
        ">=",
    ),
    Claim(
        "rmax_stays",
        "In a wide field attention leaves the response at saturation: ratio of rmax",
        1.05,
        "<=",
    ),
    Claim(
        "response_gain_numbers",
        "Attention in a narrow field within a large grating: the same is 2.00, 1.72, 1.42: largest distance",
        0.01,
        "<=",
    ),
    Claim(
        "response_gain",
        "In a narrow field attention raises the response at saturation: ratio of rmax",
        1.3,
        ">=",
    ),
)
