"""Between a host and a conversation: every message is answered, even where that needs a defect told."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

Made = TypeVar("Made")
_log = logging.getLogger("normlab.explorer")


class Talk(Protocol):
    """What answers a page; `normlab.explorer.conversation.Conversation` does."""

    def reply(self, message: Mapping[str, Any], /) -> tuple[dict[str, Any], list[bytes]]: ...


def answered(
    talk: Talk,
    message: Mapping[str, Any],
    make: Callable[[Mapping[str, Any], Sequence[bytes]], Made],
) -> Made:
    """What `make` makes of the reply's header and buffers.

    An exception is a defect of ours: the page is told so and lives on, and the log has the traceback.
    """
    try:
        return make(*talk.reply(message))
    except Exception as error:
        _log.exception("A message of type %r could not be answered.", message.get("type"))
        told = f"{type(error).__name__}: {error}"[:200]
        words = f"This is a defect of normlab, not yours ({told}). The page lives on."
        return make(refused(message.get("seq"), words), [])


def refused(seq: Any, words: str) -> dict[str, Any]:
    return {"type": "refused", "seq": seq, "words": words}
