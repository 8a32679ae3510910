"""The standard set's own numbers, a prediction across phenomena, and the model's known failure."""

import numpy as np
import torch

from normlab.filters import concentration
from normlab.lab.cortex.curves import peak, suppression, width
from normlab.lab.cortex.fields import spot_map
from normlab.lab.cortex.masks import plaids
from normlab.lab.cortex.model import V1, Response
from normlab.lab.cortex.parameters import LARGE, TARGET
from normlab.lab.cortex.phenomenon import SHIFTED, STEEPER, in_words
from normlab.lab.cortex.setup import (
    OCTAVES,
    PATCH,
    Lab,
    Study,
    pairs,
    panel,
    picture,
    rates,
)
from normlab.lab.cortex.tuning import gratings, place

FINE = np.linspace(0.3, 1.0, 1401)  # contrasts
NEAR_OCTAVES = np.arange(0.0, 2.51, 0.02)  # log2 of cycles/degree
PATCHES = (0.4, 0.6, PATCH, 1.2, 2.0)  # degrees


def standard(study: Study) -> None:
    lab = study.shared
    model, large = lab.model(), lab.model(LARGE)
    grating = model.screen.grating(TARGET)
    rate = rates(model, [grating], FINE)[0]
    study.near("blank", rates(model, [grating * 0])[0, 0])
    study.near("asymptote", rates(large, [large.screen.grating(TARGET)])[0, 0])
    study.near("closed-form", lab.parameters.asymptote(1.0))
    study.near("kappa", concentration(lab.parameters.pool_orientation))
    study.near("energy", 1 / model.kn)
    study.near("pool", 1 / large.kd)
    study.near("top-contrast", peak(FINE, rate))
    study.near("top", rate.max())
    _suppressive_widths(study, model)
    for name, phase in (("plaid", 90.0), ("phase", 0.0)):
        alone, masked, _ = plaids(model, phase).T
        index = suppression(masked, float(alone[0])).max()
        study.near(name, index)
        if name == "plaid":
            study.near("plaid-paper", index)
    _isocontrast(study)
    study.found = (
        f"blank {rates(model, [grating * 0])[0, 0]:.2f}, asymptote {rate[-1]:.1f} spikes/s"
    )


def _suppressive_widths(study: Study, model: V1) -> None:
    disk = model.screen.disk(PATCH)
    panels = []
    for axis in ("orientation", "frequency"):
        x, label, look = place(axis)
        images = torch.stack([image * disk for image in gratings(model, axis)])
        found = model.respond(images)
        pool, drive = (a.numpy()[:, 0] for a in (found.pool, found.drive))
        study.near(f"suppressive-{axis}", width(x, pool))
        lines = {"pool, Σ w E²": pool / pool.max(), "drive, E": drive / drive.max()}
        panels.append(panel(x, lines, label, ylabel="relative to the largest", **look))
    picture(
        study,
        f"What divides is tuned far more widely than what is divided: pool and drive for a patch of {PATCH}° "
        "against orientation (degrees) and spatial frequency (cycles/degree).",
        "Tuning of the pool and of the drive; the pool's is wider on both axes.",
        panels,
        {"patch": model.screen.grating(TARGET) * disk},
    )


def _isocontrast(study: Study) -> None:
    model = study.shared.model(changes={"pool_orientation": 90.0})
    both = pairs(model.screen.grating(TARGET), [model.screen.grating(TARGET, 90.0)])
    for name, c in (("8", 0.08), ("32", 0.32)):
        alone, masked = rates(model, both, [(c, 0.0), (c, c)])[0]
        study.near(f"isocontrast-{name}", 1 - masked / alone)


def _signs(lab: Lab, model: V1, found: dict[str, Response]) -> tuple[float, float, float]:
    """How far rates dip below the blank's, what supersaturation takes, width at 5 % over 80 %."""
    dip = model.parameters.blank - spot_map(lab, model).min()
    rate = model.divided(found["contrast"]).rate[0].numpy()
    tuning = model.divided(found["frequency"]).rate.numpy()
    widths = [width(OCTAVES, column) for column in tuning.T]
    return float(dip), float(1 - rate[-1] / rate.max()), widths[0] / widths[1]


