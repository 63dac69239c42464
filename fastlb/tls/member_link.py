"""TLS towards a member for whoever speaks to it without the core: no socket, bytes in
and bytes out.

What its certificate must be is decided as the core decides it (flow/secure.pyx).
"""

from __future__ import annotations

from typing import Final

from OpenSSL import SSL, crypto

from fastlb.base.addresses import literal_of
from fastlb.facts.tls import TlsMember, Verify
from fastlb.tls.library import measure_by

READ_BYTES: Final = 16_384
# X509_V_ERR_*, by what they are about
_NO_CRL: Final = 3
_DATES: Final = (9, 10)  # not yet valid, has expired
_NAMES: Final = (62, 64)  # of a host, of an address


class LinkError(Exception):
    """The handshake has failed; the text says why."""


class MemberLink:
    """One connection, from the handshake on."""

    def __init__(self, context: SSL.Context, settings: TlsMember, host: str) -> None:
        self._settings = settings
        self._connection = SSL.Connection(context, None)
        self._connection.set_connect_state()
        self._names_asked = measure_by(self._connection, host)
        if literal_of(host) is None:
            # An address is never sent as a name (RFC 6066 3).
            self._connection.set_tlsext_host_name(host.encode("ascii", "replace"))
        self._connection.set_verify(SSL.VERIFY_PEER, self._on_certificate)
        self._chain_error = self._date_error = self._names_wrong = 0

    def _on_certificate(
        self, _: SSL.Connection, __: crypto.X509, error: int, ___: int, good: int
    ) -> bool:
        """Note what is wrong, and go on: `fault` decides when all of it is known."""
        if good or (error == _NO_CRL and self._settings.trust.revocation_no_crl_ok):
            return True
        if error in _NAMES:
            self._names_wrong += 1
        elif error in _DATES:
            self._date_error = error
        elif not self._chain_error:
            self._chain_error = error
        return True

    def fault(self) -> str:
        """What SSLProxyVerify or SSLProxyCheckPeer* forbids; "": nothing."""
        wanted = self._settings
        if self._chain_error and wanted.verify in (Verify.REQUIRE, Verify.OPTIONAL):
            return "nobody that is believed has signed it"
        if self._date_error and (
            wanted.check_expire or wanted.verify is Verify.REQUIRE
        ):
            return "it is not in force"
        is_other = self._names_wrong >= self._names_asked > 0
        if is_other and (wanted.check_name or wanted.check_cn):
            return "it is for another name"
        return ""

    def handshake(self) -> bool:
        """Go on with it; True when it is over. LinkError."""
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return False
        except SSL.Error as failure:
            raise LinkError(str(failure)) from None
        return True

    def take(self, data: bytes) -> None:
        """What has come from the member."""
        self._connection.bio_write(data)

    def give(self) -> bytes:
        """What is to go to the member."""
        pieces = []
        while True:
            try:
                pieces.append(self._connection.bio_read(READ_BYTES))
            except SSL.WantReadError:
                return b"".join(pieces)

    def write(self, data: bytes) -> None:
        """ConnectionError, as of a socket."""
        try:
            self._connection.sendall(data)
        except SSL.Error as failure:
            raise ConnectionError(str(failure)) from None

    def read(self, size: int) -> bytes | None:
        """b"": the member has ended it; None: more must come first. ConnectionError."""
        try:
            return self._connection.recv(size)
        except SSL.WantReadError:
            return None
        except SSL.ZeroReturnError:
            return b""
        except SSL.Error as failure:
            raise ConnectionError(str(failure)) from None
