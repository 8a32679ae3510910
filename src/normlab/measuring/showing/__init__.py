"""Statistics to be read: the parts of the report and of what a terminal shows."""
