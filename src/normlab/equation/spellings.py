"""How authors name a setting, a weight, a bias and running statistics: the usual names first."""

from collections.abc import Mapping

from normlab.equation.row import Setting

WEIGHT = ("weight", "gamma", "gain", "scale", "γ", "g", "w")
BIAS = ("bias", "beta", "shift", "offset", "β", "b")
MEAN = ("running_mean", "moving_mean", "run_mean", "mean_running", "means", "rm")
VAR = ("running_var", "moving_var", "moving_variance", "run_var", "var_running", "vars", "rv")
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "eps": ("eps", "epsilon", "variance_epsilon", "ε", "e"),
    "normalized_shape": ("normalized_shape", "shape", "normalised_shape", "norm_shape"),
    "num_groups": ("num_groups", "groups", "n_groups", "G", "ngroups"),
    "size": ("size", "n", "window", "depth", "local_size", "window_size"),
    "alpha": ("alpha", "α", "a"),
    "beta": ("beta", "β", "b"),
    "k": ("k", "bias"),
    "sigma": ("sigma", "σ", "s", "c50", "semisaturation", "semi_saturation"),
    "width": ("width", "std"),
    "power": ("power", "n", "exponent", "p"),
    "pool_weight": ("pool_weight", "gamma", "γ", "weight", "weights", "w"),
}


def spellings(setting: Setting) -> tuple[str, ...]:
    """The names of a setting; of one that is not listed its own and the paper's symbol.

    >>> from normlab import table
    >>> spellings(table["group"].settings[0])[:2]
    ('num_groups', 'groups')
    """
    own = (setting.name, *filter(str.isidentifier, [setting.symbol]))
    return SETTINGS.get(setting.name, own)
