"""`normlab.Explorer`, which can be imported without what it needs, and then says so when it is used."""

from typing import Any, NoReturn

from normlab.errors import MissingExtraError


class _Missing:
    def __init__(self, x: Any = None, **state: Any) -> NoReturn:
        raise MissingExtraError.of("the explorer in a notebook", "anywidget", "jupyter")


def _found() -> type:
    try:
        import anywidget  # noqa: F401
    except ImportError:
        return _Missing
    from normlab.explorer.host.widget import Explorer

    return Explorer


Explorer = _found()
