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
    state = traitlets.Dict().tag(sync=True)

    def __init__(self, **state: Any) -> None:
        super().__init__(state=state)
        self._conversation = Conversation()
        self.on_msg(self._answer)

    @traitlets.validate("state")
    def _checked(self, proposal: Any) -> dict[str, Any]:
        return State.of(**proposal["value"]).changed()

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """What the page sends: a value that it may still hold, and Python refuses, must not break it."""
        if "state" in sync_data:
            sync_data = {**sync_data, "state": State.read(sync_data["state"])[0].changed()}
        super().set_state(sync_data)

    def _answer(self, _: Any, content: Any, buffers: Any) -> None:
        message = content if isinstance(content, Mapping) else {}
        answered(self._conversation, message, self.send)
