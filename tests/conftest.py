"""Shared by all tests: one thread, and one parameter `row` that runs over the whole table."""

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
