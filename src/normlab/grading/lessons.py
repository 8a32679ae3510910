"""Which lesson a mistake shows to be worth repeating."""

from collections.abc import Mapping

# the lesson, and the mistakes that it would have spared
LESSONS: Mapping[str, tuple[str, ...]] = {
    "where the constant stands: ε under the root with the variance, σⁿ with the pool": (
        "std_plus_eps", "eps_added_to_rsqrt", "missing_eps", "missing_sigma", "eps_under_root",
        "eps_twice", "eps_squared", "eps_subtracted", "sigma_outside", "sigma_not_raised",
    ),
    "biased and unbiased variance: n to normalise, n − 1 for the running variance": (
        "bessel_in_batch", "bessel_missing_in_running", "bessel_in_running",
    ),
    "the formula itself: subtract the mean, square, average, take the root, divide": (
        "variance_not_rooted", "rooted_twice", "not_centered", "mean_square_for_variance", "centered",
        "mean_added", "variance_about_wrong_mean", "pool_missing", "pool_subtracted", "numerator_missing",
        "numerator_inverted", "multiplied_by_count", "median_for_mean",
        "not_divided", "multiplied_by_divisor", "sum_for_mean", "mean_for_sum", "not_squared",
        "not_rooted", "rooted", "wrong_power", "sign_lost", "drive_not_raised", "pool_not_raised",
        "absolute_for_length", "largest_for_length", "mean_and_variance_swapped",
    ),
    "which numbers are pooled together: batch, channels, space, groups, windows": (
        "wrong_axis", "groups_interleaved", "groups_scrambled", "groups_for_channels", "groups_over_batch",
        "channels_last", "channels_not_moved", "window_is_radius", "window_too_short", "window_misplaced",
        "window_clipped", "window_edges", "window_not_normalised", "window_channels", "window_one_axis",
        "window_width", "window_weights", "alpha_not_divided", "alpha_misplaced", "pool_weight_transposed",
        "own_channel_only", "only_tables",
    ),
    "shapes and broadcasting: keepdim, and (1, C, 1, 1) for one number a channel": (
        "keepdim_forgotten", "affine_wrong_axis", "weight_shape", "wrong_shape", "running_shape",
    ),
    "weight and bias: y = weight · normalised + bias, which begin as 1 and 0": (
        "bias_scaled", "weight_and_bias_swapped", "weight_ignored", "bias_ignored", "affine_ignored",
        "one_plus_weight", "weight_divides", "weight_added", "bias_subtracted", "bias_multiplies",
        "divided_by_normalised",
        "other_start",
    ),
    "running averages: how momentum weighs the old and the new": (
        "momentum_reversed", "running_never_updated", "running_not_averaged", "running_weights",
        "running_formula", "running_plain_mean", "running_over_wrong_axes", "running_std",
        "running_var_starts_at_zero", "eps_in_running",
    ),
    "training and evaluation: the batch's statistics in one, the running ones in the other": (
        "running_always_updated", "eval_uses_batch", "train_uses_running", "no_running_statistics",
        "returns_nothing",
    ),
    "the gradient: it flows through mean and variance, and not into running statistics": (
        "gradient_cut", "gradient_without_weight", "graph_kept", "changes_input",
    ),
    "what a layer keeps: parameters are learned, buffers are saved with them": (
        "not_in_state_dict", "running_restarted", "not_a_parameter", "statistics_are_parameters",
    ),
    "rounding: differences of large numbers, and half precision": (
        "one_pass_variance", "half_precision", "wrong_dtype",
    ),
    "using the arguments that are given": ("ignored_setting",),
    "running one's own code on a small input before handing it in": (
        "raises", "endless", "crash", "memory", "forbidden", "unknown",
    ),
}  # fmt: skip
LESSON_OF = {name: lesson for lesson, names in LESSONS.items() for name in names}
