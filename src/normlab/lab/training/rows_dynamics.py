"""Speed, regularisation, smoothness and covariate shift: claims and expectations. Needs no torch."""

from normlab.lab.experiment import Claim
from normlab.lab.training.experiment import TrainingExperiment
from normlab.lab.training.rows_rates import HERE, IOFFE

SANTURKAR = "Santurkar et al. 2018 (arXiv:1805.11604)"

DYNAMICS = (
    TrainingExperiment(
        "faster",
        "Faster and steadier",
        "With batch normalisation training is faster, and a unit's inputs stay steadier.",
        f"{HERE}.faster:measure",
        (
            Claim(
                "faster",
                "Steps to learn at the same rate, none over batch norm, decades (0.30 is twice as fast)",
                0.3,
                ">=",
            ),
            Claim("accuracy", "Last test accuracy, batch norm − none", -0.01, ">="),
            Claim(
                "steadier",
                "How far the median input of a sigmoid moves, in widths of its distribution, batch norm "
                "over none, decades",
                -0.1,
                "<=",
            ),
            Claim(
                "also.tuned",
                "Steps to learn, each at its own best rate, none over batch norm, decades",
                0.3,
                ">=",
            ),
        ),
        extra="training",
        cells=f"{HERE}.faster:cells",
        expectation=f"{IOFFE}, section 4.1, figure 1: on MNIST the network with batch norm is faster and "
        "more accurate, and its inputs hardly move. Small first weights and sigmoids make a plain network "
        "slow to begin, so this set-up favours batch norm.",
        predict="Small first weights before sigmoids: what does the plain network do for its first "
        "hundred steps?",
        limits="Steps are counted, not seconds, and a step with batch norm costs more. The set-up is "
        "the paper's, which favours batch norm.",
        change="First weights that suit the sigmoid, or rectified units, make the plain network quicker; so "
        "does a rate of its own, which the last claim allows.",
    ),
    TrainingExperiment(
        "regulariser",
        "Acts as a regulariser",
        "Batch normalisation acts as a regulariser, and sometimes replaces dropout.",
        f"{HERE}.regulariser:measure",
        (
            Claim("gap", "Test loss − training loss, batch norm − neither, nats", 0.0, "<="),
            Claim("accuracy", "Test accuracy, batch norm − neither", 0.0, ">="),
            Claim(
                "replaces",
                "What dropout adds to the test accuracy, with batch norm − without",
                0.0,
                "<=",
            ),
            Claim(
                "also.small",
                "The effect of batch norm on the gap, at batches of 8 − at batches of 128, nats",
                0.0,
                "<=",
            ),
        ),
        extra="training",
        cells=f"{HERE}.regulariser:cells",
        expectation=f"{IOFFE}, section 3.4: an example is seen with the others of its batch, whose moments "
        "are noise to it; dropout could be left out of Inception. The noise grows as batches become "
        "smaller. On few examples, dropout at 1/2 is the stronger of the two.",
        predict="Which of the two narrows the gap between test and training loss more, batch norm or "
        "dropout of one half?",
        limits="One small set of 400 examples and a fixed number of epochs: not how the two compare "
        "when each is tuned.",
        change="More epochs: a network that learns faster overfits sooner, so that batch norm may widen the "
        "gap though its noise narrows it. More data, or a smaller network, leaves nothing to regularise.",
    ),
    TrainingExperiment(
        "smoothness",
        "Smoother optimisation",
        "Batch normalisation makes the loss smoother to optimise.",
        f"{HERE}.smoothness:measure",
        (
            Claim(
                "loss_range",
                "Range of the loss along the gradient, batch norm over none, decades",
                -0.1,
                "<=",
            ),
            Claim(
                "predictiveness",
                "Largest change of the gradient along it, batch norm over none, decades",
                -0.1,
                "<=",
            ),
            Claim("beta", "Effective β-smoothness, batch norm over none, decades", -0.1, "<="),
            Claim(
                "also.own",
                "It is batch norm's own: its effective β over that of layer norm, decades",
                -0.1,
                "<=",
            ),
        ),
        extra="training",
        cells=f"{HERE}.smoothness:cells",
        expectation=f"{SANTURKAR}, figure 4: all three are smaller with batch norm in a VGG network on "
        "CIFAR-10. There, other normalisers did likewise.",
        predict="Along the gradient, at the same rate: where does the loss change more, with batch "
        "norm or without?",
        limits="The measures depend on the size of the weights, which normalisation changes: they "
        "describe the path that was taken, not the whole loss.",
        change="A smaller rate, at which the plain network's loss is as good as linear along a step; or a "
        "phase late in training, when a network that has learned has small gradients anyway.",
    ),
    TrainingExperiment(
        "covariate-shift",
        "Internal covariate shift",
        "Batch normalisation works by reducing internal covariate shift.",
        f"{HERE}.covariate:measure",
        (
            Claim(
                "distance",
                "Change of a layer's gradient by the step of the layers below, batch norm over none, "
                "decades (−0.1 is 0.8 times)",
                -0.1,
                "<=",
            ),
            Claim(
                "cosine",
                "Cosine of a layer's gradients before and after that step, batch norm − none",
                0.0,
                ">=",
            ),
            Claim(
                "noise",
                "Noise that moves the inputs more than without batch norm undoes its gain: accuracy over "
                "training with noise − none, beyond half of batch norm's gain",
                0.0,
                "<=",
            ),
        ),
        extra="training",
        cells=f"{HERE}.covariate:cells",
        expectation=f"{SANTURKAR}, figures 2 and 3: batch norm with noise trains nearly as well as without, "
        "and the gradients of its layers change as much as a plain network's or more. So this should not "
        "hold, though it was the reason first given for batch norm.",
        predict="Noise moves the inputs of every layer more than they move without batch norm. How "
        "much of its gain is left?",
        limits="Definition 2.1 of the paper is one way to measure the shift, and noise one way to "
        "bring it back. What batch norm works by instead is not tested.",
        change="Noise that costs batch norm its gain, and gradients that change clearly less with it than "
        "without, in deeper networks too.",
    ),
)
