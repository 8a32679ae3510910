"""The experiments of the family as rows: what was published, and the claims, before anything is run."""

from normlab.lab.experiment import Claim
from normlab.lab.family import Member


def _member(name: str, title: str, signature: str, *claims: Claim) -> Member:
    place = f"normlab.lab.canonical.{name}:measure"
    extra = "photographs" if name in ("retina", "redundancy") else ""
    return Member(name, title, signature, place, claims, extra=extra)


SATURATION = _member(
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

RETINA = _member(
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

FLY = _member(
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

GRATINGS = _member(
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

ATTENTION = _member(
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

REDUNDANCY = _member(
    "redundancy",
    "Redundancy reduction on photographs",
    "Responses of linear filters to natural images are not independent: the spread of one grows with the "
    "size of the other, a bow tie. Divided by a weighted pool of neighbours they are nearly independent "
    "and Gaussian (Schwartz & Simoncelli 2001); a badly chosen pool makes it worse (Lyu 2011).",
    Claim(
        "bow_tie",
        "On photographs the spread of a filter's response grows with the size of its partner: ratio, largest "
        "to smallest tenth",
        2.0,
        ">=",
    ),
    Claim(
        "flat",
        "Divided by a pool of neighbours it does not: the same ratio",
        1.3,
        "<=",
    ),
    Claim(
        "heavy", "Filters' responses to photographs have heavy tails: excess kurtosis", 3.0, ">="
    ),
    Claim(
        "gaussian",
        "Divided by a pool of neighbours they are nearly Gaussian: excess kurtosis",
        2.0,
        "<=",
    ),
    Claim(
        "information",
        "Divided by pools of neighbours two responses share less: fall of their mutual information, bits, "
        "mean of three kinds of pair",
        0.05,
        ">=",
    ),
    Claim(
        "pair_alone",
        "Divided by the two of them alone they share more: rise of their mutual information, bits",
        0.1,
        ">=",
    ),
    Claim(
        "other_photograph",
        "Divided by what another photograph has at their place they share more: rise, bits",
        0.01,
        ">=",
    ),
)

MIXTURE = _member(
    "mixture",
    "The exact test: a Gaussian scale mixture",
    "Where all responses share one random scale, x = √z·u, division by a pool of them with σ = 0 and n = 2 "
    "takes z out exactly and leaves Student's t (algebra; Wainwright & Simoncelli 2000 for the mixture).",
    Claim(
        "dependent",
        "Two responses of a Gaussian scale mixture are dependent: correlation of their squares",
        0.1,
        ">=",
    ),
    Claim(
        "cancels",
        "Divided with σ = 0 they do not know the scale z: largest relative change with it, float64",
        1e-13,
        "<=",
    ),
    Claim(
        "student",
        "A response so divided follows Student's t with the pool's size as its degrees of freedom: √N × "
        "Kolmogorov–Smirnov distance, 1.63 being the 1 % point",
        1.63,
        "<=",
    ),
    Claim(
        "independent",
        "Divided by pools of their own, the two responses are independent: mutual information, bits",
        0.005,
        "<=",
    ),
    Claim(
        "sigma_keeps",
        "With σ = 1 the scale z does not cancel: r.m.s. of what it changes, relative to the output",
        0.1,
        ">=",
    ),
    Claim(
        "degree",
        "What any row leaves of z is z to half its degree m − n·p: largest distance of the exponents",
        1e-9,
        "<=",
    ),
)

LATERAL = _member(
    "lateral",
    "Lateral inhibition, and the α of six readings",
    "Local response normalisation is lateral inhibition between channels (Krizhevsky, Sutskever & Hinton "
    "2012, section 3.3); its α means two things in print and in the frameworks.",
    Claim(
        "same",
        "Local response normalisation is the divisive row with a window of channels: largest relative "
        "difference, float64",
        1e-12,
        "<=",
    ),
    Claim(
        "inhibits",
        "In it every channel within the window inhibits: largest ∂ ln y / ∂ ln x of another channel",
        -1e-4,
        "<=",
    ),
    Claim("reach", "No channel beyond the window does anything: largest size of it", 1e-15, "<="),
    Claim(
        "overshoot",
        "Beside an edge between channels the loud side overshoots its plateau: ratio",
        1.05,
        ">=",
    ),
    Claim(
        "undershoot",
        "Beside such an edge the quiet side falls below its plateau: ratio",
        0.95,
        "<=",
    ),
    Claim(
        "literal",
        "The paper's four numbers typed as printed are not one layer everywhere: largest relative "
        "difference of two outputs",
        0.1,
        ">=",
    ),
    Claim(
        "fifth",
        "Where frameworks differ, the α that acts is too small by the size, 5: relative distance of the "
        "factor",
        1e-9,
        "<=",
    ),
    Claim(
        "converted",
        "With α converted by the table of conventions all frameworks give the paper's layer: largest "
        "relative difference, float64",
        1e-12,
        "<=",
    ),
)

MEMBERS = {
    member.name: member
    for member in (SATURATION, RETINA, FLY, GRATINGS, ATTENTION, REDUNDANCY, MIXTURE, LATERAL)
}
