"""Time of the C++ kernels against torch's own function, the twin of torch's operators and a plain copy.

Interleaved rounds in one process; each figure is the median over rounds of a ratio within the round. The
floor is a copy of x forward, and with backward that copy and a triad (two arrays read, one written).
Every result is compared with the twin's before it is timed.

    python benchmarks/kernels.py [--rounds 15] [--threads 2] [--only LRN] [--no-torch]

Above 32 MiB glibc gives each array new pages, which costs more than a kernel: the figures of the docs were
measured with MALLOC_MMAP_THRESHOLD_=4294967296 MALLOC_TRIM_THRESHOLD_=17179869184 MALLOC_TOP_PAD_=1073741824.
"""

import argparse
import platform
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import torch
import torch.nn.functional as F
from rich.progress import track
from torch import Tensor

from normlab import functional
from normlab.kernels import native
from normlab.kernels.moments import moments

Function = Callable[[Tensor], Tensor]
LAST = torch.channels_last


@dataclass(frozen=True)
class Case:
    name: str
    shape: tuple[int, ...]
    ours: Function
    torchs: Function | None = None
    dtype: torch.dtype = torch.float32
    order: torch.memory_format = torch.contiguous_format

    def drawn(self) -> Tensor:
        return torch.randn(self.shape).to(self.dtype).contiguous(memory_format=self.order)


def lrn(x: Tensor) -> Tensor:
    return functional.local_response_norm(x, 5)


def window(**settings: object) -> Function:
    return lambda x: functional.divisive_norm(x, **settings)  # pyright: ignore[reportArgumentType]


def batch(x: Tensor) -> Tensor:
    return functional.batch_norm(x, None, None, training=True)


def torchs_batch(x: Tensor) -> Tensor:
    return F.batch_norm(x, None, None, training=True)


def norm(function: Function, torchs: Callable[..., Tensor], shape: tuple[int, ...], **rest: object):
    """A case of batch or RMS normalisation in one of its sizes, dtypes or layouts."""
    kind = {torch.bfloat16: ", bfloat16", torch.float16: ", float16"}.get(rest.get("dtype"), "")  # pyright: ignore
    order = ", channels_last" if rest.get("order") == LAST else ""
    return Case(f"{function.__name__}{order}{kind}", shape, function, torchs, **rest)  # pyright: ignore


def rms(x: Tensor) -> Tensor:
    return functional.rms_norm(x, x.shape[-1:])


def torchs_rms(x: Tensor) -> Tensor:
    return F.rms_norm(x, x.shape[-1:])


BATCHES = [(32, 64, 56, 56), (32, 256, 14, 14), (8, 64, 112, 112), (8, 16, 16, 16)]
TABLES = [(4096, 512), (65536, 64), (512, 64)]
TOKENS = [(8192, 768), (256, 768), (64, 128)]
HALF = {"dtype": torch.bfloat16}
NORMS = [
    *(norm(batch, torchs_batch, shape) for shape in BATCHES + TABLES),
    *(norm(batch, torchs_batch, shape, order=LAST) for shape in BATCHES),
    *(norm(batch, torchs_batch, shape, **HALF) for shape in BATCHES[:2]),
    norm(batch, torchs_batch, BATCHES[0], order=LAST, **HALF),
    *(norm(rms, torchs_rms, shape) for shape in TOKENS),
    *(norm(rms, torchs_rms, TOKENS[0], dtype=dtype) for dtype in (torch.bfloat16, torch.float16)),
]
IMAGE, LARGE = (32, 64, 56, 56), (32, 64, 55, 55)
CASES = [
    Case("LRN", (32, 96, 27, 27), lrn, lambda x: F.local_response_norm(x, 5)),
    Case("LRN, large", LARGE, lrn, lambda x: F.local_response_norm(x, 5)),
    Case("LRN, channels_last", LARGE, lrn, order=LAST),
    Case("LRN, bfloat16", LARGE, lrn, dtype=torch.bfloat16),
    Case("LRN, power 0.6", LARGE, lambda x: functional.local_response_norm(x, 5, beta=0.6)),
    Case("divisive, channels", IMAGE, window()),
    Case("divisive, box 7", IMAGE, window(size=7, window="box")),
    Case("divisive, box 7, channels_last", IMAGE, window(size=7, window="box"), order=LAST),
    Case("divisive, box 31", IMAGE, window(size=31, window="box")),
    Case("divisive, Gaussian 7", IMAGE, window(size=7)),
    Case("divisive, Gaussian 15", IMAGE, window(size=15)),
    Case("divisive, box 7 within channels", IMAGE, window(size=7, window="box", over="s")),
    Case("divisive, box 7, 5 channels", IMAGE, window(size=7, window="box", channel_size=5)),
    Case("divisive, box 7, one sample", (1, 64, 112, 112), window(size=7, window="box")),
    Case("local contrast", IMAGE, lambda x: functional.local_contrast_norm(x)),
]


