"""The V1 model's bank and pool: images a second by grid size, and of `V1Block`.

python benchmarks/cortex.py
"""

import time

import torch

from normlab.lab.cortex.model import V1
from normlab.nn import V1Block

GRIDS = (32, 64, 96, 128)
SIDES = (32, 64, 128)
ROUNDS = 3


def median(function, rounds=ROUNDS):
    """Median seconds of a call, after one that is not counted."""
    function()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def main():
    print(
        f"{torch.get_num_threads()} threads; 84 filters of 12 orientations × 7 frequencies, float32"
    )
    print("grid       bank, images/s   bank and pool, images/s   a further contrast, ms")
    for size in GRIDS:
        model = V1(size=size)
        images = torch.rand(4, size, size) - 0.5
        bank = median(lambda model=model, images=images: model.maps(images)) / len(images)
        once = median(lambda model=model, images=images: model.respond(images)) / len(images)
        ten = torch.linspace(0.1, 1.0, 10)
        more = median(lambda model=model, images=images, ten=ten: model.respond(images, ten)) / len(
            images
        )
        print(
            f"{size:4} × {size:<4}{1 / bank:14.1f}{1 / once:26.1f}{1e3 * (more - once) / 9:25.2f}"
        )
    for window in ("gaussian", "box"):
        block = V1Block(window=window)
        for side in SIDES:
            x = torch.rand(1, 1, side, side) - 0.5
            with torch.no_grad():
                seconds = median(lambda block=block, x=x: block(x), 3)
            print(f"V1Block({window}), {side} × {side}: {1 / seconds:.2f} images/s")


if __name__ == "__main__":
    main()
