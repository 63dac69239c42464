"""Forms of lines in the error log (ErrorLogFormat).

A line is made of fields: one that has nothing to say is left out, with the blank before
it. A field ends where the next one begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

MESSAGE: Final = "M"

OF_CONNECTIONS: Final = frozenset("aAkL")
OF_REQUESTS: Final = OF_CONNECTIONS | frozenset("einV")
"""Letters that the core has to answer; others say the same of every request."""

Item = tuple[str, str]
"""Letter and argument."""


@dataclass(frozen=True, slots=True)
class ErrorPiece:
    """kind: a letter, and text its argument; "": the text itself.

    begins_field: what comes from here on stands or falls together.
    is_required (+): without it there is no line. has_dash (-): "-" where there is
    nothing. level: from which number of a level on it is there.
    """

    kind: str
    text: str = ""
    begins_field: bool = False
    is_required: bool = False
    has_dash: bool = False
    level: int = 0


ErrorFormat = tuple[ErrorPiece, ...]


@dataclass(frozen=True, slots=True)
class ErrorFormats:
    """Of a virtual host. message: (): httpd's default form. request, connection: lines
    that go before the first one about a request, a connection."""

    message: ErrorFormat = ()
    request: tuple[ErrorFormat, ...] = ()
    connection: tuple[ErrorFormat, ...] = ()

    def items(self) -> Iterator[Item]:
        """All that the core has to answer."""
        for form in (self.message, *self.request, *self.connection):
            yield from ((p.kind, p.text) for p in form if p.kind in OF_REQUESTS)


NO_ERROR_FORMATS: Final = ErrorFormats()


class About(NamedTuple):
    """Who a line is about, as the core knows it. said: by item of ErrorFormats; of
    what is not there nothing. is_first_...: the log has no line about it so far."""

    said: Mapping[Item, str]
    has_request: bool
    is_first_of_request: bool
    is_first_of_connection: bool
