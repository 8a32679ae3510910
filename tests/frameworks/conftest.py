"""Against the real libraries, which `make test` does without: `make test-frameworks` names this folder."""

from pathlib import Path

from apart import left_out


def pytest_ignore_collect(collection_path, config):
    return left_out(Path(__file__).parent, config)
