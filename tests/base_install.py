"""The packages that `pip install normlab` alone brings, of those that are installed here."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def closure(requirements):
    """The names of distributions that these need, and those need, and so on; extras of others left out."""
    found, wanted = {}, list(requirements)
    while wanted:
        name = re.match(r"[\w.-]+", wanted.pop())[0].lower().replace("_", "-")
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:  # for another system or an older Python
            continue
        wanted += [r for r in found[name].requires or () if "extra ==" not in r]
    return found


def linked(folder, requirements):
    """The packages as links in a folder, which can then be the only one that Python searches."""
    for one in closure(requirements).values():
        for top in {file.parts[0] for file in one.files or ()} - {"..", "__pycache__"}:
            place = Path(str(one.locate_file(top)))
            if place.exists() and not (folder / top).exists():
                (folder / top).symlink_to(place)
    return folder
