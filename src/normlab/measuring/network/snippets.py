"""Source code and JSON with the statistics in it, to be pasted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from normlab.safe import json_text, python_literal

if TYPE_CHECKING:
    from normlab.measuring.measured import Measured

MOST = 32  # features whose numbers are written out
_WIDTH = 78  # as much as a page shows


@dataclass(frozen=True)
class Snippet:
    """title: where it is pasted; text: Python or JSON, lines of it."""

    title: str
    text: str


def snippets(measured: "Measured") -> list[Snippet]:
    """What fits the data, the likeliest first; of many features what reads them from the file."""
    if len(measured.names) > MOST:
        return [Snippet("PyTorch, from the file of the statistics", _FROM_FILE)]
    found = [Snippet("PyTorch", _torch(measured)), Snippet("JSON", _json(measured))]
    if measured.kind == "images":
        found.insert(0, Snippet("torchvision", normalize_line(measured)))
        found.append(Snippet("Keras, for images with channels last", _keras(measured)))
    else:
        found.insert(0, Snippet("scikit-learn", _sklearn(measured)))
        found.append(Snippet("Keras", _keras(measured)))
    return found


_AXIS = "# for features on the last axis; for (N, C, height, width) both take .view(-1, 1, 1)"
_FROM_FILE = """import normlab
layer = normlab.Measured.load("stats.json").as_module()"""


def normalize_line(measured: "Measured") -> str:
    """The line for torchvision, with as many digits as people write: all of them are in the JSON.

    Constant channels are divided by 1.
    """
    mean, std = _mean_and_divisor(measured)
    digits = _digits(np.concatenate([mean, std]))
    written = [", ".join(f"{value:{digits}}" for value in values) for values in (mean, std)]
    return f"transforms.Normalize(mean=[{written[0]}], std=[{written[1]}])"


def _digits(values: np.ndarray) -> str:
    """Four decimals where that is four digits or nearly, else six digits."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    return ".4f" if not sizes.size or (sizes.min() >= 0.01 and sizes.max() < 10) else ".6g"


def _mean_and_divisor(measured: "Measured") -> tuple[np.ndarray, np.ndarray]:
    std = measured.std(0).numpy()
    return measured.mean.numpy(), np.where(std == 0, 1.0, std)


def _torch(measured: "Measured") -> str:
    mean, std = _mean_and_divisor(measured)
    after = ".view(-1, 1, 1)" if measured.kind == "images" else ""
    lines = [
        *_assigned("mean", mean, f"torch.tensor([{{}}]){after}"),
        *_assigned("std", std, f"torch.tensor([{{}}]){after}"),
    ]
    where = [] if measured.kind in ("images", "table") else [_AXIS]
    return "\n".join([*where, *lines, "x = (x - mean) / std"])


def _json(measured: "Measured") -> str:
    mean, std = _mean_and_divisor(measured)
    held: dict[str, Any] = {"names": list(measured.names)}
    if measured.scale is not None:
        held["scale"] = measured.scale
    held |= {"mean": _plain(mean), "std": _plain(std)}
    return "{\n" + ",\n".join(_json_lines(key, value) for key, value in held.items()) + "\n}"


def _json_lines(key: str, value: Any) -> str:
    line = f'  "{key}": {json_text(value, indent=None)}'
    if len(line) <= _WIDTH or not isinstance(value, list):
        return line
    lines = _filled([json_text(item) for item in value], "    ")
    return "\n".join([f'  "{key}": [', *lines[:-1], lines[-1].rstrip(","), "  ]"])


def _sklearn(measured: "Measured") -> str:
    mean, constant = measured.mean.numpy(), bool((measured.var(0) == 0).any())
    variance = "np.where(scaler.var_ == 0, 1, scaler.var_)" if constant else "scaler.var_"
    count = measured.count.tolist()
    seen = [str(n) for n in count]
    lines = [
        "import numpy as np",
        "from sklearn.preprocessing import StandardScaler",
        "",
        "scaler = StandardScaler()",
        *_assigned("scaler.mean_", mean, "np.array([{}])"),
        *_assigned("scaler.var_", measured.var(0).numpy(), "np.array([{}])"),
        f"scaler.scale_ = np.sqrt({variance})",
        f"scaler.n_features_in_ = {len(mean)}",
        *(
            [f"scaler.n_samples_seen_ = {seen[0]}"]
            if len(set(seen)) == 1
            else _wrapped("scaler.n_samples_seen_", seen, "np.array([{}])")
        ),
    ]
    if measured.kind == "table":
        names = [python_literal(name) for name in measured.names]
        lines += _wrapped("scaler.feature_names_in_", names, "np.array([{}], dtype=object)")
    return "\n".join(lines)


def _keras(measured: "Measured") -> str:
    lines = [
        "import keras",
        "",
        *_assigned("mean", measured.mean.numpy(), "[{}]"),
        *_assigned("variance", measured.var(0).numpy(), "[{}]"),
        "layer = keras.layers.Normalization(axis=-1, mean=mean, variance=variance)",
    ]
    return "\n".join(lines)


def _assigned(name: str, values: np.ndarray, pattern: str) -> list[str]:
    return _wrapped(name, [python_literal(value) for value in values.tolist()], pattern)


def _wrapped(name: str, written: Sequence[str], pattern: str) -> list[str]:
    """`name = pattern`, over several lines where one would be long."""
    line = f"{name} = {pattern.format(', '.join(written))}"
    if len(line) <= _WIDTH:
        return [line]
    before, after = pattern.split("{}")
    return [f"{name} = {before}", *_filled(written, "    "), after]


def _filled(written: Sequence[str], indent: str) -> list[str]:
    """Items with commas after them, as many to a line as there is room for."""
    lines = [""]
    for item in written:
        if lines[-1] and len(f"{indent}{lines[-1]} {item},") > _WIDTH:
            lines.append("")
        lines[-1] += f"{' ' if lines[-1] else ''}{item},"
    return [indent + line for line in lines]


def _plain(values: np.ndarray) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]
