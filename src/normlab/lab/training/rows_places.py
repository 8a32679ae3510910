"""Evaluation, batch sizes, networks and their relatives in biology: claims. Needs no torch."""

from normlab.lab.experiment import Claim
from normlab.lab.training.experiment import TrainingExperiment

HERE = "normlab.lab.training"

EVALUATION = TrainingExperiment(
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
    predict="The test images are darker by one standard deviation. Which statistics should the "
    "network use, and what if it classifies one image alone?",
    limits="Shifts are of the whole image and made by us. Statistics of the test images need many of "
    "them at once, which a use may not have.",
    change="Running statistics that are computed anew over the training data after training, or layers "
    "that do the same in training and evaluation (layer, group, RMS norm).",
)

BATCH_SIZE = TrainingExperiment(
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
    predict="What does batch norm leave of a unit's two values when a batch has two examples?",
    limits="Equal epochs and a rate in proportion to the batch: another schedule may rank the sizes "
    "otherwise. Dense layers only.",
    change="Convolutions, whose statistics are over all places of the images as well; another rule for "
    "the learning rate; more epochs for the large batches, which make fewer steps.",
)

HOMES = TrainingExperiment(
    "homes",
    "Where it is at home",
    "Batch normalisation is at home in residual networks and in Transformers alike.",
    f"{HERE}.homes:measure",
    (
        Claim("resnet", "Residual network: accuracy, batch norm − none", 0.01, ">="),
        Claim(
            "transformer",
            "Transformer: accuracy, batch norm with a mask of the padding − layer norm",
            0.0,
            ">=",
        ),
        Claim(
            "also.group",
            "Residual network: accuracy, batch norm − group norm",
            0.0,
            ">=",
        ),
        Claim(
            "also.padding",
            "Transformer, batch norm without a mask: largest change of a probability by 16 more "
            "tokens of padding, training mode",
            0.01,
            "<=",
        ),
        Claim(
            "also.masked",
            "The same with a mask of the padding",
            1e-4,
            "<=",
        ),
    ),
    extra="training",
    cells=f"{HERE}.homes:cells",
    images=True,
    expectation="Residual networks: yes (He et al. 2016, arXiv:1512.03385), though one of three blocks also "
    "trains without. Transformers: no; they have layer norm (Vaswani et al. 2017, arXiv:1706.03762), and "
    "batch norm does worse on sequences of words (Shen et al. 2020, arXiv:2003.07845). Padding counts in "
    "the statistics of a batch norm without a mask.",
    predict="Sixteen more tokens of padding are added, and nothing else changes. Does the network's "
    "answer change?",
    limits="After so few steps accuracies say how fast a network learns, not how good it becomes. "
    "Pixels of digits are not words.",
    change="Words instead of pixels, whose statistics differ more from batch to batch; deeper networks; "
    "more steps, and other learning rates for the Transformer, which has one here.",
)

BIOLOGY = TrainingExperiment(
    "biology",
    "Norms from biology",
    "Batch normalisation has replaced local response normalisation, which imitates lateral inhibition: it is "
    "at least as good.",
    f"{HERE}.biology:measure",
    (
        Claim("batch", "Test accuracy, batch norm − local response norm", -0.005, ">="),
        Claim(
            "also.contrast",
            "Mean accuracy at a quarter, half, twice and four times the contrast, batch norm − divisive norm",
            -0.005,
            ">=",
        ),
        Claim(
            "also.sparse",
            "Divisive norm after the ReLU: Gini index of its output − of its input",
            0.0,
            ">=",
        ),
        Claim(
            "also.canonical",
            "Batch norm after the ReLU: Gini index of its output − of its input",
            0.0,
            "<=",
        ),
    ),
    extra="training",
    cells=f"{HERE}.biology:cells",
    images=True,
    expectation="VGG found no gain by local response norm (Simonyan & Zisserman 2015, arXiv:1409.1556); "
    "batch norm should do better. Divisive norm divides by the activity of the same image, so it should "
    "bear other contrasts better than statistics of the training images do. Miller et al. 2022 find that "
    "divisive norm after the ReLU raises the Gini index of its layer, and that canonical norms lower it: "
    "only this direction is tested.",
    predict="A test image has a quarter of the contrast of the training images: which norm hardly "
    "notices, and why?",
    limits="The constants of the norms from biology are those of their papers, not fitted to these "
    "networks. Gini indices are of one layer.",
    change="Statistics of the test images themselves, training on images of many contrasts, a norm before "
    "the ReLU instead of after it, a divisive norm whose constants are fitted and not ours. A network of "
    "ReLUs without a norm bears other contrasts by itself while its biases are small.",
)

PLACES = (BATCH_SIZE, EVALUATION, HOMES, BIOLOGY)
