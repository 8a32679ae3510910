"""The chapter's parts in their order, and what each claims, before anything is run. Needs no torch."""

from dataclasses import dataclass

from normlab.lab.experiment import Claim
from normlab.lab.family import Member

EASIER = Claim(
    "inputs.easier",
    "Gradient descent needs fewer steps on standardised inputs: ratio of steps, standardised to raw",
    1.0,
    "<=",
)
HALF = Claim(
    "brain.half",
    "At a contrast of σ the response is half of its maximum: distance from ½",
    1e-12,
    "<=",
)
SUPPRESSED = Claim(
    "brain.suppressed",
    "A strong neighbour suppresses: response with it, relative to the response alone",
    0.9,
    "<=",
)
SAME = Claim(
    "response.same",
    "The equation is torch.nn.LocalResponseNorm: largest difference, relative to the output, float64",
    1e-12,
    "<=",
)
INHIBITED = Claim(
    "response.inhibited",
    "A strong channel inhibits its neighbours: their output relative to that of far channels",
    0.5,
    "<=",
)
BESSEL = Claim(
    "after.bessel",
    "The standard deviation after is √(n/(n − 1)) times the layer's √(var/(var + ε)): largest "
    "relative difference",
    1e-4,
    "<=",
)
HAND_EQUAL = Claim(
    "hand.equal",
    "By hand, by the layer's own formula, equals the layer: largest difference of an element in units "
    "of its rounding tolerance",
    1.0,
    "<=",
)
SLIP = Claim(
    "std_plus_eps.equal",
    "The chapter's form, std + ε, equals the layer: largest difference of an element in units of its "
    "rounding tolerance, in float64",
    1.0,
    "<=",
)
BACKWARD_EQUAL = Claim(
    "backward.equal",
    "The gradient by hand is autograd's: largest difference in units of the rounding of its terms, "
    "float64",
    16.0,
    "<=",
)
SETTLED = Claim(
    "running.settled",
    "After the epochs the running mean lies within 4 standard errors of the data's mean (largest over "
    "the features, in standard errors of a running mean)",
    4.0,
    "<=",
)
BOUNDED = Claim(
    "outlier.bounded",
    "No outlier leaves √(batch size − 1): the largest output over that bound",
    1.0 + 1e-12,  # it is reached as eps → 0, and then rounding decides
    "<=",
)
ROOT = Claim(
    "size.root",
    "The batch mean's noise is 1/√(batch size): largest departure over the sizes, in standard errors",
    4.0,
    "<=",
)
ALONE = Claim(
    "single.same",
    "A sample alone is normalised as in its batch: largest difference in units of the rounding of y",
    16.0,
    "<=",
)


@dataclass(frozen=True)
class Part(Member):
    """A part of the chapter, as a section of its report; what is measured is "module:function" of a `Setup`.

    It judges those of its claims that the normaliser and the data have: one without running statistics
    cannot settle. A part may claim nothing, and names of numbers and claims are those of the chapter.
    """

    def __post_init__(self) -> None:
        self._check_names()

    def full(self, name: str) -> str:
        return name


def _part(name: str, title: str, signature: str, *claims: Claim) -> Part:
    return Part(name, title, signature, f"normlab.lab.chapter.{name}:section", claims)


_PARTS = (
    _part(
        "what",
        "What normalisation is",
        "Data on a common scale, and why descent on them is easier.",
        EASIER,
    ),
    _part(
        "brain",
        "In the brain: divisive normalisation",
        "A neuron's response, divided by what its neighbours do.",
        HALF,
        SUPPRESSED,
    ),
    _part(
        "response",
        "In AlexNet: local response normalisation",
        "A channel, divided by the activity of its neighbours.",
        SAME,
        INHIBITED,
    ),
    _part(
        "normalise",
        "Step by step: the layer, and the same by hand",
        "The layer on the data in batches, then by hand, compared element by element.",
        BESSEL,
        HAND_EQUAL,
        SLIP,
    ),
    _part(
        "backward",
        "The way back, by hand",
        "How one point's gradient depends on all that it is pooled with.",
        BACKWARD_EQUAL,
    ),
    _part(
        "further",
        "Going on: in training and in evaluation, small batches, outliers",
        "Running statistics, weight and bias, batch size and outliers.",
        SETTLED,
        ROOT,
        BOUNDED,
        ALONE,
    ),
    _part(
        "claims",
        "What the chapter claims of batch normalisation",
        "Each claim as it was tested, with the verdict, and what the literature says.",
    ),
    _part(
        "relatives",
        "Relatives: the other rows of the table",
        "The same points through the other rows of the table.",
    ),
    _part(
        "discussion",
        "Discussion",
        "The chapter's closing discussion, and where to go on.",
    ),
)
MEMBERS: dict[str, Part] = {part.name: part for part in _PARTS}
