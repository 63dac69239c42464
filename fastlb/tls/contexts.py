"""Contexts for the virtual hosts and members of a model, made before the fork.

Every worker inherits the same contexts, and with them the keys of their tickets: a
session made in one worker is resumed in any other.
"""

from __future__ import annotations

from OpenSSL import SSL

from fastlb._core import TLS_FUNCTIONS
from fastlb.model.server import Model
from fastlb.model.tls import Protocols, TlsMember, TlsServer
from fastlb.tls.handles import ServerHandle, TlsHandles
from fastlb.tls.library import addresses, context_address

VERSIONS = {
    "TLSv1": SSL.TLS1_VERSION,
    "TLSv1.1": SSL.TLS1_1_VERSION,
    "TLSv1.2": SSL.TLS1_2_VERSION,
    "TLSv1.3": SSL.TLS1_3_VERSION,
}
MODES = 0x1 | 0x2 | 0x10  # partial writes, moving write buffer, release buffers


class Contexts:
    """The contexts of one model."""

    def __init__(self, model: Model) -> None:
        self.servers: tuple[SSL.Context | None, ...] = tuple(
            server_context(vhost.tls) if vhost.tls is not None else None
            for vhost in model.vhosts
        )
        self.members: tuple[SSL.Context | None, ...] = tuple(
            member_context(member.tls) if member.tls is not None else None
            for member in model.members
        )

    def handles(self) -> TlsHandles | None:
        if not any(self.servers) and not any(self.members):
            return None
        return TlsHandles(
            functions=addresses(TLS_FUNCTIONS),
            servers=tuple(
                ServerHandle(context_address(c), context_address(c)) if c else None
                for c in self.servers
            ),
            members=tuple(context_address(c) if c else None for c in self.members),
        )


def server_context(settings: TlsServer) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_mode(MODES)
    context.set_options(SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_session_id(b"fastlb")
    restrict(context, settings.protocols)
    for pair in settings.pairs:
        context.use_certificate_chain_file(pair.certificate_file)
        context.use_privatekey_file(pair.key_file)
    return context


def member_context(settings: TlsMember) -> SSL.Context:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_mode(MODES)
    restrict(context, settings.protocols)
    if settings.trust.ca_file or settings.trust.ca_path:
        context.load_verify_locations(settings.trust.ca_file, settings.trust.ca_path)
    return context


def restrict(context: SSL.Context, protocols: Protocols) -> None:
    """Versions and ciphers."""
    numbers = [VERSIONS[name] for name in protocols.versions]
    context.set_min_proto_version(min(numbers))
    context.set_max_proto_version(max(numbers))
    if protocols.ciphers is not None:
        context.set_cipher_list(protocols.ciphers.encode())
