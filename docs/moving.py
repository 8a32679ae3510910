"""Write docs/pictures/moving.svg: the chapter's points, normalised eight at a time, by the library.

python docs/moving.py
"""

from pathlib import Path

import torch

from normlab import normalize
from normlab.data import chapter_points

PICTURE = Path(__file__).parent / "pictures" / "moving.svg"
BATCH, SHOWN = 8, 3  # one batch is coloured
LEFT, TOP, UNIT = -6.0, 4.0, 24  # what lies in the corner, and pixels for 1
WIDTH, HEIGHT = 27 * UNIT, 12 * UNIT
BEATS = (
    "128 points, in batches of 8",
    "subtract the batch's mean",
    "divide by its standard deviation",
)

STYLE = """
svg { font: 15px system-ui, sans-serif; --ink: #24262b; --soft: #8b8f98; --pool: #0072b2;
  background: #fdfdfb }
@media (prefers-color-scheme: dark) {
  svg { --ink: #e6e6e3; --soft: #8f949d; --pool: #57aee8; background: #16181d }
}
line, .unit { stroke: var(--soft); stroke-width: 1; fill: none }
.unit { stroke-dasharray: 3 3 }
text { fill: var(--ink) }
.p { fill: var(--soft); fill-opacity: .55; animation: travel 12s ease-in-out infinite;
  transform: translate(var(--a)) }
.pool { fill: var(--pool); fill-opacity: 1 }
@keyframes travel {
  0%, 15%, 97%, 100% { transform: translate(var(--a)) }
  32%, 45% { transform: translate(var(--b)) }
  62%, 90% { transform: translate(var(--c)) }
}
.t { opacity: 0; animation: 12s linear infinite }
.t0 { animation-name: first } .t1 { animation-name: second } .t2 { animation-name: third }
@keyframes first { 0%, 17%, 97%, 100% { opacity: 1 } 19%, 95% { opacity: 0 } }
@keyframes second { 0%, 19%, 48%, 100% { opacity: 0 } 21%, 46% { opacity: 1 } }
@keyframes third { 0%, 48%, 95%, 100% { opacity: 0 } 50%, 93% { opacity: 1 } }
@media (prefers-reduced-motion: reduce) {
  .p { animation: none; transform: translate(var(--c)) }
  .t { animation: none } .t2 { opacity: 1 }
}
"""


def beats() -> list[torch.Tensor]:
    """The points as they come, without their batch's center, and divided by its scale."""
    points = chapter_points().values
    found = [normalize(batch, "batch") for batch in points.split(BATCH)]
    centred = torch.cat([b - out.center for b, out in zip(points.split(BATCH), found, strict=True)])
    return [points, centred, torch.cat([out.y for out in found])]


def place(point: torch.Tensor) -> str:
    x, y = point.tolist()
    return f"{(x - LEFT) * UNIT:.0f}px,{(TOP - y) * UNIT:.0f}px"


def picture() -> str:
    dots = [
        f'<circle class="{"p pool" if at // BATCH == SHOWN else "p"}" r="4" style="'
        + ";".join(f"--{name}:{place(point)}" for name, point in zip("abc", stops, strict=True))
        + '"/>'
        for at, stops in enumerate(zip(*beats(), strict=True))
    ]
    x, y = -LEFT * UNIT, TOP * UNIT
    lines = [f'<line x1="0" x2="{WIDTH}" y1="{y:g}" y2="{y:g}"/>']
    lines += [f'<line x1="{x:g}" x2="{x:g}" y1="0" y2="{HEIGHT}"/>']
    lines += [f'<circle class="unit" cx="{x:g}" cy="{y:g}" r="{UNIT}"/>']
    words = [
        f'<text class="t t{at}" x="{WIDTH - 12}" y="26" text-anchor="end">{text}</text>'
        for at, text in enumerate(BEATS)
    ]
    title = "128 points move to the origin, and eight at a time get mean 0 and standard deviation 1"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{title}">\n<style>{STYLE}</style>\n'
        + "\n".join([*lines, *sorted(dots, key=lambda dot: "pool" in dot), *words])
        + "\n</svg>\n"
    )


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
    print(f"{PICTURE.name}: {len(picture()) / 1000:.0f} kB")
