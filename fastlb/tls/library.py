"""Which TLS library pyOpenSSL brings: the one that TLS here is made with.

It is not the one of Python's ssl module: `cryptography` carries its own, and that is
the library whose contexts, and whose functions, fastlb uses.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any, Final

from cryptography.hazmat.bindings._rust import _openssl
from OpenSSL import SSL

NAME_IN_SUBJECT_TOO: Final = 1  # X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT


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


def measure_by(connection: SSL.Connection, host: str) -> int:
    """Have a peer's certificate compared with a name; the errors that tell of another.

    As the core does for its own (tls_connect of core/io/tls_stream.pyx): pyOpenSSL has
    no call for it.
    """
    library = _openssl.lib
    param = library.SSL_get0_param(connection._ssl)
    name = host.encode("ascii", "replace")
    library.X509_VERIFY_PARAM_set1_host(param, name, len(name))
    library.X509_VERIFY_PARAM_set_hostflags(param, NAME_IN_SUBJECT_TOO)
    try:
        packed = ipaddress.ip_address(host).packed
    except ValueError:
        return 1
    # An address may stand there as such, too.
    library.X509_VERIFY_PARAM_set1_ip(param, packed, len(packed))
    return 2


def address_of(pointer: Any) -> int:
    return int(_openssl.ffi.cast("uintptr_t", pointer))
