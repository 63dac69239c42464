"""What pages that change something work with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastlb.admin.reading import ServerFacts
from fastlb.facts.adjustments import Adjustment, Answer
from fastlb.facts.server import Model

if TYPE_CHECKING:
    from fastlb._core import Table


@dataclass(frozen=True, slots=True)
class Desk:
    """secret: of this start of the server, from which nonces are made.
    adjust: asks the master, and returns when the change holds for every worker.
    log: a line for the error log (level, module, text)."""

    table: Table
    model: Model
    facts: ServerFacts
    secret: bytes
    adjust: Callable[[Adjustment], Awaitable[Answer]]
    log: Callable[[str, str, str], None]
