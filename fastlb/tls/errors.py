"""Why a context cannot be made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from OpenSSL import SSL


class TlsError(Exception):
    """str() is what the operator reads: Apache's sentence, then the cause and the cure.

    Lines after the first are indented.
    """

    def __init__(self, text: str, why: str = "", cure: str = "") -> None:
        super().__init__("\n".join([text, *(f"    {x}" for x in (why, cure) if x)]))


@contextmanager
def failing(
    text: str, cure: str = "", *, of: tuple[type[Exception], ...] = (SSL.Error,)
) -> Iterator[None]:
    """What fails inside fails with a TlsError, and for the reason that it gives."""
    try:
        yield
    except of as failure:
        raise TlsError(text, reason(failure), cure) from None


def reason(failure: Exception) -> str:
    """What the library, or the system, says: one line."""
    if isinstance(failure, SSL.Error) and failure.args:
        queue = failure.args[0]
        if isinstance(queue, list) and queue:
            return "; ".join(dict.fromkeys(str(entry[-1]) for entry in queue))
        return "the library gives no reason"
    if isinstance(failure, OSError) and failure.strerror:
        return f"({failure.errno}){failure.strerror}"
    return str(failure) or type(failure).__name__
