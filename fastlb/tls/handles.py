"""What the compiled core needs of the TLS library: addresses, and nothing else.

Whoever holds these handles keeps alive the contexts to which they point.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerHandle:
    """The contexts of one virtual host, as addresses of SSL_CTX.

    A connection begins with session_context, which holds the keys of its tickets and
    outlives a change of certificates, and answers with certificate_context. The two
    are one until the certificates change.
    """

    session_context: int
    certificate_context: int


@dataclass(frozen=True, slots=True)
class TlsHandles:
    """functions: address of each function the core names (_core.TLS_FUNCTIONS).

    servers: by index of virtual host, members: address of SSL_CTX by index of member;
    None where there is no TLS.
    ciphers: what SSLCipherSuite of a section means, by the list as it is written
    """

    functions: dict[str, int]
    servers: tuple[ServerHandle | None, ...]
    members: tuple[int | None, ...]
    ciphers: dict[str, tuple[str, ...]]
