"""Watches in the order in which they are due.

Only the first ones are looked at, however many there are. Whoever is not due though its
time has come (its member is not in error, say) is looked at again when the flags of its
member have changed.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Final, Generic, Protocol, TypeVar

LEFT_MAX: Final = 64


class Watch(Hashable, Protocol):
    """due_s: by the loop's clock. is_due may change it."""

    due_s: float

    def is_due(self, now_s: float) -> bool: ...


W = TypeVar("W", bound=Watch)


class Schedule(Generic[W]):
    """by_slot: the watches that the flags of a member concern."""

    def __init__(
        self, watches: Iterable[W], by_slot: Mapping[int, W] | None = None
    ) -> None:
        self._by_slot = by_slot or {}
        self._orders = count()  # no two watches are compared
        self._places: dict[W, float] = {}
        # ... and what is left of places that watches had before.
        self._heap: list[tuple[float, int, W]] = []
        for watch in watches:
            self._put(watch)

    def look_at(self, slot: int, now_s: float) -> None:
        """The flags of that member have changed."""
        watch = self._by_slot.get(slot)
        if watch is not None:
            self.look(watch, now_s)

    def look(self, watch: W, now_s: float) -> None:
        """It has ended an attempt, or may be due at another time than it was."""
        if watch.is_due(now_s) or watch.due_s > now_s:
            self._put(watch)

    def due(self, now_s: float, room: int) -> list[W]:
        """As many as there is room for; whoever has waited longest comes first, so that
        those that take long and are soon due again leave room for the others."""
        found: list[W] = []
        while len(found) < room and self._heap and self._heap[0][0] <= now_s:
            due_s, _, watch = heappop(self._heap)
            if self._places.get(watch) != due_s:
                continue
            del self._places[watch]
            if watch.is_due(now_s):
                found.append(watch)
            elif watch.due_s > now_s:
                self._put(watch)
        return found

    def _put(self, watch: W) -> None:
        due_s = watch.due_s
        if self._places.get(watch) == due_s:
            return
        self._places[watch] = due_s
        if len(self._heap) > 2 * len(self._places) + LEFT_MAX:
            self._heap = [
                (at_s, next(self._orders), one) for one, at_s in self._places.items()
            ]
            heapify(self._heap)
        else:
            heappush(self._heap, (due_s, next(self._orders), watch))
