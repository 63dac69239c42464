"""Handshakes in memory: contexts of ours with Python's own ssl as the other side."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from certificates import PairFiles
from cryptography import x509
from OpenSSL import SSL
from trees import model_of

from fastlb.facts.server import Model
from fastlb.facts.tls import KeyPair, Protocols, TlsMember, TlsServer, Trust, Verify

ALL = Protocols(("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"), None, None)
PLAIN = TlsServer(
    pairs=(),
    chain_file=None,
    protocols=ALL,
    honor_cipher_order=False,
    conf_commands=(),
    verify=Verify.NONE,
    verify_depth=1,
    trust=Trust(),
    dn_request_file=None,
    dn_request_path=None,
    session_tickets=True,
    session_timeout_s=300,
    strict_sni=False,
    stapling=None,
    pass_phrase="builtin",
)
MEMBER = TlsMember(
    engine=True,
    protocols=ALL,
    verify=Verify.NONE,
    verify_depth=1,
    trust=Trust(),
    check_name=True,
    check_cn=True,
    check_expire=True,
    machine_certificate_file=None,
    machine_certificate_path=None,
    machine_chain_file=None,
)
CONF = """\
Listen 127.0.0.1:8443
ServerName main.test
<VirtualHost *:8443>
ServerName one.test
</VirtualHost>
<VirtualHost *:8443>
ServerName two.test
</VirtualHost>
<Proxy balancer://b>
BalancerMember http://127.0.0.1:9001
BalancerMember http://127.0.0.1:9002
</Proxy>
ProxyPass / balancer://b/
"""


def settings(*files: PairFiles, **changes: Any) -> TlsServer:
    """Of a virtual host with these pairs: leaf and intermediates in one file."""
    pairs = tuple(KeyPair(str(item.full), str(item.key), "t.conf", 1) for item in files)
    return replace(PLAIN, pairs=pairs, **changes)


def model_with(
    *servers: TlsServer | None, members: tuple[TlsMember | None, ...] = ()
) -> Model:
    """A model of up to two virtual hosts and two members with this TLS."""
    model = model_of(CONF)
    vhosts = list(model.vhosts)
    for index, tls in enumerate(servers, start=1):
        vhosts[index] = replace(vhosts[index], tls=tls)
    own = list(model.members)
    for index, member in enumerate(members):
        own[index] = replace(own[index], tls=member, scheme="https")
    return replace(model, vhosts=tuple(vhosts), members=tuple(own))


@dataclass
class Server:
    """A connection of ours, as the core begins it."""

    session: SSL.Context
    certificate: SSL.Context
    verify: int = SSL.VERIFY_NONE

    def connection(self) -> SSL.Connection:
        made = SSL.Connection(self.session, None)
        if self.certificate is not self.session:
            made.set_context(self.certificate)
        made.set_verify(self.verify)
        made.set_accept_state()
        return made


@dataclass
class Shaken:
    """Both ends of a connection that is established."""

    ours: SSL.Connection
    client: ssl.SSLObject

    @property
    def presented(self) -> x509.Certificate:
        der = self.client.getpeercert(binary_form=True)
        assert der is not None
        return x509.load_der_x509_certificate(der)


def client_context(
    root: bytes | None = None, change: Callable[[ssl.SSLContext], None] | None = None
) -> ssl.SSLContext:
    """root: PEM of what the client believes; None: it verifies nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if root is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context.load_verify_locations(cadata=root.decode())
    if change is not None:
        change(context)
    return context


def shake(
    server: Server,
    client: ssl.SSLContext | None = None,
    *,
    name: str = "one.test",
    session: ssl.SSLSession | None = None,
) -> Shaken:
    """A handshake with one byte each way behind it; what fails it is raised."""
    ours = server.connection()
    to_client, to_us = ssl.MemoryBIO(), ssl.MemoryBIO()
    their = (client or client_context()).wrap_bio(
        to_client, to_us, server_hostname=name, session=session
    )
    wants = [ours.do_handshake, their.do_handshake]
    for _ in range(20):
        for step in list(wants):
            try:
                step()
                wants.remove(step)
            except (SSL.WantReadError, ssl.SSLWantReadError):
                pass
            finally:
                carry(ours, to_client, to_us)
        if not wants:
            break
    assert not wants, "the handshake does not end"
    ours.send(b"!")
    carry(ours, to_client, to_us)
    assert their.read(1) == b"!"
    their.write(b"?")
    carry(ours, to_client, to_us)
    assert ours.recv(1) == b"?"
    return Shaken(ours, their)


def carry(ours: SSL.Connection, to_client: ssl.MemoryBIO, to_us: ssl.MemoryBIO) -> None:
    while True:
        try:
            to_client.write(ours.bio_read(65536))
        except SSL.WantReadError:
            break
    data = to_us.read()
    if data:
        ours.bio_write(data)
