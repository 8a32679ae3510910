"""Beside each experiment: why it matters, and the equation with its symbols. Needs no torch."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Lesson:
    """why: a sentence or two. equation: in LaTeX. symbols: what each of its letters is."""

    why: str
    equation: str
    symbols: str


LESSONS: Mapping[str, Lesson] = {
    "inputs": Lesson(
        "Almost every recipe begins with standardised inputs. It should be known what that is worth, and "
        "whether an adaptive optimiser makes it unnecessary.",
        r"\kappa = \frac{\lambda_{\max}(X^T X)}{\lambda_{\min}(X^T X)}, \qquad "
        r"\mathrm{steps} \approx \kappa \, \ln \frac{1}{\varepsilon}",
        "X holds the inputs, one row for each example, λ are eigenvalues, κ is the condition number, and ε "
        "is the share of the error that is left.",
    ),
    "learning-rate": Lesson(
        "A higher rate that is stable saves steps, and it was the first advantage claimed for batch norm.",
        r"w \leftarrow w - \eta \, \nabla L(w), \qquad "
        r"\mathrm{BN}(a w) = \mathrm{BN}(w), \quad \nabla L(a w) = \tfrac{1}{a} \nabla L(w)",
        "η is the learning rate and a any positive number: after a step that makes the weights w large, the "
        "next gradient of a normalised layer is smaller.",
    ),
    "initialisation": Lesson(
        "Deep networks without normalisation need first weights of the right scale. Batch norm should remove "
        "this condition.",
        r"w \sim N\!\left(0, \; s^2 \, \frac{2}{\mathrm{fan\ in}}\right), \qquad "
        r"\mathrm{BN}(s w) = \mathrm{BN}(w)",
        "s is the scale that is varied; s = 1 is He's. The output of a normalised layer does not depend on "
        "it.",
    ),
    "faster": Lesson(
        "This is the experiment with which batch norm was introduced: fewer steps to the same accuracy, and "
        "steadier inputs of each unit.",
        r"y = \sigma\!\left(\gamma \, \frac{w x - \mu}{\sqrt{\sigma_B^2 + \varepsilon}} + \beta\right)",
        "σ(·) is the sigmoid, μ and σ_B² are mean and variance of w x over the batch, γ and β are learned.",
    ),
    "regulariser": Lesson(
        "If the noise of batches regularises, dropout can be left out. If it does not, the noise only costs "
        "accuracy.",
        r"\mathrm{gap} = L_{\mathrm{test}} - L_{\mathrm{training}}, \qquad "
        r"\mathrm{sd}(\mu_B) = \frac{\sigma}{\sqrt{B}}",
        "L are mean losses in evaluation mode. The mean μ_B of a batch of B examples scatters about the true "
        "one by sd(μ_B), which is noise to each example.",
    ),
    "smoothness": Lesson(
        "It is the explanation that replaced covariate shift: with batch norm a gradient predicts the loss "
        "further along its direction.",
        r"\beta = \max_{\eta} \; \frac{\lVert \nabla L(w - \eta g) - g \rVert}{\eta \, \lVert g \rVert}, "
        r"\qquad g = \nabla L(w)",
        "w are the weights, η is the size of the step along the gradient g, and β is the effective "
        "smoothness.",
    ),
    "covariate-shift": Lesson(
        "Batch norm was named for its effect on covariate shift. Whether that is why it works decides what a "
        "better normaliser should aim at.",
        r"\mathrm{shift}_i = \left\lVert \nabla_i L(w'_1, \ldots, w'_{i-1}, w_i, \ldots) "
        r"- \nabla_i L(w_1, \ldots, w_n) \right\rVert",
        "w_i are the weights of layer i before a step, w'_i after it; ∇_i is the gradient by w_i.",
    ),
    "batch-size": Lesson(
        "Large images and large networks leave room for small batches only, and the statistics of batch norm "
        "become noisy then.",
        r"\hat{\sigma}^2 = \frac{1}{B} \sum_{b=1}^{B} (x_b - \mu_B)^2, \qquad B = 2: \; "
        r"\frac{x_1 - \mu_B}{\hat{\sigma}} = \mathrm{sgn}(x_1 - x_2)",
        "B is the size of the batch. Of two values, batch norm keeps their order and nothing else.",
    ),
    "evaluation": Lesson(
        "In use a network meets single images and other cameras. Most faults with batch norm are differences "
        "between training mode and evaluation.",
        r"\mu_{\mathrm{run}} \leftarrow (1 - m) \, \mu_{\mathrm{run}} + m \, \mu_B, \qquad "
        r"y = \frac{x - \mu_{\mathrm{run}}}{\sqrt{\sigma_{\mathrm{run}}^2 + \varepsilon}}",
        "m is the momentum (torch's: the share of the new batch), μ_B the mean of a batch. Evaluation uses "
        "the running statistics μ_run and σ_run².",
    ),
    "homes": Lesson(
        "Vision uses batch norm and language uses layer norm. Is that habit, or do the data decide?",
        r"\mathrm{batch}: \; \mu_c = \frac{1}{N L} \sum_{n, l} x_{n l c}, \qquad "
        r"\mathrm{layer}: \; \mu_{n l} = \frac{1}{C} \sum_{c} x_{n l c}",
        "n counts sequences, l tokens and c channels. Padding is among the tokens that batch norm averages, "
        "unless it gets a mask.",
    ),
    "biology": Lesson(
        "Batch norm replaced norms that were copied from the brain. What was gained by it, and was something "
        "lost?",
        r"\mathrm{divisive}: \; y_i = \frac{x_i}{\sqrt{\sigma^2 + \frac{1}{C} \sum_j x_j^2}}, \qquad "
        r"\mathrm{batch}: \; y_i = \frac{x_i - \mu_i}{\sqrt{\sigma_i^2 + \varepsilon}}",
        "The sum is over the C channels of the same image, so that the image's own contrast cancels; μ_i and "
        "σ_i² are of the training images.",
    ),
}
