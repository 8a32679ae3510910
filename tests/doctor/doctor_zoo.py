"""The doctor's zoo: for each rule networks that have its fault and others that are near it and do not.

Networks are trained on real digits (doctor_networks.py). Every entry takes a seed and gives an Example; those
of CALIBRATION seeds were looked at when limits were chosen, those of SCORING seeds count.
"""

import copy

import torch
from doctor_networks import Residual, conv, fit, held_out, left_over, mlp, norms, trained
from torch import nn
from torch.optim.swa_utils import AveragedModel

from normlab.doctor.rule import Example

NETWORKS = ("conv", "mlp", "residual")


def sound(name, **options):
    """A network as it was trained, and data it was not trained on."""

    def made(seed):
        return Example(trained(name, seed), held_out(**options))

    return made


def changed(name, how, data=None):
    """A trained network after `how`; data: what becomes of the batches."""

    def made(seed):
        model = trained(name, seed)
        with torch.no_grad():
            model = how(model) or model
        batches = held_out() if data is None else data(held_out())
        return Example(model, batches)

    return made


def retrained(maker, how=lambda model: None, **options):
    """A network that is trained in another way; it stays in training."""

    def made(seed):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = maker()
            how(model)
            optimizer = fit(model, seed, **options)
        size = options.get("size", 50)
        return Example(model, held_out(size)[:40], optimizer)

    return made


def reset(model):
    for norm in norms(model):
        norm.reset_running_stats()


def shifted(at):
    def how(model):
        norm = norms(model)[at]
        norm.running_mean += 2 * norm.running_var.sqrt()

    return how


def slow(model):
    """Statistics that had not caught up when training ended."""
    for norm in norms(model):
        norm.momentum = 0.002


def poisoned(model):
    x = left_over()[0][:32].clone()
    x[0] = float("inf")
    model.train()(x)
    model.eval()


def averaged(name):
    """Two trainings averaged; the statistics are those of the last."""

    def how(seed, again):
        whole = AveragedModel(trained(name, seed))
        for one in (seed, seed + 10):
            whole.update_parameters(trained(name, one))
        if again:
            reset(whole)
            for norm in norms(whole):
                norm.momentum = None
            with torch.no_grad():
                for x in held_out():
                    whole.train()(x)
        return Example(whole.eval(), held_out())

    return how


def by_class(batches):
    x, y = left_over()
    return list(x[y.argsort(stable=True)].split(len(batches[0])))


class Twice(nn.Module):
    """A network on an image and on a second form of it, with the same norms."""

    def __init__(self, name, seed, form):
        super().__init__()
        self.inner, self.form = trained(name, seed), form

    def forward(self, x):
        return self.inner(x) + self.inner(self.form(x))


def twice(name, form):
    return lambda seed: Example(Twice(name, seed, form).eval(), held_out())


def loud(factor):
    """A first layer whose output is so many times as large; the norm after it makes up for that."""

    def how(model):
        first = next(p for p in model.modules() if isinstance(p, nn.Conv2d | nn.Linear))
        first.weight *= factor
        norm = norms(model)[0]
        norm.running_mean *= factor
        norm.running_var *= factor**2

    return how


def with_norms(**values):
    def how(model):
        for norm in norms(model):
            for name, value in values.items():
                setattr(norm, name, value)

    return how


def channel(weight=None, scale=None):
    """A channel of the first norm: its weight, and how large the filter before it is."""

    def how(model):
        first = next(p for p in model.modules() if isinstance(p, nn.Conv2d | nn.Linear))
        norm = norms(model)[0]
        if weight is not None:
            norm.weight[0] = weight
        if scale is not None:
            first.weight[0] *= scale
            norm.running_mean[0] *= scale
            norm.running_var[0] *= scale**2

    return how


def odd_eps(model):
    norms(model)[0].eps = 0.3


def zero_branch(model):
    norms(model)[-1].weight.zero_()


def grouped(groups):
    return lambda channels: nn.GroupNorm(groups or channels, channels)


def untrained(maker, data=held_out, how=None):
    def made(seed):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = maker()
        with torch.no_grad():
            model = (how(model) or model) if how else model
        return Example(model.eval(), data())

    return made


def far_off(model):
    """A bias that lifts every channel of the last convolution far above its deviation."""
    last = [p for p in model.modules() if isinstance(p, nn.Conv2d)][-1]
    last.bias = nn.Parameter(torch.full((last.out_channels,), 1000.0))


def far_off_last(model):
    far_off(model)
    return model.to(memory_format=torch.channels_last)


def laid_last(model):
    return model.to(memory_format=torch.channels_last)


def with_nan(batches):
    x = batches[2].clone()
    x[3, 0, 4, 4] = float("nan")
    return [*batches[:2], x, *batches[3:]]


