"""The model against the equations written out, closed forms, and itself by another way."""

import math

import numpy as np
import pytest
import torch

from normlab.errors import DataError, DtypeError, SettingError, ShapeError
from normlab.filters import concentration, gabor_bank, gabor_widths
from normlab.lab.cortex.model import V1, _mix, orientations
from normlab.lab.cortex.parameters import FREQUENCIES, SPACING, STANDARD
from normlab.lab.cortex.quadratic import QuadraticV1, _form
from normlab.lab.cortex.settings import Settings

SMALL = 16


def written_out(image, p, size, calibration=None):
    """Drive (complex cell) and pool by loops over channels and places; nothing of the package's filters."""
    places = (np.arange(size) - size // 2) * SPACING
    u, v = np.meshgrid(places, -places)
    far = np.arange(-size, size) * SPACING
    fu, fv = np.meshgrid(far, -far)
    space = np.exp(-4 * np.log(2) * (u**2 + v**2) / (p.pool_space / 2.0) ** 2)
    space /= space.sum()
    octaves = np.log2(np.array(FREQUENCIES)) - 1
    along = np.exp(-4 * np.log(2) * (octaves + p.pool_shift) ** 2 / p.pool_frequency**2)
    along /= along.sum()
    angles = np.arange(p.orientations) * 180 / p.orientations
    around = np.exp(concentration(p.pool_orientation) * np.cos(2 * np.radians(angles)))
    around /= around.sum()
    drive, pool = 0.0, 0.0
    for a, angle in enumerate(np.radians(angles)):
        for f, frequency in enumerate(FREQUENCIES):
            hx, hy = gabor_widths(frequency, p.filter_frequency, p.filter_orientation)

            def filtered(x, y, angle=angle, frequency=frequency, hx=hx, hy=hy):
                across = x * np.cos(angle) + y * np.sin(angle)
                beside = y * np.cos(angle) - x * np.sin(angle)
                envelope = np.exp(-4 * np.log(2) * (across**2 / hx**2 + beside**2 / hy**2))
                return envelope, np.exp(2j * np.pi * frequency * across)

            total = filtered(fu, fv)[0].sum()
            for row in range(size):
                for column in range(size):
                    envelope, wave = filtered(u - u[row, column], v - v[row, column])
                    energy = abs((image * envelope * wave).sum() / total)
                    pool += space[row, column] * along[f] * around[a] * energy**p.pool_exponent
                    if (row, column, a, f) == (size // 2, size // 2, 0, FREQUENCIES.index(2.0)):
                        drive = energy
    if calibration is None:
        return drive, pool
    e, s = drive / calibration[0], pool / calibration[1]
    return p.maximum * (p.maintained + e) ** p.exponent / (p.semisaturation**p.pool_exponent + s)


@pytest.mark.parametrize(
    "changes",
    [{}, {"pool_exponent": 2.35, "pool_shift": 0.5, "pool_orientation": 40.0, "exponent": 1.5}],
    ids=["standard", "changed"],
)
def test_rates_are_those_of_the_equations_written_out(changes):
    parameters = STANDARD.replace(orientations=4, **changes)
    model = V1(parameters, SMALL, torch.float64)
    grating = model.screen.grating(2.0)
    noise = torch.rand(SMALL, SMALL, generator=torch.Generator().manual_seed(1)).double() - 0.5
    pools = model.screen.grating(2.0 * 2**-parameters.pool_shift)  # what the pool prefers
    drive, _ = written_out(grating.numpy(), parameters, SMALL)
    _, pool = written_out(pools.numpy(), parameters, SMALL)
    calibration = drive, pool
    assert model.kn == pytest.approx(1 / calibration[0], rel=1e-9)
    assert model.kd == pytest.approx(1 / calibration[1], rel=1e-9)
    expected = written_out(noise.numpy(), parameters, SMALL, calibration)
    assert model.respond(noise[None]).rate.item() == pytest.approx(expected, rel=1e-9)
    single = V1(parameters, SMALL).respond(noise[None]).rate.item()
    assert single == pytest.approx(expected, rel=1e-4)  # float32


def test_a_shifted_pool_is_calibrated_with_what_it_prefers():
    """Sawada & Petrov 2017: δ=1, hF=1, α=.03, M=3 prefer 2.46 cycles/degree at 15 % on the small grid."""
    changes = {"pool_shift": 1.0, "pool_frequency": 1.0, "semisaturation": 0.03, "maximum": 3.0}
    model = V1(STANDARD.replace(**changes))
    octaves = torch.arange(0.8, 1.8, 0.02, dtype=torch.float64)
    gratings = torch.stack([model.screen.grating(2.0**o) for o in octaves.tolist()])
    rates = model.respond(gratings, torch.tensor([0.15], dtype=torch.float64)).rate[:, 0]
    assert 2.0 ** octaves[rates.argmax()].item() == pytest.approx(2.46, rel=0.02)


def test_the_pools_window_is_as_wide_as_it_says():
    """Full width at half way between the smallest and the largest value, for the paper's hΘ = 60°."""
    kappa = concentration(60.0)
    half, low, high = (math.exp(kappa * math.cos(2 * math.radians(a))) for a in (30.0, 90.0, 0.0))
    assert half == pytest.approx((low + high) / 2, rel=1e-9)


def test_calibration_and_closed_forms():
    model = V1(size=32, dtype=torch.float64)
    grating = model.screen.grating(2.0)
    contrasts = torch.tensor([0.0, 0.05, 0.3, 1.0], dtype=torch.float64)
    rate = model.respond(grating[None], contrasts).rate[0].tolist()
    assert rate == pytest.approx([STANDARD.asymptote(c) for c in contrasts.tolist()], rel=1e-9)
    assert rate[0] == pytest.approx(1.6, rel=1e-9)
    assert STANDARD.blank == pytest.approx(1.6)
    assert 1 / model.kn == pytest.approx(0.25, rel=0.01)  # on a grid of 1.44°


def test_supersaturation_begins_where_its_formula_says():
    """Eq. 23 against the slope of the closed form at contrast 1."""
    for beta, nd in ((0.009, 2.0), (0.011, 2.0), (0.0, 2.05), (0.0, 1.95)):
        p = STANDARD.replace(maintained=beta, pool_exponent=nd)
        falls = p.asymptote(1.0) < p.asymptote(0.9999)
        assert p.supersaturates == falls


def test_mixtures_are_the_images_they_stand_for():
    model = V1(size=32)
    one, two = model.screen.grating(2.0), model.screen.grating(1.0, 40.0, 90.0)
    amounts = torch.tensor([[0.3, 0.0], [0.3, 0.5], [0.0, 0.5]], dtype=torch.float64)
    images = torch.stack([a * one + b * two for a, b in amounts.tolist()])
    for phase in (None, 0.0, 90.0):
        mixed = model.respond(torch.stack([one, two])[None], amounts, phase=phase).rate[0]
        plain = model.respond(images, phase=phase).rate[:, 0]
        torch.testing.assert_close(mixed, plain, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("count", [1, 3, 4, 17])
def test_mixtures_in_parts_are_the_products_they_stand_for(count):
    """More places than are mixed together, by one product of complex numbers in float64."""
    draw = torch.Generator().manual_seed(count)
    maps = torch.randn(2, 40_000, 2, generator=draw)
    maps, amounts = torch.view_as_complex(maps), torch.rand(count, 2, generator=draw)
    exact = (amounts.to(torch.complex128) @ maps.to(torch.complex128)).abs()
    torch.testing.assert_close(_mix(maps, amounts).double(), exact, rtol=4e-7, atol=1e-7)
    only = _mix(maps[:1], amounts[:, :1]).double()
    assert torch.allclose(only, (amounts[:, :1] * maps[:1].abs()).double(), rtol=4e-7)


def test_sets_that_begin_alike_are_each_as_if_alone():
    """Filters see the first component of all sets once: to the bit, what each set gives by itself."""
    model = V1(size=32)
    first, *others = (torch.rand(4, 32, 32, generator=torch.Generator().manual_seed(3)) - 0.5) / 2
    sets = torch.stack([torch.stack([first, other]) for other in others])
    amounts = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.3, 0.9]])
    together = model.respond(sets, amounts).rate
    alone = torch.cat([model.respond(one[None], amounts).rate for one in sets])
    torch.testing.assert_close(together, alone, rtol=0, atol=0)


