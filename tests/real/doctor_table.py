"""make doctor-networks: fifty architectures with random weights, what the doctor finds, in what time.

Seconds are the processor's, on one thread; a forward pass of the same two batches stands beside them.
"""

import sys
import time
import warnings
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent)]
import torch  # noqa: E402
from architectures import TIMM, TORCHVISION, images, made, untrue  # noqa: E402

from normlab.doctor import examine  # noqa: E402


def row(name: str) -> tuple[int, float, float, list[str]]:
    """Layers, seconds of two forward passes, seconds of the examination, codes."""
    model, batches = made(name), images(name)
    start = time.process_time()
    with torch.no_grad():
        for x in batches:
            model(x)
    between = time.process_time()
    report = examine(model, batches)
    codes = sorted({finding.code for finding in report.findings})
    return len(report.layers), between - start, time.process_time() - between, codes


def main() -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    total, wrong = 0.0, 0
    print(f"{'':26}layers  forward  examine   found")
    for name in TORCHVISION + TIMM:
        layers, alone, seconds, codes = row(name)
        total, wrong = total + seconds, wrong + len(untrue(name, set(codes)))
        print(f"{name:26}{layers:6}{alone:9.2f}{seconds:9.2f}   {', '.join(codes)}", flush=True)
    print(f"{len(TORCHVISION + TIMM)} networks in {total:.0f} s; untrue findings: {wrong}")


if __name__ == "__main__":
    main()
