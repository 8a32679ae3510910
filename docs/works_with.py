"""The page docs/reference/works-with.md: what torch's users do with a layer, and with which of ours it works.

A test says which cell it fills by `@pytest.mark.works("fx")`; of which layer, by its parameter `layer` or by
`@pytest.mark.works("FSDP2", *layers)`. `make docs` writes the page from the tests' reports, as it does
coverage.md; a run of the whole suite fails when the page says anything else (tests/conftest.py).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PAGE = Path(__file__).parent / "reference" / "works-with.md"
YES, NO, MISSING, FAILS = "✓", "refused", "missing", "fails"
NOTE = "works with "  # before the use, in what a test's report notes
USES = {
    "fx": "`torch.fx.symbolic_trace` and feature extraction: recorded whole, it obeys train() and eval()",
    "trace and save": "`torch.jit.trace`, saved and loaded, for another number of samples, in evaluation",
    "script": "`torch.jit.script`",
    "compile": "`torch.compile(fullgraph=True)`, forward and backward",
    "compile, dynamic": "`torch.compile(fullgraph=True, dynamic=True)`, for another number of samples",
    "export": "`torch.export` with any number of samples, in evaluation",
    "meta": "forward and construction on the meta device, `to_empty` and `reset_parameters`",
    "reset_parameters": "the first values, whatever happened since",
    "deepcopy": "`copy.deepcopy` is the same and shares nothing",
    "pickle": "`pickle`, `torch.save` and `torch.load`",
    "state_dict": "into a new layer, strictly",
    "functional_call": "`torch.func.functional_call` with other parameters",
    "grad": "first derivatives are finite differences",
    "jvp": "forward mode, by `torch.func.jvp` and dual numbers",
    "second derivatives": "reverse and forward over reverse are finite differences",
    "hessian": "`torch.func.hessian`, and every order of forward and reverse",
    "vmap": "`torch.func.vmap` of outputs, gradients and statistics is a loop",
    "checkpoint": "activation checkpointing: the same gradients, statistics updated once",
    "autocast": "bfloat16 autocast in a network, forward and backward",
    "DDP": "DistributedDataParallel over two processes: the mean of both gradients",
    "FSDP2": "`fully_shard` over two processes trains as one",
    "fuse": "`fuse_modules` with `normlab.nn.fuse_custom_config()` folds a batch norm into its convolution",
    "QAT": "quantisation-aware training: prepared, trained, converted",
    "quantise": "`quantize_dynamic`, and static quantisation with the layer left in float",
    "parametrize": "`torch.nn.utils.parametrize` of a parameter",
    "prune": "`torch.nn.utils.prune` of a parameter",
    "weight sharing": "two layers with the same parameters get the sum of their gradients",
    "empty batch": "no sample gives no output, and gradients of zero",
}
# use → why not, and the way out
REFUSED = {
    "script": "the language of TorchScript, which torch no longer develops, is too small for these "
    "layers; `torch.jit.trace` and `torch.export` work.",
}
# (use, layers) → why there is no cell
WITHOUT = {
    "fuse": "only a batch norm with running statistics of its own can be folded into a convolution",
    "QAT": "as fuse; other layers stay as they are in a network prepared for it",
    "parametrize": "a layer without parameters",
    "prune": "a layer without parameters",
    "weight sharing": "a layer without parameters",
    "DDP": "a layer without parameters",
    "FSDP2": "a layer without parameters",
}

Pair = tuple[str, str]  # use, layer


@dataclass
class Uses:
    """The tests of each pair that passed, and the pairs of which one failed."""

    passed: dict[Pair, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))
    failed: set[Pair] = field(default_factory=set)

    def add(self, noted: Iterable[tuple[str, object]], nodeid: str, passed: bool) -> None:
        path, _, name = nodeid.partition("[")[0].partition("::")
        for note, layer in noted:
            pair = note.removeprefix(NOTE), str(layer)
            if note.startswith(NOTE) and passed:
                self.passed[pair].add((path, name))
            elif note.startswith(NOTE):
                self.failed.add(pair)

    def state(self, pair: Pair) -> str:
        if pair in self.failed:
            return FAILS
        if pair in self.passed:
            return NO if pair[0] in REFUSED else YES
        return "–" if pair[0] in WITHOUT else MISSING


def pairs(use: str, layers: Sequence[str]) -> list[tuple[str, str]]:
    """The notes of a test's report for these cells."""
    if use not in USES or not layers:
        raise ValueError(f"works({use!r}): no such use in docs/works_with.py, or no layer")
    return [(NOTE + use, layer) for layer in layers]


def page(uses: Uses, layers: Sequence[str]) -> str:
    header = ["layer", *USES]
    rows = [[layer, *(_cell(uses, (use, layer)) for use in USES)] for layer in layers]
    lines = ["| " + " | ".join(line) + " |" for line in (header, ["---"] * len(header), *rows)]
    parts = [
        "# What works with what",
        f"{len(layers)} configurations of the layers × {len(USES)} uses. {YES} leads to the test that "
        f"passed; {NO} to the test of the refusal, whose reason and way out are below; – has no meaning.",
        "\n".join(lines),
        "## The uses",
        "\n".join(_use(name) for name in USES),
        "Files of ONNX are tested where ONNX is installed: `make test-frameworks`.",
    ]
    return "\n\n".join(parts) + "\n"


def _cell(uses: Uses, pair: Pair) -> str:
    state = uses.state(pair)
    if state not in (YES, NO):
        return state
    file, name = min(uses.passed[pair])
    return f'[{state}](../../{file} "{name}")'


def _use(name: str) -> str:
    refused = f". Refused: {REFUSED[name]}" if name in REFUSED else ""
    without = f"; – for {WITHOUT[name]}" if name in WITHOUT else ""
    return f"- **{name}**: {USES[name]}{without}{refused}"


def complaint(uses: Uses, layers: Sequence[str], text: str) -> str:
    """Empty if the page is as it would be written."""
    return (
        "" if text == page(uses, layers) else f"docs/reference/{PAGE.name} is stale: run make docs"
    )
