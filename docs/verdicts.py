"""Run families of the laboratory in full and keep their verdicts, which the chapter, README and docs quote.

python docs/verdicts.py                 # all of them: about 12 minutes on two cores
python docs/verdicts.py training
"""

import argparse
import os
import time
from pathlib import Path

from normlab.lab.console import run_watched
from normlab.lab.experiment import summary
from normlab.lab.published import Published

FAMILIES = {"training": {"processes": os.cpu_count()}, "cortex": {}, "canonical": {}}
FOLDER = Path(__file__).parents[1] / "src" / "normlab" / "lab" / "verdicts"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("family", nargs="*", choices=FAMILIES, default=[*FAMILIES])
    for name in dict.fromkeys(parser.parse_args().family):
        begun = time.perf_counter()
        result = run_watched(name, FAMILIES[name])
        kept = Published.of(result, time.perf_counter() - begun)
        print(f"{name}: {summary(result.verdicts)} {kept.save(FOLDER).name}, {kept.seconds} s")


if __name__ == "__main__":
    main()
