"""The version, written here alone: pyproject.toml and whatever names it read it from here."""

__version__ = "0.1.0"
