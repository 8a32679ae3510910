"""Right implementations, each changed in one place: a term dropped, an axis swapped, a constant changed.

A mutant is graded as any file is, in this process. It counts if it changes a number on inputs that grading
does not use. It is named rightly if what was named, as a recipe, gives its numbers on these inputs too.
"""

import ast
import copy
import sys
import tempfile
import warnings
import zlib
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from pathlib import Path

import torch

from normlab.grading.judge.compare import agrees, tolerance
from normlab.grading.judge.findings import findings
from normlab.grading.judge.judging import observed
from normlab.grading.judge.naming import PHASES
from normlab.grading.judge.plan import adapted, scenarios
from normlab.grading.judge.request import request
from normlab.grading.judge.scenario import base, whole_numbers
from normlab.grading.learner.functions import Function
from normlab.grading.learner.layers import Layer
from normlab.grading.learner.loading import chosen, load
from normlab.grading.rows import inputs

RIGHT = Path(__file__).parent / "zoo" / "right"
TUNED = (  # the mistakes that grade knows were completed on mutants of these
    *("batch_torch_style", "batch_plain_class", "batch_lazy", "batch_d2l_images", "batch_numpy"),
    *("batch_eps_fixed", "layer_many_dims", "layer_transformer_style", "layer_function"),
    *("group_reshaped", "instance_affine_optional", "rms_llama_style", "lrn_loop", "l2_clamped"),
    *("gdn1_einsum", "gdn_conv", "divisive_equation_10", "local_contrast_gaussian"),
)
OTHERS = (  # and on none of these
    *("batch_d2l_layer", "batch_functional", "batch_keras_style", "batch_numpy_class"),
    *("batch_rows_of_pixels", "layer_std", "layer_numpy", "group_chunks", "instance_einsum"),
    *("rms_t5_style", "lrn_cumsum", "l2_numpy", "gdn_matmul", "gdn1_loop", "divisive_channels"),
    *("lcn_unfold", "lcn_loop"),
)
_SWAPPED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
_CONSTANTS = {0: (1,), 1: (0, 2), 2: (1, 3), -1: (0, 1), 0.5: (1.0,)}
_COMPARED = ("y", "slope", "mean", "var")
_SEEN_AS_ERRORS = {
    *("raises", "wrong_shape", "not finished", "returns_nothing", "weight_shape", "running_shape"),
}
_POOLING = {"mean", "var", "std", "sum"}


def mutants(source):
    """(what was done, the changed source) for every place where something can be changed."""
    tree = ast.parse(source)
    for place, node in enumerate(ast.walk(tree)):
        for said, change in _changes(node, _defaults(tree)):
            changed = copy.deepcopy(tree)
            target = next(n for i, n in enumerate(ast.walk(changed)) if i == place)
            if change(target):
                yield f"line {node.lineno}: {said}", ast.unparse(ast.fix_missing_locations(changed))


def _defaults(tree):
    """Constants that are defaults of parameters, which no call of the grading uses."""
    return {
        id(part)
        for node in ast.walk(tree) if isinstance(node, ast.arguments)
        for default in (*node.defaults, *node.kw_defaults) if default is not None
        for part in ast.walk(default)
    }  # fmt: skip