def without_kernels(run: Callable[[], object]) -> Callable[[], object]:
    def call() -> object:
        with native.forced("off"):
            return run()

    return call


def jobs_of(case: Case, backward: bool, torchs: bool) -> dict[str, Callable[[], object]]:
    x, g = case.drawn(), case.drawn()
    y, z = torch.empty_like(x), torch.empty_like(x)
    leaf = x.clone().requires_grad_()

    def floor() -> None:
        y.copy_(x)
        if backward:
            torch.add(y, g, out=z)

    def timed(function: Function) -> Callable[[], object]:
        if not backward:
            return lambda: function(x)
        return lambda: torch.autograd.grad(function(leaf), leaf, g)

    ours = timed(case.ours)
    jobs = {"floor": floor, "ours": ours, "twin": without_kernels(ours)}
    return jobs | ({"torch": timed(case.torchs)} if case.torchs and torchs else {})


def check(case: Case) -> None:
    x = case.drawn()
    with native.forced("off"):
        expected = case.ours(x).float()
    share = 1e-4 if case.dtype == torch.float32 else 2e-2
    torch.testing.assert_close(case.ours(x).float(), expected, rtol=share, atol=share)


def ratios(jobs: dict[str, Callable[[], object]], rounds: int, own: str) -> dict[str, float]:
    """The median over rounds of each job's time to that of `own`; the first round only warms up."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds + 1):
        for name in random.sample(list(jobs), len(jobs)):
            start = time.perf_counter()
            jobs[name]()
            times[name].append(time.perf_counter() - start)
    return {
        name: statistics.median(a / b for a, b in zip(found[1:], times[own][1:], strict=True))
        for name, found in times.items()
    }


def line(case: Case, rounds: int, torchs: bool) -> str:
    check(case)
    cells: dict[str, list[str]] = {"floor": [], "torch": [], "twin": []}
    for backward in (False, True):
        with torch.set_grad_enabled(backward):
            found = ratios(jobs_of(case, backward, torchs), rounds, "ours")
        for name, cell in cells.items():
            value = found.get(name)
            share = 1 / value if value and name == "floor" else value
            cell.append("–" if share is None else f"{share:.1f}")
    shown = " | ".join(" / ".join(cell) for cell in cells.values())
    return f"| {case.name} | {' × '.join(map(str, case.shape))} | {shown} |"


def moments_line(shape: tuple[int, ...], rounds: int) -> str:
    x = torch.randn(shape)
    found = ratios({"ours": lambda: moments(x), "read": lambda: x.sum()}, rounds, "ours")
    return f"| moments | {' × '.join(map(str, shape))} | {100 * found['read']:.0f} % |"


def main() -> None:
    parser = argparse.ArgumentParser(description="Time of the C++ kernels, as ratios.")
    parser.add_argument("--rounds", type=int, default=15, help="interleaved rounds (default: 15)")
    parser.add_argument("--threads", type=int, default=2, help="threads (default: 2)")
    parser.add_argument("--only", default="", help="cases whose name begins so")
    parser.add_argument("--no-torch", action="store_true", help="leave torch's own function out")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    print(
        f"{date.today()}, {platform.machine()}, torch {torch.__version__}, {given.threads} threads"
    )
    print(native.status(), end="\n\n")
    print("forward / with backward | x | our time ÷ floor | torch ÷ ours | twin ÷ ours")
    chosen = [case for case in CASES + NORMS if case.name.startswith(given.only)]
    for case in track(chosen, "Timing", transient=True):
        print(line(case, given.rounds, not given.no_torch), flush=True)
    if "moments".startswith(given.only):
        print("\nmoments to the fourth power | x | speed, of a plain sum of the same array")
        for shape in ((1_000_000, 20), (4_000_000, 4), IMAGE):
            print(moments_line(shape, given.rounds), flush=True)


if __name__ == "__main__":
    main()
