"""TLS towards clients (SSLEngine and its kin) and towards members (SSLProxy*)."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Verify(enum.Enum):
    """SSLVerifyClient, SSLProxyVerify."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRE = "require"
    OPTIONAL_NO_CA = "optional_no_ca"


class SniPolicy(enum.Enum):
    """SSLVHostSNIPolicy: which virtual hosts may serve for one another."""

    STRICT = "strict"
    SECURE = "secure"
    AUTH_ONLY = "authonly"
    INSECURE = "insecure"


class RevocationCheck(enum.Enum):
    """SSLCARevocationCheck, SSLProxyCARevocationCheck."""

    NONE = "none"
    LEAF = "leaf"
    CHAIN = "chain"


@dataclass(frozen=True, slots=True)
class KeyPair:
    """One SSLCertificateFile with its key; both name one file when the key is in it.

    certificate_file may hold the intermediates behind the leaf.
    """

    certificate_file: str
    key_file: str
    file: str  # where SSLCertificateFile stands
    line: int


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to believe: authorities and what they have revoked. None: not written."""

    ca_file: str | None = None
    ca_path: str | None = None
    revocation_file: str | None = None
    revocation_path: str | None = None
    revocation_check: RevocationCheck = RevocationCheck.NONE
    revocation_no_crl_ok: bool = False  # the flag no_crl_for_cert_ok


@dataclass(frozen=True, slots=True)
class Protocols:
    """What may be spoken, and with which ciphers."""

    versions: tuple[str, ...]  # of "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"
    ciphers: str | None  # OpenSSL cipher list up to TLS 1.2; None: the library's
    suites: str | None  # TLS 1.3 suites; None: the library's


@dataclass(frozen=True, slots=True)
class Stapling:
    """SSLUseStapling on, with what SSLStapling* say."""

    responder_timeout_s: int
    response_max_age_s: int  # -1: as the answer says
    standard_cache_timeout_s: int
    error_cache_timeout_s: int
    return_responder_errors: bool
    fake_try_later: bool
    force_url: str | None
    response_skew_s: int = 300  # by which clocks may differ


@dataclass(frozen=True, slots=True)
class TlsServer:
    """A virtual host with SSLEngine on. Equal values mean equal contexts, as long as
    the files do not change."""

    pairs: tuple[KeyPair, ...]  # RSA and ECDSA side by side
    chain_file: str | None  # SSLCertificateChainFile: sent behind the leaf
    protocols: Protocols
    honor_cipher_order: bool
    conf_commands: tuple[tuple[str, str], ...]  # SSLOpenSSLConfCmd, checked
    verify: Verify
    verify_depth: int
    trust: Trust
    dn_request_file: str | None  # names told to clients; None: those of trust
    dn_request_path: str | None
    session_tickets: bool
    session_timeout_s: int
    strict_sni: bool  # SSLStrictSNIVHostCheck
    stapling: Stapling | None
    pass_phrase: str  # SSLPassPhraseDialog: "builtin" or "exec:/path args"


@dataclass(frozen=True, slots=True)
class TlsMember:
    """Towards an https or wss member: SSLProxy* of its <Proxy> or virtual host."""

    engine: bool  # SSLProxyEngine; off is served all the same, but for Compat apache
    protocols: Protocols
    verify: Verify
    verify_depth: int
    trust: Trust
    check_name: bool  # SSLProxyCheckPeerName
    check_cn: bool  # SSLProxyCheckPeerCN, where check_name is off
    check_expire: bool  # SSLProxyCheckPeerExpire
    machine_certificate_file: str | None  # certificate and key for members that ask
    machine_certificate_path: str | None
    machine_chain_file: str | None
