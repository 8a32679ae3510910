"""Shared by all tests: one thread, and one parameter `row` that runs over the whole table."""

import re

import pytest
import torch
from hypothesis import settings

from normlab import table

torch.set_num_threads(1)
settings.register_profile("normlab", deadline=None)
settings.load_profile("normlab")


@pytest.fixture(params=list(table.values()), ids=list(table))
def row(request):
    """Every row of the table in turn: a new row is tested as soon as it is listed."""
    return request.param


def pytest_terminal_summary(terminalreporter):
    """Count what was proved of which row: a property is a test, a row stands in its parameters."""
    proved = {
        (report.nodeid.partition("[")[0], name)
        for report in terminalreporter.stats.get("passed", [])
        for name in table
        if name in re.split(r"[-\[\], ]", report.nodeid.partition("[")[2])
    }
    properties = {test for test, _ in proved}
    terminalreporter.write_line(
        f"rows × properties: {len({name for _, name in proved})} of {len(table)} rows, "
        f"{len(properties)} properties, {len(proved)} pairs proved"
    )
