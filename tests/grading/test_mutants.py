"""Right implementations changed in one place: what each change is named, and how many are (`make zoo`)."""

import mutants
import pytest

# source, a part of it, what stands there instead, and the names
CHANGED = (
    ("batch_torch_style", "var * n / (n - 1) -", "n / (n - 1) -", ["bessel_in_running"]),
    ("batch_torch_style", "n = x.numel() / x.shape[1]", "n = x.numel()", ["bessel_in_running"]),
    ("batch_plain_class", "self.momentum * mean\n", "self.momentum\n", ["running_formula"]),
    (
        "batch_plain_class",
        "unbiased = x.var(dim)",
        "unbiased = x.var()",
        ["running_over_wrong_axes"],
    ),
    ("batch_numpy", "gamma * x_hat", "gamma / x_hat", ["divided_by_normalised"]),
    ("batch_numpy", "gamma * x_hat", "gamma", ["wrong_shape"]),
    ("layer_transformer_style", "(x - mean) /", "1 /", ["numerator_missing"]),
    ("layer_transformer_style", "* (x - mean) /", "/ (x - mean) /", ["numerator_inverted"]),
    (
        "batch_function_of_x",
        "centered).sum(0) / len(x)",
        "centered).sum(0) * len(x)",
        ["multiplied_by_count"],
    ),
    (
        "group_reshaped",
        "x.reshape(size[0], self.G, -1)",
        "x.movedim(1, -1).reshape(size[0], self.G, -1)",
        ["groups_scrambled"],
    ),
    (
        "group_reshaped",
        "x = x.reshape(size)",
        "x = x.reshape(size[0], self.G, size[1] // self.G, -1).transpose(1, 2).reshape(size)",
        ["groups_scrambled"],
    ),
    (
        "group_reshaped",
        "x.reshape(size[0], self.G, -1)",
        "x.reshape(self.G, -1)",
        ["groups_over_batch"],
    ),
    (
        "group_reshaped",
        "x.mean(-1, keepdim=True)",
        "x.median(-1, keepdim=True).values",
        ["median_for_mean"],
    ),
    ("batch_numpy", "np.mean(x, axis=0)", "np.median(x, axis=0)", ["median_for_mean"]),
    ("lrn_loop", "alpha / size * total", "alpha * size * total", ["alpha_misplaced"]),
    ("lrn_loop", "k + alpha", "k - alpha", ["pool_subtracted"]),
    ("lrn_loop", "(size - 1) // 2 + 1)", "(size - 1) // 2 - 1)", ["window_misplaced"]),
    ("local_contrast_gaussian", "2 * width**2", "width**2", ["window_width"]),
    ("local_contrast_gaussian", "-(line**2)", "-line.abs()", ["window_weights"]),
    (
        "local_contrast_gaussian",
        "line = torch.exp",
        "line = torch.ones(size) if size else torch.exp",
        ["window_weights"],
    ),
    ("local_contrast_gaussian", "/ weights", "/ weights * x.shape[1]", ["window_channels"]),
    (
        "local_contrast_gaussian",
        "F.pad(a, pad), kernel) / weights",
        "F.pad(a, pad), kernel) / kernel.sum()",
        ["window_edges"],
    ),
    (
        "local_contrast_gaussian",
        "size / 4 if width is None else width",
        "size / 4",
        ["ignored_setting"],
    ),
    ("gdn1_einsum", ") + pool)", ") - pool)", ["pool_subtracted"]),
    ("divisive_equation_10", "sigma**n + drive", "sigma**n - drive", ["pool_subtracted"]),
    ("divisive_equation_10", "sum(1, ", "sum(-1, ", ["wrong_axis"]),
    ("l2_clamped", "pow(2)", "pow(3)", ["not_squared"]),
    ("gdn_conv", "x**2", "x**1", ["not_squared"]),
    (
        "batch_d2l_images",
        "mean = X.mean(dim=(0, 2, 3)",
        "mean = X.mean(dim=1",
        ["running_shape", "wrong_axis"],
    ),
    (
        "batch_d2l_images",
        "var = ((X - mean) ** 2).mean(dim=0)",
        "var = (X**2).mean(dim=0)",
        ["variance_about_wrong_mean"],
    ),
)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numpy divides by zero
@pytest.mark.parametrize(
    ("source", "part", "instead", "names"), CHANGED, ids=[f"{c[0]}: {c[2]}" for c in CHANGED]
)
def test_a_change_is_named(tmp_path, source, part, instead, names):
    text = (mutants.RIGHT / f"{source}.py").read_text()
    assert part in text
    (tmp_path / f"{source}.py").write_text(text.replace(part, instead, 1))
    assert mutants.names_of(tmp_path / f"{source}.py") == names


@pytest.mark.slow
def test_most_mutants_of_other_sources_are_named(tmp_path):
    noticed, named, count = mutants.shares(mutants.all_tried(tmp_path, mutants.OTHERS, every=16))
    assert noticed >= 0.9
    assert named >= 0.7
    assert not count["false alarm"]
