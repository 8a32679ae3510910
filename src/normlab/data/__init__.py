"""Tables, arrays and images from files, and data that need none."""

from normlab.data.points import chapter_points
from normlab.data.table import Table, read_table

__all__ = ["Table", "chapter_points", "read_table"]