def shared_cause(study: Study) -> None:
    lab = study.shared
    levels = np.array([0.0, 0.005, 0.01, 0.02, 0.03])
    model = lab.model()
    found = {
        "contrast": model.respond(model.screen.grating(TARGET)[None], torch.from_numpy(FINE)),
        "frequency": model.respond(
            torch.stack(gratings(model, "frequency")), torch.tensor([0.05, 0.8])
        ),
    }
    signs = np.array(
        [_signs(lab, lab.model(changes={"maintained": float(b)}), found) for b in levels]
    )
    names = ("below", "turns", "widens")
    for i, name in enumerate(names):
        study.claim(name, signs[3, i])
        study.claim(f"none-{name}", signs[0, i])
        study.curve(name, levels, signs[:, i], f"{name} by β; see the claims")
    _by_exponents(study)
    study.found = "; ".join(
        f"{n} {signs[0, i]:.2g} → {signs[3, i]:.2g}" for i, n in enumerate(names)
    )
    study.found += " from β = 0 to 0.02"
    titles = ("below the blank (spikes/s)", "lost at contrast 1", "width, 5 % / 80 %")
    picture(
        study,
        "Three phenomena against the maintained discharge β, the other parameters unchanged: all three begin "
        "only with a β that is large enough. With a larger exponent of the pool, the second needs no β.",
        "Three rising curves against beta.",
        [
            panel(levels, {"model": signs[:, i]}, "β", ylabel="", title=t)
            for i, t in enumerate(titles)
        ],
    )


def _by_exponents(study: Study) -> None:
    """The other cause of supersaturation, which does not widen the tuning."""
    model = study.shared.model(changes={"maintained": 0.0, "pool_exponent": STEEPER})
    rate = rates(model, [model.screen.grating(TARGET)], FINE)[0]
    study.claim("exponents-turn", 1 - rate[-1] / rate.max())
    low, high = rates(model, gratings(model, "frequency"), (0.05, 0.8)).T
    study.claim("exponents-widens", width(OCTAVES, low) / width(OCTAVES, high))


def shifted_pool(study: Study) -> None:
    lab = study.shared
    lines, best = {}, []
    for label, shift in (
        ("pool an octave lower", SHIFTED["pool_shift"]),
        ("pool as the cell", 0.0),
    ):
        model = lab.model(changes=dict(SHIFTED) | {"pool_shift": shift})
        shown = [model.screen.grating(2.0**o) for o in NEAR_OCTAVES]
        rate = rates(model, shown, [0.15])[:, 0]
        lines[label] = rate / rate.max()
        best.append(2 ** peak(NEAR_OCTAVES, rate))
    study.near("preferred", best[0])
    study.claim("moves", best[0] / best[1])
    study.curve("preferred", lines, best, "cycles/degree of the largest response at 15 %")
    study.found = f"{best[0]:.2f} cycles/° at 15 %, with a pool as the cell {best[1]:.2f}"
    picture(
        study,
        f"Tuning for spatial frequency at 15 %, with {in_words(SHIFTED)} and the same without the shift. The "
        f"pool is calibrated with the grating that it prefers itself.",
        "Two tuning curves; that with the shifted pool peaks at a higher frequency.",
        [panel(NEAR_OCTAVES, lines, "cycles/°", ylabel="relative to the largest", octaves=True)],
    )


def patch_frequency(study: Study) -> None:
    lab = study.shared
    model = lab.model()
    curves = {
        f"{d:g}°": rates(model, gratings(model, "frequency", d), (0.25, 1.0)) for d in PATCHES
    }
    best = [2 ** peak(OCTAVES, rate[:, 0]) for rate in curves.values()]
    full = [2 ** peak(OCTAVES, rate[:, 1]) for rate in curves.values()]
    study.curve("peak", curves, best, "preferred cycles/degree by patch, contrast 25 %")
    study.curve("peak-full", curves, full, "preferred cycles/degree by patch, contrast 100 %")
    study.claim(
        "rises", best[0] / best[-1], detail=f"{best[0]:.2f} for {best[-1]:.2f} cycles/degree"
    )
    study.found = f"{best[0]:.2f} cycles/° at {PATCHES[0]}°, {best[-1]:.2f} at {PATCHES[-1]:g}°"
    picture(
        study,
        "Tuning for spatial frequency with patches of several diameters, contrast 25 %.",
        "Tuning curves whose peaks stay or move to lower frequencies as the patch shrinks.",
        [panel(OCTAVES, {d: r[:, 0] / r[:, 0].max() for d, r in curves.items()}, "cycles/°",
               ylabel="relative to the largest", octaves=True)],
        {d: gratings(model, "frequency", p)[25] for d, p in zip(curves, PATCHES, strict=True)},
    )  # fmt: skip
