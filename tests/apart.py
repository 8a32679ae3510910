"""Folders of tests that need an environment of their own and run only when they are asked for by name."""

from pathlib import Path


def left_out(folder, config):
    """What `pytest_ignore_collect` returns: True to leave the folder out, None to say nothing."""
    here = Path(folder)
    asked = [
        Path(config.invocation_params.dir, str(a).split("::")[0]).resolve() for a in config.args
    ]
    return None if any(path == here or here in path.parents for path in asked) else True
