"""Write docs/cortex-numbers.md: every published number of the V1 model beside ours. Runs the laboratory: minutes.

python docs/cortex_numbers.py
"""

from pathlib import Path

from normlab.lab import run
from normlab.lab.cortex.published import compared
from normlab.system.files import write_all
from normlab.system.markdown import markdown

PAGE = Path(__file__).parent / "cortex-numbers.md"
HEADER = ("number", "quantity", "source", "published", "ours", "difference", "remark")


def page() -> str:
    """The page, from a run of all phenomena with the standard set."""
    rows = compared(run("cortex").numbers)
    near = sum(not row[-1] for row in rows)
    return (
        "\n\n".join(
            [
                "# The numbers of the V1 model, published and ours",
                "`normlab run cortex` builds the model of Sawada & Petrov (2017) from its equations. Each number that "
                "the paper gives (*paper*), or that another model written from the same equations gave "
                "(*independent*), stands here beside ours; the first column is its name in numbers.json. "
                f"{near} of {len(rows)} are within 2 %; the others say why not. Written by `make docs`.",
                markdown(HEADER, rows),
            ]
        )
        + "\n"
    )


if __name__ == "__main__":
    write_all(PAGE.parent, {PAGE.name: page().encode()})
