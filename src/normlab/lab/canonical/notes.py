"""Why each experiment of the family matters, and what it does not show. Needs no torch."""

from collections.abc import Mapping

NOTES: Mapping[str, tuple[str, str]] = {  # name → why it matters, what it does not show
    "saturation": (
        "A cell that saturates by itself loses the orientation of a strong stimulus. A cell that is divided "
        "by its neighbours keeps it at every contrast.",
        "The sessions are simulated, so that the fit is tested and not the cortex. Cells whose c50 differs "
        "between orientations exist.",
    ),
    "retina": (
        "Light outside changes by a factor of a million within a day, and a cell has about a hundred "
        "levels. Adaptation decides what those levels are used for.",
        "Adaptation here is immediate. In the retina it takes time, and it has several stages.",
    ),
    "fly": (
        "An odour should be recognised when it is weak and when it is strong. Division by the activity of "
        "all receptors makes the two alike.",
        "The odours are made up. Time, single synapses and behaviour are left out.",
    ),
    "gratings": (
        "One equation explains two results that look opposite: the population averages equal stimuli, and "
        "the stronger of two unequal ones wins.",
        "The population is one of identical cells without noise; recordings scatter about the equation.",
    ),
    "attention": (
        "Experiments disagreed on whether attention multiplies responses or acts as more contrast. The model "
        "says that both are right, for different sizes of stimulus and attention.",
        "The published model is compared with ours, not with recordings. Where attention comes from is left "
        "out.",
    ),
    "redundancy": (
        "Filters of natural images depend on each other although they are uncorrelated. Taking that away is "
        "one reason for division, and it is what image compression uses.",
        "Twelve filters, photographs of one collection and three kinds of pairs. A dependence that is left "
        "may be of another kind than the one measured.",
    ),
    "mixture": (
        "On photographs nobody knows the true dependence. Here it is known, so that the division can be "
        "tested exactly.",
        "Natural images are not exactly such a mixture: their shared scale changes from place to place.",
    ),
    "lateral": (
        "Libraries agree on the name of local response normalisation and not on its α. Weights that are "
        "moved between them give other numbers, without an error.",
        "Settings are compared, not accuracies of trained networks.",
    ),
}
