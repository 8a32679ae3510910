"""Against the real libraries, which `make test` does without: `make test-frameworks` names this folder."""

from pathlib import Path


def pytest_ignore_collect(collection_path, config):
    """Left out unless it is asked for by name."""
    here = Path(__file__).parent
    asked = [
        Path(config.invocation_params.dir, str(a).split("::")[0]).resolve() for a in config.args
    ]
    return None if any(path == here or here in path.parents for path in asked) else True