def exploding(model):
    next(p for p in model.modules() if isinstance(p, nn.Linear)).weight[0, 0] = float("inf")


def biased(model):
    """Biases before the norms, taken into account by their means."""
    for part, norm in zip(
        [p for p in model.modules() if isinstance(p, nn.Conv2d | nn.Linear)],
        norms(model),
        strict=False,
    ):
        part.bias = nn.Parameter(torch.full((norm.num_features,), 0.5))
        norm.running_mean += 0.5


def doubled(kind):
    """Each norm followed by a second one, with the statistics that the first gives."""

    def how(model):
        for name, part in list(model.named_children()):
            if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
                second = kind(part.num_features)
                if isinstance(second, nn.modules.batchnorm._BatchNorm):
                    second.running_mean.copy_(part.bias)
                    second.running_var.copy_(part.weight**2)
                model._modules[name] = nn.Sequential(part, second).eval()

    return how


def dropped(p, before):
    """Dropout before each norm, or behind its activation."""

    def maker_of(maker):
        def maker_with():
            model = maker()
            kind = nn.modules.batchnorm._BatchNorm if before else nn.ReLU
            layers = []
            for part in model:
                pair = [nn.Dropout(p), part] if before else [part, nn.Dropout(p)]
                layers += pair if isinstance(part, kind) else [part]
            return nn.Sequential(*layers) if before else nn.Sequential(*_last(layers, p))

        return maker_with

    return maker_of


def _last(layers, p):
    """Only the dropout behind the last norm."""
    drops = [i for i, part in enumerate(layers) if isinstance(part, nn.Dropout)]
    return [part for i, part in enumerate(layers) if i not in drops[:-1]]


def evaluated(made):
    """The same in eval()."""

    def again(seed):
        one = made(seed)
        return Example(one.model.eval(), one.batches, one.optimizer, one.processes)

    return again


def optimised(name, optimizer):
    def made(seed):
        model = trained(name, seed).train()
        return Example(model, held_out(), optimizer(model))

    return made


def decaying(model):
    return torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=0.05)


