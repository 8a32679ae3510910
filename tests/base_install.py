"""A folder that holds the packages of an install, so that Python can be made to find no others."""

from pathlib import Path


def linked(folder, packages):
    """The files of these distributions as links in a folder."""
    for one in packages.values():
        for top in {file.parts[0] for file in one.files or ()} - {"..", "__pycache__"}:
            place = Path(str(one.locate_file(top)))
            if place.exists() and not (folder / top).exists():
                (folder / top).symlink_to(place)
