"""Reading tables and arrays; the chapter's points; photographs."""

from normlab.data.table import Table, chapter_points, read_table

__all__ = ["Table", "chapter_points", "read_table"]