def parted(model):
    """Norms and biases in a group of their own."""
    apart = {id(p) for norm in norms(model) for p in norm.parameters()}
    groups = [
        {"params": [p for p in model.parameters() if id(p) not in apart], "weight_decay": 0.05},
        {"params": [p for p in model.parameters() if id(p) in apart], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, 1e-3)


def accumulated(name, k):
    """Some steps of training, k batches for each."""

    def made(seed):
        model = trained(name, seed).train()
        for norm in norms(model):
            norm.num_batches_tracked.zero_()
        optimizer = torch.optim.Adam(model.parameters(), 1e-4)
        for number, x in enumerate(held_out(20)[:24]):
            model(x).logsumexp(1).mean().backward()
            if (number + 1) % k == 0:
                optimizer.step()
                optimizer.zero_grad()
        return Example(model, held_out(), optimizer)

    return made


def frozen(name, pinned):
    """All but the head without gradients; pinned: and the norms in eval()."""

    def made(seed):
        model = trained(name, seed).train()
        for norm in norms(model):
            norm.requires_grad_(False)
            norm.train(not pinned)
        return Example(model, held_out())

    return made


def spread_over(name, processes, sync):
    def made(seed):
        model = trained(name, seed)
        if sync:
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        return Example(model, held_out(16), processes=processes)

    return made


def untracked(name):
    """Made so, not switched: no statistics are held."""
    return changed(name, lambda model: [setattr(n, "running_mean", None) or setattr(n, "running_var", None)
                                        or setattr(n, "track_running_stats", False) for n in norms(model)]
                   and None)  # fmt: skip


def half(model):
    return copy.deepcopy(model).half()


def low(batches):
    return [x.half() for x in batches]


def group_conv():
    return conv(grouped(4))


def pixel_shift(x):
    return x.roll(1, 3)


def inverted(x):
    return 3 - 2 * x


# rule -> (sick, healthy)
ZOO = {
    "NRM101": (
        [changed("conv", lambda m: None, lambda b: [16 * x for x in b]),
         changed("mlp", lambda m: None, lambda b: [(x - 0.3) / 0.4 for x in b]),
         evaluated(retrained(Residual, slow))],
        [sound("conv"), sound("mlp"), sound("residual"), sound("converted")],
    ),
    "NRM102": ([changed("conv", reset), changed("mlp", reset)], [sound("converted"), sound("residual")]),
    "NRM103": ([changed("conv", poisoned), changed("mlp", poisoned)], [sound("conv"), sound("mlp")]),
    "NRM104": (
        [changed("conv", shifted(1)), changed("residual", shifted(1)), changed("mlp", shifted(0))],
        [sound("conv"), sound("mlp"), sound("residual", size=16)],
    ),
    "NRM105": (
        [lambda s: averaged("conv")(s, False), lambda s: averaged("mlp")(s, False)],
        [lambda s: averaged("conv")(s, True), lambda s: averaged("mlp")(s, True)],
    ),
    "NRM201": (
        [retrained(mlp, size=4, epochs=1), retrained(mlp, size=8, epochs=1)],
        [retrained(mlp, size=50), retrained(conv, size=50)],
    ),
    "NRM202": (
        [changed("conv", lambda m: None, by_class), changed("mlp", lambda m: None, by_class)],
        [sound("conv", size=16), sound("mlp", size=16), sound("residual")],
    ),
    "NRM203": (
        [twice("conv", inverted), twice("residual", inverted)],
        [twice("conv", pixel_shift), twice("residual", pixel_shift)],
    ),
    "NRM301": ([changed("conv", loud(1e5)), changed("mlp", loud(1e5))], [sound("conv"), sound("mlp")]),
    "NRM302": (
        [changed("conv", half, low), changed("mlp", half, low)], [sound("conv"), sound("mlp")],
    ),
    "NRM303": (
        [changed("conv", with_norms(momentum=0.99)), changed("mlp", with_norms(momentum=0.9))],
        [sound("converted"), changed("conv", with_norms(momentum=0.01))],
    ),
    "NRM304": (
        [changed("conv", with_norms(eps=0.03)), changed("mlp", odd_eps)],
        [sound("converted"), changed("conv", with_norms(eps=1e-3)), changed("mlp", with_norms(eps=1e-8))],
    ),
    "NRM305": (
        [changed("conv", channel(1e-5, 1e-4)), changed("mlp", channel(1e-6, 1e-4))],
        [changed("residual", zero_branch), changed("conv", channel(None, 1e-4))],
    ),
    "NRM306": (
        [changed("conv", channel(None, 0.0)), changed("mlp", channel(None, 0.0))],
        [sound("conv"), changed("mlp", channel(None, 1e-3))],
    ),
    "NRM307": (
        [changed("conv", channel(None, 1e-3)), changed("mlp", channel(None, 1e-3))],
        [sound("conv"), changed("mlp", channel(None, 0.0))],
    ),
    "NRM308": (
        [untrained(lambda: mlp(grouped(None))), untrained(lambda: mlp(grouped(16)))],
        [untrained(lambda: mlp(grouped(4))), untrained(group_conv)],
    ),
    "NRM309": (
        [untrained(group_conv, how=far_off_last), untrained(lambda: conv(grouped(2)), how=far_off_last)],
        [untrained(group_conv, how=laid_last), untrained(group_conv, how=far_off),
         changed("conv", laid_last)],
    ),
    "NRM310": (
        [changed("conv", lambda m: None, with_nan), changed("mlp", exploding)],
        [sound("conv"), sound("mlp")],
    ),
    "NRM401": (
        [changed("conv", biased), changed("residual", biased)],
        [sound("converted"), sound("residual"), sound("mlp")],
    ),
    "NRM402": ([sound("conv"), sound("mlp")], [sound("converted"), evaluated(lambda s: Example(
        Twice("conv", s, pixel_shift), held_out()))]),
    "NRM403": (
        [changed("conv", doubled(nn.BatchNorm2d)), changed("mlp", doubled(nn.BatchNorm1d))],
        [sound("conv"), sound("residual"), changed("mlp", doubled(nn.LayerNorm))],
    ),
    "NRM404": (
        [evaluated(retrained(dropped(0.5, True)(mlp))), evaluated(retrained(dropped(0.3, True)(conv)))],
        [evaluated(retrained(dropped(0.5, False)(mlp))), evaluated(retrained(dropped(0.3, False)(conv)))],
    ),
    "NRM501": (
        [optimised("conv", decaying), optimised("mlp", decaying)],
        [optimised("conv", parted), optimised("mlp", parted)],
    ),
    "NRM502": (
        [accumulated("conv", 4), accumulated("mlp", 8)],
        [accumulated("conv", 1), accumulated("mlp", 1)],
    ),
    "NRM503": ([frozen("conv", False), frozen("mlp", False)], [frozen("conv", True), frozen("mlp", True)]),
    "NRM504": (
        [changed("conv", with_norms(track_running_stats=False)),
         changed("mlp", with_norms(track_running_stats=False))],
        [untracked("conv"), untracked("mlp")],
    ),
    "NRM505": (
        [spread_over("conv", 2, False), spread_over("mlp", 4, False)],
        [spread_over("conv", 2, True), spread_over("mlp", 1, False)],
    ),
}  # fmt: skip
