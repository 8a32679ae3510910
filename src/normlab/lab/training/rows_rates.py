"""Inputs, learning rates, first weights: claims and what was expected of them. Needs no torch."""

from normlab.lab.experiment import Claim
from normlab.lab.training.experiment import TrainingExperiment

HERE = "normlab.lab.training"
IOFFE = "Ioffe & Szegedy 2015 (arXiv:1502.03167)"

RATES = (
    TrainingExperiment(
        "inputs",
        "Normalised inputs",
        "Normalised data are numerically easier, and are learned from faster.",
        f"{HERE}.inputs:measure",
        (
            Claim(
                "condition",
                "Condition number of raw over standardised inputs, decades (1 is ten times)",
                1.0,
                ">=",
            ),
            Claim(
                "descent", "Steps of gradient descent, raw over standardised, decades", 1.0, ">="
            ),
            Claim("also.adam", "Steps of Adam, raw over standardised, decades", 0.3, ">="),
        ),
        extra="training",
        cells=f"{HERE}.inputs:cells",
        expectation="LeCun, Bottou, Orr & Müller 1998 (Efficient BackProp): the steps of gradient descent "
        "grow with the condition number of the inputs. Adam gives each weight its own rate, which corrects "
        "differences of scale between features but not their means: it should profit less.",
        predict="How many times as many steps does gradient descent take if one feature is a thousand "
        "times as large as another? And Adam?",
        limits="Softmax regression is convex and has no hidden layer: nothing is said of deep "
        "networks, or of test accuracy.",
        change="Features that have the same scale and mean 0 already, or are collinear whatever their scale.",
    ),
    TrainingExperiment(
        "learning-rate",
        "Higher learning rates",
        "Batch normalisation allows higher learning rates.",
        f"{HERE}.rates:measure",
        (
            Claim(
                "batch",
                "Largest stable rate with batch norm over that without, decades (0.30 is twice)",
                0.3,
                ">=",
            ),
            Claim(
                "accuracy",
                "Best mean accuracy over the rates, batch norm − none",
                0.0,
                ">=",
            ),
            Claim(
                "also.own",
                "It is batch norm's own: its largest stable rate over that of layer norm, decades",
                0.0,
                ">=",
            ),
        ),
        extra="training",
        cells=f"{HERE}.rates:cells",
        expectation=f"{IOFFE} train Inception with 30 times the rate; in networks this small and well "
        "initialised, a few times the rate. Layer and RMS norm should do likewise, since they too make the "
        "output independent of the size of the weights.",
        predict="At which rate does the loss of a plain network of five layers become infinite, and "
        "at which that of one with batch norm?",
        limits="A higher rate that is stable need not be a better one. One width, depth, optimiser "
        "and data set; a rate is known to a step of the grid.",
        change="A loss that diverges with batch norm at rates that are stable without, or a plain network "
        "that bears the same rates; deeper networks and poorer first weights favour batch norm more.",
    ),
    TrainingExperiment(
        "initialisation",
        "Sensitivity to the first weights",
        "Batch normalisation reduces the sensitivity to initialisation.",
        f"{HERE}.initialisation:measure",
        (
            Claim(
                "batch",
                "Decades of scale at which training works, batch norm − none",
                1.0,
                ">=",
            ),
            Claim(
                "also.small",
                "Accuracy at the smallest scale, batch norm − none",
                0.1,
                ">=",
            ),
            Claim(
                "also.large",
                "Accuracy at the largest scale, relative to the right one (×1), batch norm",
                0.9,
                ">=",
            ),
        ),
        extra="training",
        cells=f"{HERE}.initialisation:cells",
        expectation=f"{IOFFE}: a layer's output does not depend on the size of its weights. But its gradient "
        "does, by one over that size: after too large first weights the steps are too small. So the range "
        "should be wider by a decade or more, and not without end.",
        predict="The first weights are a hundred times too large: which of the two networks still "
        "learns, and why does the other not?",
        limits="The rate is the same at every scale. A network that fails here might work at a rate "
        "of its own.",
        change="Another learning rate moves the upper end; an optimiser whose steps do not depend on the "
        "gradient's size (Adam) has another one.",
    ),
)
