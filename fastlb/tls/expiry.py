"""Certificates that end soon: told while there is time to renew them.

The master reads the moments with the certificates; the monitor, which may not read
the files, tells of them once a day.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from fastlb.facts.server import Model

WARNING_DAYS = 30
DAY_S = 86400


@dataclass(frozen=True, slots=True)
class Expiry:
    """One certificate of a file. ends_s: seconds since 1970."""

    file: str
    subject: str
    ends_s: float


def expiries(model: Model) -> tuple[Expiry, ...]:
    """Of every certificate that is sent to clients or members, files in their order.

    A file that cannot be read has been told of by whoever needed it.
    """
    # The monitor of a server without TLS has no use for the library.
    from fastlb.tls.pem import certificates_if_any

    paths: dict[str, None] = {}
    for vhost in model.vhosts:
        if vhost.tls is not None:
            paths |= dict.fromkeys(pair.certificate_file for pair in vhost.tls.pairs)
            if vhost.tls.chain_file is not None:
                paths[vhost.tls.chain_file] = None
    for member in model.members:
        if member.tls is not None and member.tls.machine_certificate_file is not None:
            paths[member.tls.machine_certificate_file] = None
    found: dict[Expiry, None] = {}
    for path in paths:
        for one in certificates_if_any(path):
            ends_s = one.not_valid_after_utc.timestamp()
            found[Expiry(path, one.subject.rfc4514_string(), ends_s)] = None
    return tuple(found)


def soon(left_s: float) -> str | None:
    """ "in 7 days"; None for what lasts longer than WARNING_DAYS."""
    if left_s >= WARNING_DAYS * DAY_S:
        return None
    days = int(left_s // DAY_S)
    return "today" if days < 1 else f"in {days} day{'s' if days > 1 else ''}"


def warnings_of(known: Iterable[Expiry], now_s: float) -> list[str]:
    """A sentence for each that has ended or ends within WARNING_DAYS."""
    sentences = []
    for one in known:
        left_s = one.ends_s - now_s
        left = soon(left_s)
        if left is None:
            continue
        when = time.strftime("%Y-%m-%d %H:%M:%S GMT", time.gmtime(one.ends_s))
        if left_s < 0:
            what = f"has expired, on {when}: clients refuse it"
        else:
            what = f"expires {left}, on {when}"
        sentences.append(
            f"the certificate {one.subject} in {one.file} {what}; renew it and reload"
        )
    return sentences
