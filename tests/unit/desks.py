"""A desk for the controller's pages, whose master does nothing and says so."""

from __future__ import annotations

from typing import Any

from trees import model_of

from fastlb import _core
from fastlb.admin.reading import ServerFacts
from fastlb.controller.asked import Asked
from fastlb.controller.desk import Desk
from fastlb.facts.adjustments import Adjustment, Answer
from fastlb.master.claims import claim

STARTED_US = 1_795_262_400_000_000


class Office:
    """asked: what the master was asked for; log: lines of the error log."""

    def __init__(self, text: str) -> None:
        self.model = model_of(text)
        self.table = _core.Table.create(8, 16, 4)
        self.slots, balancer_slots = claim(self.table, self.model, 1)
        self.asked: list[Adjustment] = []
        self.log: list[str] = []
        self.answer = Answer(True, "done")
        self.desk = Desk(
            self.table,
            self.model,
            ServerFacts(0, STARTED_US, "", self.slots, balancer_slots),
            bytes(32),
            self._adjust,
            lambda level, module, text: self.log.append(f"{level} {module} {text}"),
        )

    async def _adjust(self, deed: Adjustment) -> Answer:
        self.asked.append(deed)
        return self.answer


def asked(method: str = "GET", query: str = "", **more: Any) -> Asked:
    """A request for the page, from the page itself."""
    words: dict[str, Any] = {
        "handler": "balancer-manager",
        "method": method,
        "path": "/balancer-manager",
        "query": query,
        "headers": {"referer": "http://one.test/balancer-manager"},
        "body": b"",
        "vhost_index": 0,
        "host_name": "one.test",
        "host_port": 80,
        "script": "/balancer-manager",
        "rest": "",
        "client": "192.0.2.1",
        "user": "ada",
    }
    return Asked(**words | more)
