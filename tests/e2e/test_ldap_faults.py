"""A directory that is down, silent, false or talks nonsense lets nobody in, in time."""

from __future__ import annotations

import contextlib
import functools
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import certificates
import pytest
from certificates import Authority, Pair, make_ca, make_pair
from conftest import MemberMaker
from harness import HOST, Fastlb, wait_for
from ldap_site import (
    BASE,
    DEADLINE_S,
    FILE,
    LOGINS,
    URL,
    Login,
    ask,
    echo,
    filled,
    group,
    section,
    server_text,
)
from peers import answering, request
from rig import Rig
from slapd import READER, READERS_PASSWORD, SUFFIX, Slapd, dn_of_group

pytestmark = pytest.mark.needs("slapd", "slapadd")


@pytest.mark.parametrize("mode", ["", " STARTTLS", "ldaps"])
def test_a_directory_that_goes_and_comes_back(
    rig: Rig, own_directory: Slapd, mode: str
) -> None:
    """Connections that are kept have ended meanwhile: once more, and once again."""
    url = f"AuthLDAPURL {BASE}?uid{mode}"
    if mode == "ldaps":
        url = "AuthLDAPURL {tls_url}/dc=example,dc=org?uid"
    sections = section("in", f"{url}\nRequire valid-user")
    sections += section("staff", f"{url}\n{group('staff')}")
    text = filled(sections, own_directory, rig.folder / "users")
    rig.serve(answering(echo), text=server_text(own_directory) + text)

    def statuses() -> list[int]:
        asked = (("/in", "bob"), ("/staff", "bob"), ("/in", "bob/wrong"), ("/out", ""))
        return [ask(rig.port, path, who).status for path, who in asked]

    for _ in range(2):
        assert statuses() == [200, 200, 401, 200]
        own_directory.stop()
        assert statuses() == [500, 500, 500, 200]
        own_directory.start()
    assert statuses() == [200, 200, 401, 200]
    # A restart between two requests is not seen at all.
    own_directory.stop()
    own_directory.start()
    assert statuses() == [200, 200, 401, 200]


def test_what_is_known_needs_no_directory_for_a_while(
    rig: Rig, own_directory: Slapd
) -> None:
    sections = section("in", f"{URL}Require valid-user")
    sections += section("staff", f"{URL}{group('staff')}")
    text = filled(sections, own_directory, rig.folder / "users")
    rig.serve(answering(echo), text=server_text(own_directory, keeps=True) + text)
    for path in ("/in", "/staff"):
        assert ask(rig.port, path, "bob").status == 200
    own_directory.stop()
    for path in ("/in", "/staff"):
        assert ask(rig.port, path, "bob").status == 200
        assert ask(rig.port, path, "bob/wrong").status == 500
        assert ask(rig.port, path, "eve").status == 500


def test_whom_a_rule_keeps_out_does_not_come_in_while_nobody_can_be_asked(
    rig: Rig, own_directory: Slapd, ldap_folder: Path
) -> None:
    """httpd lets him in: a rule that is not known is one that does not hold."""
    text = section(
        "in",
        f"AuthBasicProvider file\n{URL}{FILE}<RequireAll>\nRequire valid-user\n"
        f"Require not ldap-group {dn_of_group('staff')}\n</RequireAll>",
    )
    text = filled(text, own_directory, ldap_folder / "users")
    rig.serve(answering(echo), text=server_text(own_directory) + text)
    assert ask(rig.port, "/in", "bob/file").status == 401
    assert ask(rig.port, "/in", "local").status == 200
    own_directory.stop()
    assert ask(rig.port, "/in", "bob/file").status == 500


