"""Contexts for the virtual hosts and members of a model, made before the fork.

Every worker inherits the same contexts, and with them the keys of their tickets: a
session made in one worker is resumed in any other. A reload keeps what has not
changed; where only certificates have, a connection begins with the context whose
ticket keys its client may know, and answers with the new certificates
(tls/handles.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from OpenSSL import SSL

from fastlb._core import TLS_FUNCTIONS
from fastlb.facts.server import Model
from fastlb.facts.tls import KeyPair, TlsMember, TlsServer
from fastlb.facts.vhost import VHost, every_conf
from fastlb.tls import stamps
from fastlb.tls.errors import failing
from fastlb.tls.expiry import expiries
from fastlb.tls.handles import ServerHandle, TlsHandles
from fastlb.tls.library import addresses, context_address
from fastlb.tls.member_context import member_context
from fastlb.tls.pass_phrases import PassPhrases
from fastlb.tls.protocols import ciphers_of
from fastlb.tls.server_context import policy, server_context
from fastlb.tls.stamps import Stamps
from fastlb.tls.stapling import Stapled, keep_answers, staple

HTTPS_PORT = 443
# Whoever learns a key later can read what was sent while it was in use.
TICKET_KEYS_MAX_S = 86400.0


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A context and what it was made of."""

    context: SSL.Context
    files: Stamps
    made_s: float  # monotonic
    stapled: tuple[Stapled, ...] = ()


@dataclass(frozen=True, slots=True)
class Host:
    """The contexts of one virtual host: of its sessions and of its certificates."""

    name: str  # name:port
    settings: TlsServer
    trust: Stamps
    session: Made
    certificate: Made


S = TypeVar("S", TlsServer, TlsMember)
Pool = dict[S, Made]


class Contexts:
    """The contexts of one model; lives as long as the generation that uses them."""

    def __init__(
        self,
        model: Model,
        phrases: PassPhrases,
        now_s: float,
        previous: Contexts | None = None,
    ) -> None:
        """TlsError when one of them cannot be made; previous stays as it is."""
        self._now_s = now_s
        self._server_pool: Pool[TlsServer] = {}
        self._member_pool: Pool[TlsMember] = {}
        self.hosts: dict[str, Host] = {}  # by vhost_id
        self.servers: list[Host | None] = []
        self.members: list[Made | None] = []
        self.expiries = expiries(model)
        self._ciphers = section_ciphers(model)
        for vhost in model.vhosts:
            host = None
            if vhost.tls is not None:
                host = self._host(vhost, vhost.tls, phrases, previous)
                self.hosts[vhost.vhost_id] = host
            self.servers.append(host)
        if previous is not None:
            keep_answers(previous.stapled(), self.stapled(), int(time.time()))
        for member in model.members:
            made = None
            if member.tls is not None:
                made = self._member(member.tls, member.url, previous)
            self.members.append(made)

    def handles(self) -> TlsHandles:
        """ValueError when the library is not one that the core can use."""
        return TlsHandles(
            functions=addresses(TLS_FUNCTIONS),
            servers=tuple(
                ServerHandle(
                    session_context=context_address(host.session.context),
                    certificate_context=context_address(host.certificate.context),
                )
                if host is not None
                else None
                for host in self.servers
            ),
            members=tuple(
                context_address(made.context) if made is not None else None
                for made in self.members
            ),
            ciphers=self._ciphers,
        )

    def stapled(self) -> tuple[Stapled, ...]:
        """Certificates whose answers the monitor has to keep fresh."""
        return tuple(one for made in self._server_pool.values() for one in made.stapled)

    def _host(
        self,
        vhost: VHost,
        settings: TlsServer,
        phrases: PassPhrases,
        previous: Contexts | None,
    ) -> Host:
        made = self._take(
            without_places(settings),
            stamps.of_server(settings),
            self._server_pool,
            previous._server_pool if previous is not None else {},
            lambda: make_server_context(settings, name_of(vhost), phrases),
        )
        trust = stamps.of_server_trust(settings)
        before = previous.hosts.get(vhost.vhost_id) if previous is not None else None
        session = made
        if before is not None and self._is_kept(before, settings, trust):
            session = before.session
        return Host(name_of(vhost), settings, trust, session, made)

    def _is_kept(self, before: Host, settings: TlsServer, trust: Stamps) -> bool:
        """Sessions go on while clients are measured by the same things."""
        return (
            self._now_s - before.session.made_s < TICKET_KEYS_MAX_S
            and policy(before.settings) == policy(settings)
            and before.trust == trust
        )

    def _member(
        self, settings: TlsMember, whose: str, previous: Contexts | None
    ) -> Made:
        return self._take(
            settings,
            stamps.of_member(settings),
            self._member_pool,
            previous._member_pool if previous is not None else {},
            lambda: (member_context(settings, whose), ()),
        )

    def _take(
        self,
        settings: S,
        files: Stamps,
        pool: Pool[S],
        old: Pool[S],
        make: Callable[[], tuple[SSL.Context, tuple[Stapled, ...]]],
    ) -> Made:
        """One that is there already, of this model or of the one before, or a new one.

        files: taken before the files are read, so that a change in between is seen by
        the next reload.
        """
        made = pool.get(settings)
        if made is None:
            made = old.get(settings)
            if made is None or not self._is_fresh(made, files):
                context, stapled = make()
                made = Made(context, files, self._now_s, stapled)
            pool[settings] = made
        return made

    def _is_fresh(self, made: Made, files: Stamps) -> bool:
        return made.files == files and self._now_s - made.made_s < TICKET_KEYS_MAX_S


def section_ciphers(model: Model) -> dict[str, tuple[str, ...]]:
    """What SSLCipherSuite of each section means."""
    written = {
        conf.tls_ciphers
        for vhost in model.vhosts
        for conf in every_conf(vhost)
        if conf.tls_ciphers is not None
    }
    found = {}
    for one in written:
        with failing(
            "AH02253: Unable to reconfigure (per-directory) permitted SSL ciphers:"
            f" {one}"
        ):
            found[one] = ciphers_of(one)
    return found


def make_server_context(
    settings: TlsServer, whose: str, phrases: PassPhrases
) -> tuple[SSL.Context, tuple[Stapled, ...]]:
    made = server_context(settings, whose, phrases)
    return made.context, staple(made.context, made.loaded, settings, whose)


def without_places(settings: TlsServer) -> TlsServer:
    """A directive that moved in its file makes no other context."""
    pairs = (KeyPair(p.certificate_file, p.key_file, "", 0) for p in settings.pairs)
    return replace(settings, pairs=tuple(pairs), strict_sni=False)


def name_of(vhost: VHost) -> str:
    """name:port, as mod_ssl calls a virtual host."""
    return f"{vhost.server_name}:{vhost.server_port or HTTPS_PORT}"
