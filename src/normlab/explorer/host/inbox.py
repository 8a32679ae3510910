"""What a page has asked and is not yet answered: a scene that waits gives way to a newer one."""

import asyncio
from typing import Any

Asked = dict[str, Any]  # a message from the browser

ROOM = 16  # messages; whoever sends more waits


class Inbox:
    """A queue for one sender and one answerer, in which only the newest "scene" waits.

    A person who drags a slider wants the picture of where it is now. All else is answered, in order.
    """

    def __init__(self) -> None:
        self._waiting: list[Asked] = []
        self._changed = asyncio.Condition()

    async def put(self, message: Asked) -> None:
        async with self._changed:
            if message.get("type") == "scene":
                self._waiting = [other for other in self._waiting if other.get("type") != "scene"]
            await self._changed.wait_for(lambda: len(self._waiting) < ROOM)
            self._waiting.append(message)
            self._changed.notify_all()

    async def take(self) -> Asked:
        async with self._changed:
            await self._changed.wait_for(lambda: self._waiting)
            self._changed.notify_all()
            return self._waiting.pop(0)
