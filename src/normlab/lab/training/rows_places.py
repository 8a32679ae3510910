"""Evaluation, batch sizes, networks and their relatives in biology: claims. Needs no torch."""

from normlab.lab.experiment import Claim
from normlab.lab.training.trial import Trial

HERE = "normlab.lab.training"

EVALUATION = Trial(
    "evaluation",
    "Training and evaluation",
    "In use, batch normalisation with running statistics does the same as in training.",
    f"{HERE}.evaluation:measure",
    (
        Claim(
            "same",
            "Test accuracy, running statistics against those of all test images: |difference|",
            0.01,
            "<=",
        ),
        Claim(
            "also.batches",
            "Test accuracy, running statistics against those of batches of 32: |difference|",
            0.01,
            "<=",
        ),
        Claim(
            "also.shift",
            "Test images of other brightness or contrast: accuracy with their own statistics − with "
            "running ones",
            0.02,
            "<=",
        ),
        Claim(
            "also.last",
            "Accuracy lost by one more update from 2 examples, momentum 0.9",
            0.02,
            "<=",
        ),
        Claim(
            "also.momentum",
            "Batches of 8: accuracy in evaluation, momentum 0.01 − 0.99",
            0.02,
            "<=",
        ),
    ),
    extra="training",
    cells=f"{HERE}.evaluation:cells",
    expectation="On data like the training data the two agree once the averages have settled. They part "
    "where the running statistics are not those of the data: after a shift of brightness or contrast, "
    "where the statistics of the test data help (Schneider et al. 2020, arXiv:2006.16971; Nado et al. 2020, "
    "arXiv:2006.10963), after an update from few examples, and with batches so small that the average "
    "must be long (Wu & Johnson 2021, arXiv:2105.07576). A momentum of 0.99 in a framework where it is the "
    "share of the old is 0.01 in torch, where it is that of the new.",
    change="Running statistics that are computed anew over the training data after training, or layers "
    "that do the same in training and evaluation (layer, group, RMS norm).",
)

BATCH_SIZE = Trial(
    "batch-size",
    "The size of the batch",
    "Batches of eight are enough for batch normalisation.",
    f"{HERE}.batch_size:measure",
    (
        Claim("eight", "Batch norm: test error at 8 − at 32", 0.01, "<="),
        Claim("also.two", "Batch norm: test error at 2 − at 32", 0.01, "<="),
        Claim("also.group", "Test error at 2, batch norm − group norm", 0.01, "<="),
        Claim("also.steady", "Group norm: test error at 2 − at 32", 0.01, "<="),
    ),
    extra="training",
    cells=f"{HERE}.batch_size:cells",
    expectation="Wu & He 2018 (arXiv:1803.08494, figure 1): in ResNet-50 the error of batch norm rises by a "
    "point from batches of 32 to 8 and by eleven to 2, that of group norm does not. Here a batch of 2 "
    "leaves each unit of a dense layer two values, of which batch norm keeps hardly more than the sign.",
    change="Convolutions, whose statistics are over all places of the images as well; another rule for "
    "the learning rate; more epochs for the large batches, which make fewer steps.",
)

PLACES = (EVALUATION, BATCH_SIZE)