def test_simple_cells_make_the_complex_one():
    model = V1(size=32)
    image = torch.rand(3, 32, 32, generator=torch.Generator().manual_seed(2)).double() - 0.5
    drive = {phase: model.respond(image, phase=phase).drive for phase in (0.0, 90.0, 180.0, None)}
    torch.testing.assert_close(drive[0.0], -drive[180.0])
    torch.testing.assert_close(torch.hypot(drive[0.0], drive[90.0]), drive[None])
    assert (drive[None] >= 0).all()


def test_the_quadratic_form_is_the_bank():
    model = V1(size=16)
    fast = QuadraticV1(model)
    images = torch.rand(20, 16, 16, generator=torch.Generator().manual_seed(3)) - 0.5
    slow = model.respond(images, phase=0.0)
    quick = fast.respond(images, phase=0.0)
    torch.testing.assert_close(quick.pool, slow.pool[:, 0], rtol=1e-3, atol=1e-6)
    torch.testing.assert_close(quick.rate, slow.rate[:, 0], rtol=1e-3, atol=1e-4)


def test_half_of_the_form_says_all_and_rounds_as_a_sum():
    """Each entry is a float32 sum over places and filters: 2⁻²⁴ of its terms' sizes for each of √terms."""
    n, p = SMALL, STANDARD.replace(orientations=2)
    model = V1(p, n)
    form = _form(model).tril()
    bank = gabor_bank(
        (2 * n, 2 * n),
        orientations(p.orientations).tolist(),
        FREQUENCIES,
        bandwidth=p.filter_frequency,
        orientation_bandwidth=p.filter_orientation,
        spacing=SPACING,
    )
    exact, sizes = torch.zeros(2, n * n, n * n, dtype=torch.float64)
    for kernel, weights in zip(bank, model.pool_weights, strict=True):
        for part in (kernel.real, kernel.imag):
            seen = [
                part[n - y : 2 * n - y, n - x : 2 * n - x].flatten()
                for y in range(n)
                for x in range(n)
            ]
            placed = torch.stack(seen).double() * weights.double().flatten().sqrt()[:, None]
            exact += placed.T @ placed
            sizes += placed.T.abs() @ placed.abs()
    terms = 2 * len(bank) * n * n
    assert ((form.double() - exact.tril()).abs() <= sizes * terms**0.5 * 2.0**-24).all()
    whole, half = (torch.linalg.eigh(f.double()) for f in (_form(model), form))
    assert all(map(torch.equal, whole, half))


