"""Write docs/reference/cortex-numbers.md: published numbers of the V1 model beside ours.

python docs/cortex_numbers.py                  # runs the laboratory, which takes minutes
python docs/cortex_numbers.py numbers.json     # of a run of all of cortex, with the standard set
"""

import json
import os
import platform
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from normlab.lab import run
from normlab.lab.cortex.published import compared
from normlab.system.files import write_all
from normlab.system.markdown import markdown

PAGE = Path(__file__).parent / "reference" / "cortex-numbers.md"
HEADER = ("number", "quantity", "source", "published", "ours", "difference", "remark")


INTRODUCTION = """\
# The numbers of the V1 model, published and ours

`normlab run cortex` builds the model of Sawada & Petrov (2017) from its equations. Each number that the paper
gives (*paper*), or that another model from the same equations gave (*independent*), stands here beside ours;
the first column is its name in numbers.json. {near} of {all} are within 2 %; the others say why not. Written
by `make cortex-numbers` on {day.day} {day:%B %Y} ({machine}).
"""


def page(numbers: Mapping[str, float], day: date, machine: str) -> str:
    """The page, from a run of all phenomena with the standard set."""
    rows = compared(numbers)
    near = sum(not row[-1] for row in rows)
    introduction = INTRODUCTION.format(near=near, all=len(rows), day=day, machine=machine)
    return f"{introduction}\n{markdown(HEADER, rows)}\n"


def main(file: str = "") -> None:
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    if file:
        told = json.loads(Path(file).read_text(encoding="utf-8"))
        numbers, day = told["numbers"], date.fromisoformat(told["made"][:10])
    else:
        numbers, day = run("cortex").numbers, date.today()
    write_all(PAGE.parent, {PAGE.name: page(numbers, day, machine).encode()})


if __name__ == "__main__":
    main(*sys.argv[1:2])
