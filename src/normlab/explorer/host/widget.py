"""The explorer in a notebook: the page's module as a widget of anywidget."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from normlab.errors import NormlabError
from normlab.explorer.conversation import Conversation
from normlab.explorer.host.held import Held
from normlab.explorer.host.paper import drawn
from normlab.explorer.host.talk import answered
from normlab.explorer.model.datasets import build
from normlab.explorer.model.given import table_of
from normlab.explorer.model.normalising import normalised
from normlab.explorer.model.state import State

_OF_TABLE = ("edits", "selected", "axes")  # what would not fit another one
_STATIC = Path(__file__).parents[1] / "static"


class Explorer(anywidget.AnyWidget):
    """Normalisation to touch, in a notebook: data → before → normaliser → after.

    The page of `normlab explore`, drawn where the widget is shown; the notebook's own kernel computes, in
    float64, with the operands that `normlab.normalize` returns. Tried in JupyterLab 4; needs
    `pip install "normlab[jupyter]"`, and no internet.

    Arguments: what differs from the beginning, by the names that a shared link has: `norm` (a row of
    `normlab.table`), `mode` ("train", "eval"), `batch_size` and `n` (rows), `seed`, `mean` and `scale` (a
    pair, in the data's units), `weight`, `bias`, and every setting of the row (`eps`, `num_groups` …).

    `x` is a table of your own: a tensor, an array, lists, or a data frame, (rows, columns); `names` are
    those of its columns. What is not said goes through batches of 8, as the chapter's points do.

    `state` is what the person has changed by now, and can be set, as a whole or one by one
    (`explorer.state["norm"] = "rms"`), which the picture follows. `x` holds the numbers that are shown,
    (rows, columns), with what was dragged, and can be set to another table. `y` is what they become, and
    None where a setting is refused. `selected` is the row that is looked at. All four can be observed
    (`explorer.observe(act, "y")`).

    Errors: SettingError for a name that is unknown, or a value outside its domain; MissingExtraError
    without anywidget.

    >>> explorer = Explorer(norm="layer", batch_size=16)
    >>> explorer.state
    {'norm': 'layer', 'batch_size': 16}
    >>> explorer.state = {"norm": "group", "num_groups": 2}
    >>> explorer = Explorer([[1.0, 2.0], [3.0, 6.0]], names=["weight", "height"], norm="layer")
    >>> explorer.y.round(decimals=3).tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    >>> explorer.selected = 1
    >>> explorer.state["selected"]
    [1, 0, 0]
    >>> Explorer(norm="bach")
    Traceback (most recent call last):
    normlab.errors.SettingError: norm=bach given; it must be ...
    """

    _esm = _STATIC / "explorer.js"  # class attributes: anywidget loses them in __init__
    _css = _STATIC / "explorer.css"
    host = traitlets.Unicode("jupyter", read_only=True).tag(sync=True)
    given = traitlets.Dict(read_only=True).tag(sync=True)  # what the pages follow
    chosen = traitlets.Dict().tag(sync=True)  # what a page has set; marimo runs cells again for it
    state = traitlets.Dict()
    x = traitlets.Any()
    y = traitlets.Any(read_only=True)
    selected = traitlets.Int()

    def __init__(self, x: Any = None, *, names: Sequence[str] | None = None, **state: Any) -> None:
        self._change = 0  # how often Python has set the state
        self._writer: str | None = None  # the page that sets it, in the meantime
        self._showing = False  # x, y and selected are being brought to what the state says
        self._conversation = Conversation()
        super().__init__()
        with self.hold_sync():
            self.state = state if x is None else self._with(x, names, state)
            self._change = 0
            self._give()
            self._show()
        self.on_msg(self._answer)

    def _with(
        self, x: Any, names: Sequence[str] | None, state: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A state with a table in it."""
        table = table_of(x, names)
        return {**state, "data": "table", "table": self._conversation.give(table)}

    def figure(self) -> Any:
        """Before and after as a figure of matplotlib, for a paper: 6.8 by 3.2 inches.

        Errors: DataError or SettingError where the state is refused, in the words that the page has.
        """
        return drawn(State.of(**self.state), self._conversation.tables)

    @traitlets.validate("state")
    def _checked(self, proposal: Any) -> dict[str, Any]:
        return Held(State.of(**proposal["value"]).changed(), self._become)

    def _become(self, state: dict[str, Any]) -> None:
        self.state = state

    @traitlets.observe("state")
    def _set(self, _: Any) -> None:
        self._change += self._writer is None
        self._give()
        self._show()

    def _show(self) -> None:
        """Bring x, y and selected to what the state says."""
        state, tables = State.of(**self.state), self._conversation.tables
        self._showing = True
        try:
            self.selected = state.selected[0]
            data = build(state, tables)
            self.x = data.x
            self.set_trait("y", normalised(state, data).y)
        except NormlabError:
            self.set_trait("y", None)
        finally:
            self._showing = False

    @traitlets.observe("x", "selected")
    def _chosen(self, change: Any) -> None:
        if self._showing:
            return
        if change["name"] == "selected":
            self.state = {**self.state, "selected": [change["new"], 0, 0]}
        else:
            held = {name: value for name, value in self.state.items() if name not in _OF_TABLE}
            self.state = self._with(change["new"], None, held)

    def _give(self) -> None:
        given = {"state": dict(self.state), "change": self._change, "by": self._writer}
        self.set_trait("given", given)

    @traitlets.observe("chosen")
    def _take(self, change: Any) -> None:
        """A page's state, unless the page had not yet heard of Python's last change.

        What Python refuses is left out, since the page may still hold it.
        """
        message = change["new"]
        if message.get("change") != self._change:
            return
        given = message.get("state")
        self._writer = str(message.get("by"))
        try:
            self.state = State.read(given if isinstance(given, Mapping) else {})[0].changed()
        finally:
            self._writer = None

    def _answer(self, _: Any, content: Any, buffers: Any) -> None:
        answered(self._conversation, content if isinstance(content, Mapping) else {}, self.send)