def _changes(node, defaults):
    if isinstance(node, ast.BinOp) and type(node.op) in _SWAPPED:
        yield "the right term dropped", lambda n: _become(n, n.left)
        if isinstance(node.op, ast.Add | ast.Mult):
            yield "the left term dropped", lambda n: _become(n, n.right)
        yield "the operator swapped", lambda n: _set(n, "op", _SWAPPED[type(n.op)]())
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _POOLING
    ):
        for said, value in (("0", 0), ("1", 1), ("-1", -1)):
            yield f"the axis {said}", lambda n, v=value: _axis(n, v)
    if (
        isinstance(node, ast.Constant)
        and id(node) not in defaults
        and type(node.value) in (int, float)
    ):
        for value in _CONSTANTS.get(node.value, ()):
            yield f"{node.value} becomes {value}", lambda n, v=value: _set(n, "value", v)
    if isinstance(node, ast.Constant) and type(node.value) is bool:
        yield f"{node.value} turned", lambda n: _set(n, "value", not n.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "the sign dropped", lambda n: _become(n, n.operand)


def _set(node, field, value):
    setattr(node, field, value)
    return True


def _become(node, other):
    """Put another node in a node's place."""
    node.__class__ = other.__class__
    node.__dict__ = dict(other.__dict__)
    return True


def _axis(call, value):
    """Give a pooling call another axis, where it has one of its own."""
    held = next((k for k in call.keywords if k.arg in ("dim", "axis")), None)
    before = held.value if held else call.args[0] if call.args else None
    after = ast.parse(str(value), mode="eval").body
    if before is None or ast.dump(before) == ast.dump(after):
        return False
    if held:
        held.value = after
    else:
        call.args[0] = after
    return True


class InProcess:
    """A learner's code asked without a process of its own; it is ours."""

    spare = False  # no time for the smallest input that shows it

    def __init__(self, path):
        target, row = chosen(load(path), path, None, None)
        self.subject = (Layer if isinstance(target, type) else Function)(target, row, path)
        self.offered = self.subject.offer()

    def __call__(self, asked):
        return self.subject.answer(copy.deepcopy(asked))


@dataclass
class Tried:
    """What became of a mutant."""

    source: str
    said: str
    outcome: str  # same, unnoticed, named, misnamed, unknown, error
    names: tuple[str, ...]


def fresh(work):
    """Scenarios as grading has them, with other numbers."""
    row, offer, forms = work.row, work.offer, work.forms
    plain = [adapted(base(row, form), row, offer) for form in forms]
    return [_other_numbers(s, row) for s in (*plain, *scenarios(row, offer, forms)) if not s.square]


def _other_numbers(scenario, row):
    """With other x, as large as before: a fifth of the spread is drawn anew."""
    steps = []
    for i, step in enumerate(scenario.steps):
        new = _drawn(tuple(step.x.shape), row, 100 + i)
        size = step.x.abs().max().clamp_min(1e-30) / new.abs().max()
        steps.append(
            replace(step, x=step.x if scenario.check in ("constant", "offset") else new * size)
        )
    return replace(scenario, steps=tuple(steps))


def _drawn(shape, row, seed):
    """Numbers of which no channel has a mean near 0: what is divided by that would be all rounding."""
    draws = (whole_numbers(shape, inputs(row), number) for number in count(seed, 50))
    others = (0, *range(2, len(shape)))
    return next(new for new in draws if new.mean(others).abs().min() > 0.1)


@cache
def original(name):
    """The fresh scenarios of a source: what is asked, what it answers, how closely a mutant must agree."""
    right = InProcess(RIGHT / f"{name}.py")
    work = observed(right.offered, right, _convention(name))
    found = []
    for scenario in fresh(work):
        asked = request(scenario, work.offer)
        expected = _tensors(right(asked)["steps"])
        found.append((scenario, asked, expected, 4 * tolerance(work.row, scenario)))
    return found


def _convention(name):
    """The one that a source says it is graded by."""
    first, _, _ = (RIGHT / f"{name}.py").read_text().partition("\n")
    return first.removeprefix("# convention: ") if first.startswith("# convention: ") else ""


def tried(name, said, source, folder):
    """Grade one mutant."""
    place = folder / f"{name}_{zlib.crc32((said + source).encode())}.py"
    place.write_text(source)
    new = original(name)
    try:
        mutant = InProcess(place)
        work = observed(mutant.offered, mutant, _convention(name))
    except Exception as error:
        return Tried(name, said, "error", (type(error).__name__,))
    given = [mutant(asked)["steps"] for _, asked, _, _ in new]
    both = list(zip([s for s, *_ in new], given, strict=True))
    changed = [
        not agrees(s, seen, expected, share)
        for seen, (s, _, expected, share) in zip(given, new, strict=True)
    ]
    found = findings(work) if not work.unfinished else [{"name": "not finished"}]
    names = tuple(one["name"] for one in found)
    return Tried(name, said, _outcome(work, names, both, changed), names)


def names_of(path):
    """What the mistakes in a file are named."""
    learner = InProcess(path)
    return [one["name"] for one in findings(observed(learner.offered, learner, ""))]


def _tensors(steps):
    """A learner's answers as predictions are: tensors."""
    return [
        {
            k: torch.tensor(v, dtype=torch.float64)
            for k, v in step.items()
            if k in _COMPARED and v is not None
        }
        for step in steps
    ]


def _outcome(work, names, both, changed):
    if not any(changed):
        return "false alarm" if names else "same"
    if all("error" in seen[-1] for c, (_, seen) in zip(changed, both, strict=True) if c):
        return "error"
    if not names:
        return "unnoticed"
    if "unknown" in names:
        return "unknown"
    if set(names) & _SEEN_AS_ERRORS:
        return "error"
    return "named" if all(_given(work, s, b) for s, b in both) else "misnamed"


def _given(work, scenario, seen):
    """Whether what was named gives a mutant's numbers on an input that was not graded."""
    phase = scenario.check if scenario.check in PHASES else "training"
    recipe = work.named.recipes.get(phase)
    if recipe is None:
        return False
    here = adapted(scenario, work.row, work.offer)
    share = max(4 * tolerance(work.row, here), 2e-2 if recipe.half else 0.0, recipe.loose)
    return agrees(here, seen, recipe.predict(here, seen), share)


def all_tried(folder, sources, every=1):
    """Each so many-th mutant of some sources."""
    found = []
    for name in sources:
        for said, source in mutants((RIGHT / f"{name}.py").read_text()):
            if zlib.crc32(f"{said} {name}".encode()) % every == 0:
                found.append(tried(name, said, source, folder))
    return found


def shares(found):
    """(noticed, named rightly) among the mutants that change a number and run."""
    count = Counter(one.outcome for one in found)
    ran = sum(count[k] for k in ("named", "misnamed", "unknown", "unnoticed"))
    return (ran - count["unnoticed"]) / ran, count["named"] / ran, count


def main(every=8):
    """What became of each so many-th mutant: of sources that it was tuned on, and of the others."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # of divisions by zero in numpy
    with tempfile.TemporaryDirectory() as place:
        for title, sources in (("it was tuned on", TUNED), ("it was not tuned on", OTHERS)):
            noticed, named, count = shares(all_tried(Path(place), sources, every))
            told = ", ".join(f"{number} {outcome}" for outcome, number in count.most_common())
            print(
                f"Mutants of sources that {title}: {noticed:.0%} noticed, {named:.0%} named rightly ({told})."
            )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
