"""Natural images and networks: claims, before anything is run. Needs no torch."""

from normlab.lab.canonical.rows import member
from normlab.lab.experiment import Claim

REDUNDANCY = member(
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

MIXTURE = member(
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

LATERAL = member(
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
