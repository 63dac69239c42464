"""Networks as Require ip, Allow and Deny write them (apr_ipsubnet_create)."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

BAD_ADDRESS: Final = "The specified IP address is invalid."
BAD_MASK: Final = "The specified network mask is invalid."

_LOOKS_LIKE_IP: Final = re.compile(r"[0-9.]+|.*:.*")
_PARTIAL: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){0,2}\.?")


class NetworkError(ValueError):
    """No network; the text is Apache's, "" for what does not look like an address."""


def network_of(text: str) -> str:
    """`10.1`, `10.0.0.0/255.0.0.0`, `10.0.0.0/8`, `fe80::/10` as address/bits.

    Bits of the address behind the mask are dropped, as in Apache. Differs from it: a
    mask with holes (255.0.255.0) is refused. Raises NetworkError.
    """
    address, slash, mask = text.partition("/")
    if not _LOOKS_LIKE_IP.fullmatch(address):
        raise NetworkError("")
    if not slash and _PARTIAL.fullmatch(address):
        parts = address.rstrip(".").split(".")
        address = ".".join([*parts, *["0"] * (4 - len(parts))])
        mask = str(8 * len(parts))
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        raise NetworkError(BAD_ADDRESS) from None
    bits: int = known.max_prefixlen
    if slash or mask:
        bits = _bits(mask, known.version, known.max_prefixlen)
    return str(ipaddress.ip_network(f"{known}/{bits}", strict=False))


def _bits(mask: str, version: int, bits_max: int) -> int:
    if re.fullmatch(r"[0-9]+", mask):
        if 1 <= int(mask) <= bits_max:
            return int(mask)
    elif version == 4:
        try:
            ones = f"{int(ipaddress.IPv4Address(mask)):032b}".rstrip("0")
        except ValueError:
            raise NetworkError(BAD_MASK) from None
        if "0" not in ones:
            return len(ones)
    raise NetworkError(BAD_MASK)
