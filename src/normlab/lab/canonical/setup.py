"""What the members share: the settings alone."""

from typing import TypeAlias

from normlab.lab import family
from normlab.lab.canonical.settings import Settings

Study: TypeAlias = family.Study[Settings, family.Member]


def prepare(settings: Settings) -> Settings:
    return settings
