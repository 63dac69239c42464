"""Which files a context was made of, and whether they are still the same.

A stamp is compared, never read: path, time of change, size, inode. A file that is
replaced by renaming another over it, as certificate clients do, has a new inode even
when the clock did not move.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from fastlb.facts.tls import TlsMember, TlsServer, Trust

Stamp = tuple[str, int, int, int]
Stamps = tuple[Stamp, ...]


def of_server(settings: TlsServer) -> Stamps:
    """Everything that a server's context is made of."""
    paths: list[str | None] = [settings.chain_file]
    for pair in settings.pairs:
        paths += (pair.certificate_file, pair.key_file)
    paths += (value for name, value in settings.conf_commands if is_file(name))
    return of_paths(paths) + of_server_trust(settings)


def of_server_trust(settings: TlsServer) -> Stamps:
    """Whom clients' certificates are measured by; sessions end when that changes."""
    names = (settings.dn_request_file, settings.dn_request_path)
    return of_trust(settings.trust) + of_paths(names)


def of_member(settings: TlsMember) -> Stamps:
    machine = (
        settings.machine_certificate_file,
        settings.machine_certificate_path,
        settings.machine_chain_file,
    )
    return of_trust(settings.trust) + of_paths(machine)


def of_trust(trust: Trust) -> Stamps:
    return of_paths(
        (trust.ca_file, trust.ca_path, trust.revocation_file, trust.revocation_path)
    )


def of_paths(paths: Iterable[str | None]) -> Stamps:
    """Of files, and of directories with what is in them; None is passed over."""
    found: list[Stamp] = []
    for path in paths:
        if path is None:
            continue
        found.append(of_file(path))
        if os.path.isdir(path):
            found += (of_file(os.path.join(path, name)) for name in listing(path))
    return tuple(found)


def of_file(path: str) -> Stamp:
    """Zeros for a file that is not there: its coming is a change."""
    try:
        status = os.stat(path)
    except OSError:
        return path, 0, 0, 0
    return path, status.st_mtime_ns, status.st_size, status.st_ino


def listing(path: str) -> list[str]:
    """Names in a directory, sorted; [] when it cannot be read."""
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def is_file(command: str) -> bool:
    """True for the commands of SSLOpenSSLConfCmd that name a file."""
    return command.lower() == "dhparameters"
