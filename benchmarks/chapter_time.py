"""Wall time of the whole chapter against a plain script that draws two of its figures.

Both are whole processes, run in turn; what counts is the median of the ratios.

    python benchmarks/chapter_time.py [--rounds 7]
"""

import argparse
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

HERE = Path(__file__).parent
NORMLAB = Path(sys.executable).with_name("normlab")


def seconds(*command: object) -> float:
    start = time.perf_counter()
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="interleaved rounds (default: 7)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        plain = (sys.executable, HERE / "plain_chapter.py", folder)
        whole = (NORMLAB, "run", "chapter", "--out", folder)
        for command in (plain, whole):  # warm the disk's cache
            seconds(*command)
        pairs = [(seconds(*plain), seconds(*whole)) for _ in range(rounds)]
    ratios = sorted(b / a for a, b in pairs)
    print(
        f"{date.today()}, {platform.machine()}, Python {platform.python_version()}, {rounds} rounds"
    )
    print(f"plain script, 2 figures: {statistics.median(a for a, _ in pairs):.2f} s")
    print(f"normlab run chapter:     {statistics.median(b for _, b in pairs):.2f} s")
    print(
        f"ratio: median {statistics.median(ratios):.2f}, from {ratios[0]:.2f} to {ratios[-1]:.2f}"
    )


if __name__ == "__main__":
    main()
