"""NRM202: batches that are not drawn alike, such as data sorted by class."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from normlab.doctor.case import Case
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule
from normlab.doctor.rules.small_batches import trains
from normlab.doctor.seen import Seen

BATCHES = 8  # full ones, from which on the variance of their means is worth a number
DRAWS = 199
LIMIT, STRONG = 1.5, 3.0


class BatchesDiffer(Rule):
    code = "NRM202"
    name = "batches-differ"
    what = (
        "Tests whether the batches given could be random draws from one set of samples. It compares "
        "how much the means of batches vary with how much the means of samples vary."
    )
    why = (
        "If a batch holds one class or one domain, training normalises it by its own mean, which "
        "removes what distinguishes the classes; eval() uses the mean of all samples and sees other "
        "numbers. A validation loader need not be shuffled: the finding is about the batches given."
    )
    statistic = "F = B x variance of batch means / variance of sample means, median over channels"
    threshold = (
        "F above 1.5 and above each of 199 permutations of the samples is a remark; F above 3 is a "
        "warning. At least 8 full batches are needed. Digits through random convolutions give 1.0 to "
        "1.25 when shuffled, 1.5 to 2.4 in the order of their file, and 4 to 15 when sorted by class."
    )
    effect = "Shuffle the samples, or mix the domains within every batch, and train again."
    needs = ("batches",)
    references = (
        "https://github.com/wasidennis/AdaptSegNet/issues/79",
        "arXiv:2105.07576 (Wu & Johnson 2021)",
    )

    def why_not(self, case: Case) -> str:
        if missing := super().why_not(case):
            return missing
        seen = [one.seen for one in case.layers if trains(one) and one.seen and one.seen.full]
        if not seen:
            return "no layer normalises by the batch"
        most = max(len(one.full) for one in seen)
        if max(one.sizes[0] for one in seen) < 2:
            return "batches of one sample cannot be compared with their samples"
        if most < BATCHES:
            return f"{most} full batches were seen; {BATCHES} are needed"
        return ""

    def look(self, case: Case) -> Iterator[Finding]:
        for layer in case.layers:
            if not trains(layer) or layer.seen is None or len(layer.seen.full) < BATCHES:
                continue
            f, highest = statistic(layer.seen)
            if f > LIMIT and f > highest:
                severity = "warning" if f > STRONG else "remark"
                yield self.finding(layer, severity, f, max(LIMIT, highest), _SAYS)

    def sick(self) -> Example:
        model, x = _samples()
        return Example(model, list(x.sort(0).values.split(16)))

    def healthy(self) -> Example:
        model, x = _samples()
        return Example(model, list(x.split(16)))


_SAYS = "The batches given differ more than random draws of their samples would: they are sorted or grouped."


def statistic(seen: Seen) -> tuple[float, float]:
    """F, the median over channels, and the largest of permutations, drawn where F is above LIMIT."""
    means = torch.stack(seen.full).cpu()
    batches, size = means.shape[:2]
    flat = means.flatten(0, 1)
    alive = flat.var(0) > 1e-12 * flat.square().mean(0).clamp_min(1e-300)
    if size < 2 or not bool(alive.any()):
        return 1.0, 1.0
    flat = flat[:, alive]
    f = _f(flat, batches)
    if f <= LIMIT:
        return f, LIMIT
    generator = torch.Generator().manual_seed(0)
    orders = (torch.randperm(len(flat), generator=generator) for _ in range(DRAWS))
    return f, max(_f(flat[order], batches) for order in orders)


def _f(flat: Tensor, batches: int) -> float:
    by_batch = flat.view(batches, -1, flat.shape[1])
    ratio = by_batch.shape[1] * by_batch.mean(1).var(0) / flat.var(0)
    return float(ratio.median())


def _samples() -> tuple[nn.Module, Tensor]:
    x = torch.randn(256, 3, generator=torch.Generator().manual_seed(0))
    return nn.BatchNorm1d(3), x
