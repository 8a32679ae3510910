"""The explorer in a notebook: the page's module as a widget of anywidget."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from normlab.explorer.conversation import Conversation
from normlab.explorer.host.talk import answered
from normlab.explorer.model.state import State

_STATIC = Path(__file__).parents[1] / "static"


class Explorer(anywidget.AnyWidget):
    """Normalisation to touch, in a notebook: data → before → normaliser → after.

    The page of `normlab explore`, drawn where the widget is shown; the notebook's own kernel computes, in
    float64, with the operands that `normlab.normalize` returns. Tried in JupyterLab 4; needs
    `pip install "normlab[jupyter]"`, and no internet.

    Arguments: what differs from the beginning, by the names that a shared link has: `norm` (a row of
    `normlab.table`), `mode` ("train", "eval"), `batch_size` and `n` (rows), `seed`, `mean` and `scale` (a
    pair, in the data's units), `weight`, `bias`, and every setting of the row (`eps`, `num_groups` …).

    `state` is what the person has changed by now, and can be set, which the picture follows.

    Errors: SettingError for a name that is unknown, or a value outside its domain; MissingExtraError
    without anywidget.

    >>> explorer = Explorer(norm="layer", batch_size=16)
    >>> explorer.state
    {'norm': 'layer', 'batch_size': 16}
    >>> explorer.state = {"norm": "group", "num_groups": 2}
    >>> Explorer(norm="bach")
    Traceback (most recent call last):
    normlab.errors.SettingError: norm=bach given; it must be ...
    """

    _esm = _STATIC / "explorer.js"  # class attributes: anywidget loses them in __init__
    _css = _STATIC / "explorer.css"
    host = traitlets.Unicode("jupyter", read_only=True).tag(sync=True)
    given = traitlets.Dict(read_only=True).tag(sync=True)  # what the pages follow
    state = traitlets.Dict()

    def __init__(self, **state: Any) -> None:
        self._change = 0  # how often Python has set the state
        self._writer: str | None = None  # the page that sets it, in the meantime
        super().__init__()
        with self.hold_sync():
            self.state = state
            self._change = 0
            self._give()
        self._conversation = Conversation()
        self.on_msg(self._answer)

    @traitlets.validate("state")
    def _checked(self, proposal: Any) -> dict[str, Any]:
        return State.of(**proposal["value"]).changed()

    @traitlets.observe("state")
    def _set(self, _: Any) -> None:
        self._change += self._writer is None
        self._give()

    def _give(self) -> None:
        given = {"state": self.state, "change": self._change, "by": self._writer}
        self.set_trait("given", given)

    def _take(self, message: Mapping[str, Any]) -> None:
        """A page's state, unless the page had not yet heard of Python's last change.

        What Python refuses is left out, since the page may still hold it.
        """
        if message.get("change") != self._change:
            return
        given = message.get("state")
        self._writer = str(message.get("by"))
        try:
            self.state = State.read(given if isinstance(given, Mapping) else {})[0].changed()
        finally:
            self._writer = None

    def _answer(self, _: Any, content: Any, buffers: Any) -> None:
        message = content if isinstance(content, Mapping) else {}
        if message.get("type") == "state":
            self._take(message)
        else:
            answered(self._conversation, message, self.send)
