"""Plays a configuration as people write it: real ports and hosts become ours.

A configuration of tests/corpus/configurations/ says what its author would: `Listen
443`, `http://localhost:8080`, `/etc/ssl/certs/...`. Here every member's authority gets
a stand-in that remembers what it was asked, every port and every file one of our own,
and what comes back is told in the words of the configuration again.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from certificates import Pair, make_pair
from peers import DEADLINE_S, HOST, Message, Peer, ScriptedMember
from ports import free_port

NAMES = ("localhost", HOST, "example.org", "*.example.org", "*.example.com")
TARGETS = re.compile(
    r"(?im)^\s*(?:ProxyPass(?:Match|Reverse)?|BalancerMember|Define|SetHandler|"
    r"RewriteRule|<Proxy(?:Match)?|ProxyRemote|AuthRequest)\b.*$"
)
AUTHORITY = re.compile(r"\b(https?|wss?)://([\w.-]+|\[[\da-f:]+\])(:\d+)?")
UNIX = re.compile(r"unix:([^|\s\"]+)\|")
HOST_PORT = re.compile(r"(?im)^(\s*<VirtualHost\s)([^>]*)>")
LISTEN = re.compile(r"(?im)^(\s*Listen\s+)(?:(\S*):)?(\d+)(.*)$")
FILES = re.compile(
    r"(?im)^(\s*(?:SSL(?:Proxy)?(?:Certificate|CACertificate|MachineCertificate|"
    r"CertificateKey|CertificateChain)File|ErrorLog|CustomLog|TransferLog|"
    r"DocumentRoot)\s+)(\"[^\"]*\"|\S+)(.*)$"
)
PRODUCT = re.compile(r"\((?:Apache|fastlb)/[^()]*(?:\([^()]*\))?\)")
DEFAULT_PORTS = {"http": "80", "ws": "80", "https": "443", "wss": "443"}
NOT_COMPARED = frozenset(
    (
        *("date", "server", "connection", "keep-alive", "content-length"),
        *("transfer-encoding", "upgrade", "accept-ranges", "last-modified", "etag"),
    )
)
NOT_COMPARED_OF_REQUESTS = frozenset(("connection",))


@cache
def pair() -> Pair:
    return make_pair(None, NAMES)


@dataclass
class Member:
    """A stand-in: what it was asked last, and what it is to answer."""

    name: str
    secure: bool = False
    seen: list[Message] = field(default_factory=list)
    listening: ScriptedMember | None = None


@dataclass
class Stage:
    """One configuration with everything that it names."""

    text: str
    folder: Path
    files: Mapping[str, str] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)  # as written -> ours
    answer: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("logs", "htdocs", "run"):
            (self.folder / name).mkdir(exist_ok=True)
        pem = self.folder / "site.pem"
        pair().write(self.folder, "site")
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pem)
        text = self._with_files(self.text)
        text = self._with_members(text)
        self.laid = self._with_ports(text)

    # -- laying out

    def _with_files(self, text: str) -> str:
        for path, content in self.files.items():
            own = self.folder / path.lstrip("/")
            own.parent.mkdir(parents=True, exist_ok=True)
            own.write_text(content.replace("{folder}", str(self.folder)))
            text = text.replace(path, str(own))

        def own_file(match: re.Match[str]) -> str:
            word = match[1].split()[0].lower()
            path = match[2].strip('"')
            if path.startswith((str(self.folder), "|", "syslog")):
                return match[0]
            if word.startswith("ssl"):
                return f"{match[1]}{self.folder}/site.pem{match[3]}"
            if word == "documentroot":
                return f"{match[1]}{self.folder}/htdocs{match[3]}"
            return f"{match[1]}{self.folder}/logs/{path.split('/')[-1]}{match[3]}"

        return FILES.sub(own_file, text)

    def _member(self, name: str, *, secure: bool, path: str | None = None) -> Member:
        member = self.members.get(name)
        if member is None:
            member = self.members[name] = Member(name, secure)
            member.listening = ScriptedMember(self._life(member), path=path)
        return member

    def _with_members(self, text: str) -> str:
        def own_socket(match: re.Match[str]) -> str:
            path = f"{self.folder}/{len(self.members)}.sock"
            name = f"unix:{match[1]}"
            if name in self.members:
                listening = self.members[name].listening
                assert listening is not None
                return f"unix:{listening.path}|"
            self._member(name, secure=False, path=path)
            return f"unix:{path}|"

        def own_authority(match: re.Match[str]) -> str:
            scheme, host, port = match[1], match[2], match[3] or ""
            name = f"{host}:{port[1:] or DEFAULT_PORTS[scheme]}"
            if name not in known:
                return match[0]
            member = self._member(name, secure=scheme in ("https", "wss"))
            assert member.listening is not None
            return f"{scheme}://{HOST}:{member.listening.port}"

        known = set()
        for line in TARGETS.findall(text):
            word = line.split()[0].lower()
            if word in ("rewriterule",) and not _is_proxied(line):
                continue
            if word == "proxypassreverse":
                continue
            bare = UNIX.sub("unix:|", line)
            for scheme, host, port in AUTHORITY.findall(
                re.sub(r"unix:\|\S+", "", bare)
            ):
                known.add(f"{host}:{port[1:] or DEFAULT_PORTS[scheme]}")

        def own_line(match: re.Match[str]) -> str:
            line = match[0]
            if line.split()[0].lower() == "rewriterule" and not _is_proxied(line):
                return line
            if UNIX.search(line):
                return UNIX.sub(own_socket, line)
            return AUTHORITY.sub(own_authority, line)

        return TARGETS.sub(own_line, text)

    def _with_ports(self, text: str) -> str:
        def own_port(port: str) -> int:
            return self.ports.setdefault(port, free_port())

        def own_listen(match: re.Match[str]) -> str:
            listened.add(match[3])
            return f"{match[1]}{HOST}:{own_port(match[3])}{match[4]}"

        def own_hosts(match: re.Match[str]) -> str:
            words = []
            for word in match[2].split():
                address, colon, port = word.rpartition(":")
                if not colon or not port.isdigit():
                    words.append(word)
                    continue
                if address not in ("*", "_default_"):
                    address = HOST
                named.append(port)
                words.append(f"{address}:{own_port(port)}")
            return f"{match[1]}{' '.join(words)}>"

        listened: set[str] = set()
        named: list[str] = []
        text = LISTEN.sub(own_listen, text)
        text = HOST_PORT.sub(own_hosts, text)
        missing = [port for port in dict.fromkeys(named) if port not in listened]
        if not listened and not missing:
            missing = ["80"]
        lines = "".join(f"Listen {HOST}:{own_port(port)}\n" for port in missing)
        return lines + text

    # -- members

    def _life(self, member: Member) -> Any:
        def handler(peer: Peer) -> None:
            if member.secure:
                peer.sock = self._context.wrap_socket(peer.sock, server_side=True)
            while (request := peer.take_request()) is not None:
                member.seen.append(request)
                asked = self.answer
                if request.field("Upgrade") and asked.get("status", 101) == 101:
                    lines = ["HTTP/1.1 101 Switching Protocols", "Connection: Upgrade"]
                    lines += [f"Upgrade: {request.field('Upgrade')}", "", ""]
                    peer.send("\r\n".join(lines).encode())
                    return
                status = asked.get("status", 200)
                body = b"" if status in (204, 304) else b"from a member\n"
                fields = self.local(
                    "".join(f"{f}\r\n" for f in asked.get("fields", ()))
                )
                head = f"HTTP/1.1 {status} Told\r\nContent-Length: {len(body)}\r\n"
                if request.method == "HEAD":
                    body = b""
                peer.send(f"{head}{fields}\r\n".encode("latin-1") + body)

        return handler

    def end(self) -> None:
        for member in self.members.values():
            if member.listening is not None:
                member.listening.stop()

    # -- words of the configuration and ours

    def written(self, text: str) -> str:
        """With the authorities, ports and folder that the author wrote."""
        for name, member in self.members.items():
            if member.listening is not None and member.listening.port:
                own = f"{HOST}:{member.listening.port}"
                shown = re.sub(r":(?:80|443)$", "", name)
                text = text.replace(own, shown)
        for port, own_port in self.ports.items():
            text = re.sub(rf"\b{own_port}\b", port, text)
        text = re.sub(
            r"\((?:Apache|fastlb)/[^()]*(?:\([^()]*\))?\)", "({server})", text
        )
        return text.replace(str(self.folder), "{folder}")

    def local(self, text: str) -> str:
        """Authorities of members, as they are reached here."""

        def own(match: re.Match[str]) -> str:
            scheme, host, port = match[1], match[2], match[3] or ""
            member = self.members.get(f"{host}:{port[1:] or DEFAULT_PORTS[scheme]}")
            if member is None or member.listening is None:
                return match[0]
            return f"{scheme}://{HOST}:{member.listening.port}"

        return AUTHORITY.sub(own, text)

    # -- playing

    def play(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """One request; what came back, and what a member saw of it."""
        self.answer = spec.get("answer", {})
        for member in self.members.values():
            member.seen.clear()
        with self._connection(spec["url"]) as peer:
            peer.send(request_bytes(spec))
            message = (
                peer.take_response(spec.get("method", "GET"))
                if not spec.get("upgrade")
                else _upgraded(peer)
            )
        asked = [
            (member, seen) for member in self.members.values() for seen in member.seen
        ]
        found: dict[str, Any] = {
            "status": message.status,
            "fields": sorted(
                self.written(f"{name}: {value}")
                for name, value in message.fields
                if name.lower() not in NOT_COMPARED
            ),
        }
        if asked:
            member, seen = asked[-1]
            found["member"] = member.name
            found["asked"] = self.written(f"{seen.method} {seen.target}")
            found["saw"] = sorted(
                self.written(f"{name.lower()}: {value}")
                for name, value in seen.fields
                if name.lower() not in NOT_COMPARED_OF_REQUESTS
            )
        return found

    @contextmanager
    def _connection(self, url: str) -> Iterator[Peer]:
        scheme, _, rest = url.partition("://")
        authority = rest.partition("/")[0]
        host, _, port = authority.partition(":")
        own_port = self.ports[port or DEFAULT_PORTS[scheme]]
        sock = socket.create_connection((HOST, own_port), timeout=DEADLINE_S)
        if scheme in ("https", "wss"):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            sock = context.wrap_socket(sock, server_hostname=host)
        peer = Peer(sock)
        try:
            yield peer
        finally:
            peer.close()


def _upgraded(peer: Peer) -> Message:
    """The head of a 101, or the whole of another answer."""
    start, fields = peer.take_head()
    if start.split(" ")[1] == "101":
        return Message(start, fields, b"", "none")
    framing, body = peer.take_body(fields, otherwise="close")
    return Message(start, fields, body, framing)


def _is_proxied(line: str) -> bool:
    flags = re.search(r"\[([^\]]*)\]\s*$", line)
    words = flags[1].replace(" ", "").split(",") if flags else []
    return any(word.upper() in ("P", "PROXY") for word in words)


def lines_of(spec: Mapping[str, Any]) -> list[str]:
    """The fields of a request, Host among them."""
    authority = spec["url"].partition("://")[2].partition("/")[0]
    fields = list(spec.get("fields", ()))
    if not any(line.lower().startswith("host:") for line in fields):
        fields.insert(0, f"Host: {authority}")
    if spec.get("upgrade"):
        fields += [f"Upgrade: {spec['upgrade']}", "Connection: Upgrade"]
        if spec["upgrade"].lower() == "websocket":
            fields += [
                "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            ]
    if "body" in spec:
        fields.append(f"Content-Length: {len(spec['body'].encode())}")
    return fields


def request_bytes(spec: Mapping[str, Any]) -> bytes:
    rest = spec["url"].partition("://")[2]
    target = "/" + rest.partition("/")[2]
    lines = [f"{spec.get('method', 'GET')} {target} HTTP/1.1", *lines_of(spec), "", ""]
    return "\r\n".join(lines).encode() + spec.get("body", "").encode()
