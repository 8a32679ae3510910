"""make doctor-zoo: for each rule how many sick networks it finds, and how many healthy ones it alarms at."""

import sys

import torch
from doctor_networks import CALIBRATION, SCORING
from doctor_zoo import ZOO

from normlab.doctor import examining, rules


def report_on(example, only=None):
    """Of an example, as if its model were on so many processes."""
    real, examining._processes = examining._processes, lambda model: example.processes
    try:
        return examining.examine(example.model, example.batches, example.optimizer, only=only)
    finally:
        examining._processes = real


def score(code, seeds):
    """Hits of sick, alarms of healthy, and all codes of errors and warnings at the healthy."""
    sick, healthy = ZOO[code]
    hits = [bool(report_on(make(seed), [code]).findings) for make in sick for seed in seeds]
    reports = [report_on(make(seed)) for make in healthy for seed in seeds]
    own = [any(f.code == code for f in one.findings) for one in reports]
    loud = [f.code for one in reports for f in one.findings if f.severity != "remark"]
    return hits, own, loud


def table(seeds):
    total = [0, 0, 0, 0]
    print(
        f"{'rule':36}{'sick found':>12}{'false alarms':>14}   errors and warnings at these healthy ones"
    )
    for code in ZOO:
        hits, own, loud = score(code, seeds)
        for at, number in enumerate((sum(hits), len(hits), sum(own), len(own))):
            total[at] += number
        name = f"{code} {rules.RULES[code].name}"
        print(f"{name:36}{sum(hits):>7} of {len(hits):<2}{sum(own):>8} of {len(own):<3}   {', '.join(loud)}",
              flush=True)  # fmt: skip
    print(f"{'all':36}{total[0]:>7} of {total[1]:<2}{total[2]:>8} of {total[3]:<3}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for what, seeds in (("looked at for the limits", CALIBRATION), ("scored", SCORING)):
        if what == "scored" or "--all" in sys.argv:
            print(f"\nNetworks that were {what}: seeds {seeds}")
            table(seeds)
