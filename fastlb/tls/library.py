"""Which TLS library pyOpenSSL brings: the one that TLS here is made with.

It is not the one of Python's ssl module: `cryptography` carries its own, and that is
the library whose contexts, and whose functions, fastlb uses.
"""

from __future__ import annotations

from OpenSSL import SSL


def library_version() -> str:
    """As the library itself says it: "OpenSSL 3.5.4 30 Sep 2025"."""
    return SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode("ascii", "replace")
