"""The chapter: normalisation from the brain to batch norm, on its own points or the reader's data."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from normlab.lab.chapter.catalogue import MEMBERS, Part
from normlab.lab.chapter.settings import Settings
from normlab.lab.experiment import Progress, Record
from normlab.lab.family import Family, load, tell_of_data
from normlab.system.threads import one_thread

if TYPE_CHECKING:
    from normlab.lab.chapter.setup import Setup

__all__ = ["FAMILY", "Settings"]


class Chapter(Family["Setup", Part]):
    """Its parts write one text: each says its lines and shows its section, and there is no table of them."""

    def _measure(
        self,
        record: Record,
        settings: Settings,
        members: Sequence[Part],
        progress: Progress,
    ) -> None:
        with one_thread():  # batches are small
            self._parts(record, settings, members, progress)

    def _parts(
        self, record: Record, settings: Settings, members: Sequence[Part], progress: Progress
    ) -> None:
        setup: Setup = load(self.prepare)(settings, record)
        told = (load(f"normlab.lab.chapter.setup:{kind}")(setup) for kind in ("notes", "warnings"))
        tell_of_data(record, *told)
        for done, part in enumerate(members):
            progress(done, len(members) + 1, part.name)
            load(part.measure)(setup)


FAMILY = Chapter(
    "chapter",
    "Normalisation",
    "What does normalising do to data, why do brains and networks do it, and is a layer made by hand "
    "really the layer?",
    Settings,
    "normlab.lab.chapter.setup:prepare",
    MEMBERS,
)
