"""Certificates change under load; what is broken changes nothing."""

from __future__ import annotations

import os
import re
import shutil
import signal
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import MemberMaker
from harness import DEADLINE_S, Fastlb, wait_for
from tls_site import context, host, lay, pairs, secure

RELOADS = 6


def site(server: Fastlb, member: str, certificate: str = "current") -> str:
    return host(
        "h.example",
        "<Location /metrics>",
        "SetHandler metrics",
        "</Location>",
        "ProxyPass /metrics !",
        f"ProxyPass / {member}/",
        certificate=certificate,
        port=str(server.port),
    )


def install(folder: Path, name: str) -> None:
    """As certificate clients do: a new file takes the old one's name."""
    shutil.copyfile(folder / f"{name}.pem", folder / "next.pem")
    (folder / "next.pem").replace(folder / "current.pem")


def shown(server: Fastlb) -> str:
    """The name of the pair that a new connection is shown."""
    with secure(server.port) as peer:
        assert peer.ask().status == 200
        der = peer.sock.getpeercert(binary_form=True)
    assert der is not None
    pem = ssl.DER_cert_to_PEM_cert(der)
    return next(name for name, pair in pairs().items() if pair.pem.decode() == pem)


class Handshakes:
    """Threads that open connections, some with a session, and count what fails."""

    def __init__(self, server: Fastlb, threads: int = 3) -> None:
        self._server = server
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._work) for _ in range(threads)]
        self.done = 0
        self.failures: list[str] = []

    def __enter__(self) -> Handshakes:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(DEADLINE_S)

    def wait_for_more(self, count: int) -> None:
        goal = self.done + count
        wait_for(lambda: self.done >= goal or self.failures, f"{count} handshakes")
        assert self.failures == []

    def _work(self) -> None:
        using = context()
        session = None
        while not self._over.is_set():
            try:
                with secure(self._server.port, using=using, session=session) as peer:
                    assert peer.ask(fields="Connection: close\r\n").status == 200
                    session = peer.sock.session if self.done % 3 else None
            except (OSError, AssertionError) as error:
                self.failures.append(repr(error))
                return
            self.done += 1


def test_certificates_are_swapped_under_handshakes_and_none_fails(
    server: Fastlb, make_member: MemberMaker
) -> None:
    lay(server.folder)
    install(server.folder, "site")
    server.write(site(server, make_member("m").url))
    server.start()
    with Handshakes(server) as load, secure(server.port) as old:
        assert old.ask().status == 200
        load.wait_for_more(10)
        for number in range(RELOADS):
            name = "site" if number % 2 else "renewed"
            workers = set(server.workers())
            install(server.folder, name)
            server.reload()
            if number == 0:
                # The connection of the old generation is served, and told to end.
                wait_for(
                    lambda: old.ask().field("Connection") == "close", "the last answer"
                )
                assert old.at_notified_end()
            wait_for(
                lambda gone=workers: not gone & set(server.workers()),
                "the old workers have gone",
            )
            load.wait_for_more(10)
            assert shown(server) == name
    assert load.failures == []
    # Only what was asked for has been done: no worker fell on the way.
    assert "exit signal" not in server.error_log


def of_another_key(folder: Path) -> None:
    (folder / "current.pem").write_bytes(
        pairs()["renewed"].pem + pairs()["site"].key_pem
    )


def not_there(folder: Path) -> None:
    (folder / "current.pem").unlink()


def garbled(folder: Path) -> None:
    (folder / "current.pem").write_text("-----BEGIN CERTIFICATE-----\nno\n")


def without_key(folder: Path) -> None:
    (folder / "current.pem").write_bytes(pairs()["renewed"].pem)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (of_another_key, "do not match"),
        (not_there, "does not exist or is empty"),
        (garbled, "current.pem"),
        (without_key, "current.pem"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_reload_with_a_broken_certificate_keeps_the_old_one(
    server: Fastlb,
    make_member: MemberMaker,
    harm: Callable[[Path], None],
    said: str,
) -> None:
    lay(server.folder)
    install(server.folder, "site")
    server.write(site(server, make_member("m").url), workers=1)
    server.start()
    workers = server.workers()
    with secure(server.port) as kept:
        harm(server.folder)
        os.kill(server.pid, signal.SIGHUP)
        server.wait_for_log(said)
        assert kept.ask().status == 200
        told = kept.ask("/metrics").body.decode()
    assert "\nfastlb_config_last_reload_successful 0\n" in told
    ends = re.findall(
        r"\nfastlb_certificate_expiry_timestamp_seconds{(.*)} (\d+)", told
    )
    assert [labels.split(",")[0] for labels, _ in ends] == [
        f'vhost="*:{server.port}/h.example"'
    ] * len(ends)
    assert all(int(when) > time.time() for _, when in ends)
    assert ends
    assert shown(server) == "site"
    assert server.workers() == workers
    install(server.folder, "renewed")
    server.reload()
    wait_for(lambda: not set(workers) & set(server.workers()), "the old one has gone")
    assert shown(server) == "renewed"
