"""Write docs/reference/cortex-numbers.md: published numbers of the V1 model beside ours.

It runs the laboratory, which takes minutes.

python docs/cortex_numbers.py
"""

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
by `make cortex-numbers`.
"""


def page() -> str:
    """The page, from a run of all phenomena with the standard set."""
    rows = compared(run("cortex").numbers)
    near = sum(not row[-1] for row in rows)
    return f"{INTRODUCTION.format(near=near, all=len(rows))}\n{markdown(HEADER, rows)}\n"


if __name__ == "__main__":
    write_all(PAGE.parent, {PAGE.name: page().encode()})
