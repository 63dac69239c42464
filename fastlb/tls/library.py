"""Which TLS library pyOpenSSL brings: the one that TLS here is made with.

It is not the one of Python's ssl module: `cryptography` carries its own, and that is
the library whose contexts, and whose functions, fastlb uses.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cryptography.hazmat.bindings._rust import _openssl
from OpenSSL import SSL


def library_version() -> str:
    """As the library itself says it: "OpenSSL 3.5.4 30 Sep 2025"."""
    return SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode("ascii", "replace")


def addresses(names: Iterable[str]) -> dict[str, int]:
    """Where each of the library's functions is; ValueError names what is missing.

    The one place that looks behind pyOpenSSL: it offers no call without a Python
    object per connection, and its own binding knows where the C functions are.
    """
    found = {}
    for name in names:
        try:
            where = _openssl.ffi.addressof(_openssl.lib, name)
        except AttributeError:
            raise ValueError(
                f"TLS cannot be served: {library_version()} of this cryptography "
                f"package has no {name}; install the versions that pyproject.toml names"
            ) from None
        found[name] = address_of(where)
    return found


def context_address(context: SSL.Context) -> int:
    """The SSL_CTX of a pyOpenSSL context; it lives as long as the context."""
    return address_of(context._context)


def address_of(pointer: Any) -> int:
    return int(_openssl.ffi.cast("uintptr_t", pointer))
