"""What was finished of a measurement, on disk, to go on from when it was interrupted."""

from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from normlab.errors import DataError
from normlab.measuring.saved import part_from_json, part_to_json, read, save
from normlab.measuring.tree import Tree

ENDING = ".unfinished"
_EVERY = 10.0  # seconds
_FORMAT = 3  # which also stands for how blocks are cut and summed


@dataclass(eq=False)
class Checkpoint:
    """A file beside the result; identity: what decides the numbers (files, options)."""

    path: Path
    identity: dict[str, Any]
    _saved: float = field(default_factory=monotonic)

    @classmethod
    def beside(cls, out: Path, identity: dict[str, Any]) -> "Checkpoint":
        return cls(out.with_name(out.name + ENDING), identity)

    def load(self) -> Tree:
        """Errors: DataError where there is none, or it is of other data or options."""
        if not self.path.exists():
            raise DataError(
                f"{self.path} is not there, so nothing can be resumed; leave out --resume."
            )
        saved = read(self.path)
        try:
            known = saved["format"], saved["identity"]
            nodes = {
                (node["level"], node["index"]): {
                    name: part_from_json(part) for name, part in node["parts"].items()
                }
                for node in saved["nodes"]
            }
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{self.path} is damaged; leave out --resume to begin anew.") from error
        if known != (_FORMAT, self.identity):
            raise DataError(
                f"{self.path} is of other data, or of other options: the files or the command have changed "
                f"since; leave out --resume to begin anew."
            )
        return Tree(nodes)

    def save_sometimes(self, tree: Tree) -> None:
        if monotonic() - self._saved > _EVERY:
            self.save(tree)

    def save(self, tree: Tree) -> None:
        nodes = [
            {
                "level": level,
                "index": index,
                "parts": {name: part_to_json(part) for name, part in parts.items()},
            }
            for (level, index), parts in tree
        ]
        save({"format": _FORMAT, "identity": self.identity, "nodes": nodes}, self.path)
        self._saved = monotonic()

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