def test_other_parameters_of_the_division_alone_need_no_filters():
    model, other = V1(size=16), V1(STANDARD.replace(maintained=0.0, maximum=10.0), 16)
    images = torch.rand(4, 16, 16, generator=torch.Generator().manual_seed(4)) - 0.5
    again = other.divided(model.respond(images)).rate
    torch.testing.assert_close(again, other.respond(images).rate, rtol=1e-4, atol=1e-5)


BAD_IMAGES = {
    "not square": (
        torch.zeros(1, 16, 12),
        ShapeError,
        r"\(1, 16, 12\); this model takes \(N, 16, 16\)",
    ),
    "another size": (torch.zeros(2, 32, 32), ShapeError, r"make V1\(size=…\)"),
    "one image": (torch.zeros(16, 16), ShapeError, "must be"),
    "NaN": (torch.full((1, 16, 16), math.nan), DataError, "range from nan to nan"),
    "out of range": (torch.ones(1, 16, 16), DataError, "range from 1 to 1; .* stimuli.contrast"),
    "whole numbers": (torch.zeros(1, 16, 16, dtype=torch.long), DtypeError, "torch.int64"),
}


@pytest.mark.parametrize(("images", "error", "message"), BAD_IMAGES.values(), ids=BAD_IMAGES)
def test_images_that_cannot_be(images, error, message):
    model = V1(STANDARD.replace(orientations=2), 16)
    for act in (model.maps, model.respond):
        if images.dim() == 2 and act == model.maps:
            continue
        with pytest.raises(error, match=message):
            act(images)


def test_mixtures_that_no_screen_can_show():
    model = V1(STANDARD.replace(orientations=2), 16)
    both = torch.stack([model.screen.grating(2.0)] * 2)[None]
    with pytest.raises(DataError, match=r"reach a contrast of 1\.4, which no screen can show"):
        model.respond(both, torch.tensor([[0.7, 0.7]]))
    with pytest.raises(ShapeError, match=r"they must be \(B, 2\)"):
        model.respond(both, torch.tensor([[0.7]]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"semisaturation": -0.1},
            r"semisaturation=-0\.1 given; .* >= 0\.001 and <= 1 of contrast",
        ),
        ({"filter_frequency": 0.0}, r"filter_frequency=0\.0 given; .* octaves"),
        ({"filter_orientation": math.nan}, "filter_orientation=nan given"),
        ({"maintained": "x"}, "maintained=x given"),
        ({"orientations": 1}, "orientations=1 given; it must be a whole number >= 2"),
        ({"sigma": 1.0}, "the V1 model has no setting 'sigma'; it has maximum"),
    ],
)
def test_parameters_out_of_their_domain(changes, message):
    with pytest.raises(SettingError, match=message):
        STANDARD.replace(**changes)


def test_settings_hold_the_parameters():
    settings = Settings.of(maintained=0.0, frames=2000)
    assert settings.parameters == STANDARD.replace(maintained=0.0)
    assert settings.json()["frames"] == 2000
    with pytest.raises(SettingError, match="cortex has no setting 'speed'"):
        Settings.of(speed=1)
    with pytest.raises(SettingError, match="frames=10 given; it must be a whole number >= 1000"):
        Settings.of(frames=10)


def test_squares_alone_make_a_form():
    with pytest.raises(SettingError, match="only squares"):
        QuadraticV1(V1(STANDARD.replace(pool_exponent=3.0), 16))
    with pytest.raises(SettingError, match="size=15 given"):
        V1(size=15)