class Silent:
    """Accepts, keeps what it is sent, and says nothing."""

    def __init__(self) -> None:
        self._sock = socket.create_server((HOST, 0))
        self.port: int = self._sock.getsockname()[1]
        self.heard: list[bytearray] = []
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._sock.accept()
            except OSError:
                return
            self.heard.append(bytearray())
            self._open.append(sock)
            thread = threading.Thread(
                target=self._hear, args=(sock, self.heard[-1]), daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _hear(self, sock: socket.socket, into: bytearray) -> None:
        try:
            while data := sock.recv(65536):
                into += data
        except OSError:
            return

    def stop(self) -> None:
        for sock in (self._sock, *self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(DEADLINE_S)


@pytest.fixture
def silent() -> Iterator[Silent]:
    made = Silent()
    yield made
    made.stop()


@pytest.mark.parametrize("mode", ["ldap", "starttls", "ldaps"])
def test_one_that_says_nothing_is_given_up(
    rig: Rig, directory: Slapd, silent: Silent, mode: str
) -> None:
    """And hears no password over a connection that was to be secure."""
    scheme = "ldaps" if mode == "ldaps" else "ldap"
    url = f"AuthLDAPURL {scheme}://{HOST}:{silent.port}/{SUFFIX}?uid"
    if mode == "starttls":
        url += " STARTTLS"
    login = f'AuthLDAPBindDN {READER}\nAuthLDAPBindPassword "{READERS_PASSWORD}"\n'
    rig.serve(
        answering(echo),
        text=server_text(directory)
        + "LDAPConnectionTimeout 1\nLDAPTimeout 1\n"
        + section("in", f"{url}\n{login}Require valid-user"),
    )
    assert ask(rig.port, "/in", "bob").status == 500
    assert silent.heard
    if mode != "ldap":
        heard = b"".join(silent.heard)
        assert READERS_PASSWORD.encode() not in heard and b"reader" not in heard


def test_one_that_says_nothing_delays_nobody_else(
    rig: Rig, directory: Slapd, ldap_folder: Path, silent: Silent
) -> None:
    """More than can be asked for at once wait for it; others come in by a file, and by
    another directory."""
    dead = f"AuthLDAPURL ldap://{HOST}:{silent.port}/{SUFFIX}?uid\n"
    text = (
        section("dead", f"{dead}Require valid-user")
        + section("in", f"{URL}Require valid-user")
        + section("file", f"AuthBasicProvider file\n{FILE}Require valid-user")
    )
    rig.serve(
        answering(echo),
        text=server_text(directory)
        + "LDAPConnectionTimeout 20\nLDAPTimeout 20\n"
        + filled(text, directory, ldap_folder / "users"),
    )
    waiting = []
    for number in range(12):
        client = rig.client()
        login = Login(f"u{number}", "x").field
        client.send(request("/dead", fields=login))
        waiting.append(client)
    wait_for(lambda: silent.heard, "somebody asks the one that says nothing")
    began = time.monotonic()
    assert ask(rig.port, "/out").status == 200
    assert ask(rig.port, "/file", "local").status == 200
    assert ask(rig.port, "/in", "bob").status == 200
    took = time.monotonic() - began
    for client in waiting:
        client.sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.sock.recv(1)  # nobody has been answered yet
        client.sock.settimeout(DEADLINE_S)
    assert took < 20
    silent.stop()
    for client in waiting:
        assert client.take_response().status in (500, 503)


def ber(tag: int, content: bytes) -> bytes:
    """One element; of less than 128 bytes, as all that is said here."""
    return bytes((tag, len(content))) + content


def result(number: int, tag: int, code: int = 0) -> bytes:
    """LDAPMessage with an LDAPResult (RFC 4511, 4.1.9)."""
    said = ber(0x0A, bytes((code,))) + ber(0x04, b"") + ber(0x04, b"")
    return ber(0x30, ber(0x02, bytes((number,))) + ber(tag, said))


def entry(number: int, name: bytes) -> bytes:
    said = ber(0x04, name) + ber(0x30, b"")
    return ber(0x30, ber(0x02, bytes((number,))) + ber(0x64, said))


BIND, SEARCH = 0x60, 0x63


class Liar:
    """A directory that answers each of its requests with what it is told to.

    answer(kind, number): kind is the tag of the request, number that of its message;
    pieces are sent one after the other, with a rest between them.
    """

    def __init__(self, answer: Callable[[int, int], Iterable[bytes]]) -> None:
        self._answer = answer
        self._ended = threading.Event()
        self._sock = socket.create_server((HOST, 0))
        self.port: int = self._sock.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._sock.accept()
            except OSError:
                return
            self._open.append(sock)
            thread = threading.Thread(target=self._talk, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _talk(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            while head := sock.recv(65536):
                # 30 LENGTH 02 01 NUMBER TAG
                at = 2 if head[1] < 0x80 else 2 + (head[1] & 0x7F)
                for piece in self._answer(head[at + 3], head[at + 2]):
                    sock.sendall(piece)
                    if self._ended.wait(0.05):
                        return

    def stop(self) -> None:
        self._ended.set()
        for sock in (self._sock, *self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(DEADLINE_S)


def lie(kind: str, tag: int, number: int) -> Iterator[bytes]:
    if kind == "garbage at once":
        yield b"HTTP/1.1 400 Bad Request\r\n\r\n"
    elif kind == "a length of 2 GiB":
        yield b"\x30\x84\x7f\xff\xff\xff"
    elif kind == "byte by byte without end":
        yield b"\x30\x83\xff\xff\xff"
        while True:
            yield b"\x02"
    elif kind == "another's answer":
        yield result(number + 1, 0x61 if tag == BIND else 0x65)
    elif tag == BIND or kind == "a bind for a search":
        yield result(number, 0x61)
    elif kind == "entries without end":
        while True:
            yield entry(number, b"uid=bob") * 50
    elif kind == "an entry without a name":
        yield entry(number, b"") + result(number, 0x65)
    elif kind == "broken within":
        yield result(number, 0x65)[:-3] + b"\xff\xff\xff"
    elif kind == "busy":
        yield result(number, 0x65, 51)
    elif kind == "the same entry twice":
        yield entry(number, b"uid=bob") * 2 + result(number, 0x65)


LIES = {
    "garbage at once": {500},
    "a length of 2 GiB": {500},
    "byte by byte without end": {500},
    "another's answer": {500},
    "a bind for a search": {401, 500},
    "entries without end": {401, 500},
    "an entry without a name": {401, 500},
    "broken within": {500},
    "busy": {500},
    "the same entry twice": {401},
}


@pytest.mark.parametrize("kind", LIES)
def test_a_directory_that_talks_nonsense(rig: Rig, kind: str) -> None:
    """Nobody comes in, and it is given up in time."""
    liar = Liar(functools.partial(lie, kind))
    url = f"AuthLDAPURL ldap://{HOST}:{liar.port}/{SUFFIX}?uid\n"
    try:
        rig.serve(
            answering(echo),
            text="LDAPConnectionTimeout 1\nLDAPTimeout 1\nLDAPCacheEntries 0\n"
            + section("in", f"{url}Require valid-user"),
        )
        began = time.monotonic()
        assert ask(rig.port, "/in", "bob").status in LIES[kind]
        assert time.monotonic() - began < 20
        assert ask(rig.port, "/out").status == 200
    finally:
        liar.stop()


CERTIFICATES = ("right", "other name", "other authority", "expired", "its own")


def shown(kind: str, authority: Authority) -> Pair:
    if kind == "other name":
        return make_pair(authority, ["other.test"])
    if kind == "other authority":
        return make_pair(make_ca("somebody else"))
    if kind == "expired":
        ago = certificates._now() - 9 * certificates.DAY
        return make_pair(authority, not_before=ago, not_after=ago + certificates.DAY)
    if kind == "its own":
        return make_pair(None)
    return make_pair(authority)


@pytest.mark.parametrize("kind", CERTIFICATES)
def test_a_certificate_must_be_right(rig: Rig, own_directory: Slapd, kind: str) -> None:
    own_directory.stop()
    own_directory.show(shown(kind, own_directory.authority))
    own_directory.start()
    starttls = f"AuthLDAPURL {BASE}?uid STARTTLS\nRequire valid-user"
    ldaps = "AuthLDAPURL {tls_url}/dc=example,dc=org?uid\nRequire valid-user"
    plain = f"{URL}Require valid-user"
    text = "".join(
        section(name, filled(text, own_directory, rig.folder / "users"))
        for name, text in (("starttls", starttls), ("ldaps", ldaps), ("plain", plain))
    )
    rig.serve(answering(echo), text=server_text(own_directory) + text)
    expected = 200 if kind == "right" else 500
    assert ask(rig.port, "/starttls", "bob").status == expected
    assert ask(rig.port, "/ldaps", "bob").status == expected
    assert ask(rig.port, "/plain", "bob").status == 200


@pytest.mark.parametrize(
    ("words", "status"),
    [("LDAPVerifyServerCert off", 200), ("LDAPVerifyServerCert on", 500)],
)
def test_an_authority_that_nobody_named(
    rig: Rig, directory: Slapd, words: str, status: int
) -> None:
    ldaps = "AuthLDAPURL {tls_url}/dc=example,dc=org?uid\nRequire valid-user"
    text = section("in", filled(ldaps, directory, rig.folder / "users"))
    rig.serve(answering(echo), text=f"{words}\n{text}")
    assert ask(rig.port, "/in", "bob").status == status


def test_one_that_says_nothing_does_not_keep_the_server_from_ending(
    server: Fastlb, make_member: MemberMaker, silent: Silent
) -> None:
    url = f"AuthLDAPURL ldap://{HOST}:{silent.port}/{SUFFIX}?uid\n"
    text = section("in", f"{url}Require valid-user")
    server.write(f"{text}ProxyPass / {make_member('a').url}/\n", workers=1)
    server.start()
    with socket.create_connection((HOST, server.port), DEADLINE_S) as client:
        client.sendall(request("/in", fields=LOGINS["bob"].field))
        wait_for(lambda: silent.heard, "it is asked")
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 20  # LDAPTimeout is a minute
