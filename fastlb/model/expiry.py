"""What a running server has to say of its certificates once a day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastlb.model import chains
from fastlb.model.pem import FileTrouble, read_pem
from fastlb.model.server import Model


@dataclass(frozen=True, slots=True)
class Expiring:
    """A certificate near its end, or behind it."""

    path: str
    name: str  # its common name, in quotes
    end: datetime
    text: str  # the sentence for the log
    number: str  # of the message


def expiring(
    model: Model, now: datetime, within: timedelta = chains.WARNING_TIME
) -> tuple[Expiring, ...]:
    """Certificates of a model that have expired or will within a time; soonest first.

    Reads the files anew, since they may have been renewed without a reload; what may
    not be read, or is gone, is passed over. now: with a time zone.
    """
    found: dict[tuple[str, str], Expiring] = {}
    for path in dict.fromkeys(_files(model)):
        try:
            certificates = read_pem(path).certificates
        except FileTrouble:
            continue
        for item in certificates:
            fault = chains.age_fault(item, now, within)
            end = item.not_valid_after_utc
            if fault is not None and end < now + within:
                name = chains.shown(item)
                text = f"{path}: {fault.text}"
                number = "FB0266" if fault.is_serious else "FB0267"
                found[path, fault.text] = Expiring(path, name, end, text, number)
    return tuple(sorted(found.values(), key=lambda item: (item.end, item.path)))


def _files(model: Model) -> Iterator[str]:
    """Files whose certificates are shown to others."""
    for vhost in model.vhosts:
        if vhost.tls is not None:
            yield from (pair.certificate_file for pair in vhost.tls.pairs)
            if vhost.tls.chain_file is not None:
                yield vhost.tls.chain_file
    for member in model.members:
        if member.tls is not None:
            own = member.tls.machine_certificate_file, member.tls.machine_chain_file
            yield from (path for path in own if path is not None)
