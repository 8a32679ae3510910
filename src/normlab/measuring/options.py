"""What a caller says about a source."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from normlab.data.reading import Reading
from normlab.errors import SettingError


@dataclass(frozen=True)
class Options:
    """What a caller says about a source; None: nothing.

    columns, by, where: of tables; features, mask: of arrays; array: which of several; the rest of images.
    """

    columns: Sequence[str] | None = None
    by: str | None = None
    where: str | None = None
    features: Sequence[int] | None = None
    mask: Any = None
    array: str | None = None
    reading: Reading = field(default_factory=Reading)
    resize: int | tuple[int, int] | None = None
    interpolation: str | None = None
    scale: str | None = None
    weighting: str | None = None
    channels: int | None = None
    skip_bad: bool = False

    def only(self, kind: str, *used: str) -> None:
        """Errors: SettingError for an option that says nothing about such a source."""
        given = [
            name
            for name, value in vars(self).items()
            if value is not None and name not in (*used, "skip_bad", "reading")
        ]
        if given:
            raise SettingError(
                f"{', '.join(given)} given, which says nothing about {kind}; leave it out."
            )
