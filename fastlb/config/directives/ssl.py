"""mod_ssl: TLS towards clients (SSL*) and towards members (SSLProxy*).

What is refused would be unsafe to ignore; what is explained changes nothing. Files
that directives name are opened when the model is checked, not here.
"""

from __future__ import annotations

from fastlb.base.errors import Severity
from fastlb.config import tls_checks
from fastlb.config.checks import Choice, Duration, Each, Integer
from fastlb.config.registry import (
    SV,
    SVD,
    SVP,
    Args,
    Check,
    Complaint,
    Context,
    D,
    Directive,
    S,
    Status,
)

SSL = "mod_ssl.c"
_VERIFY = Choice(
    ("none", "optional", "require", "optional_no_ca"),
    "{name}: Invalid argument '{word}'",
)
_OPTIONS = Each(
    (
        "StdEnvVars",
        "ExportCertData",
        "FakeBasicAuth",
        "StrictRequire",
        "OptRenegotiate",
        "LegacyDNStringFormat",
    ),
    "{name}: Illegal option '{word}'",
)
_TELLING_OPTIONS = {
    "fakebasicauth": "members would get an Authorization made of the certificate",
    "legacydnstringformat": "names in variables would be written /C=..., not C=...",
}


def _options(name: str, words: tuple[str, ...]) -> Complaint | None:
    """Refuse the options that change what others see and are not served."""
    complaint = _OPTIONS(name, words)
    if complaint is not None:
        return complaint
    for index, word in enumerate(words):
        why = _TELLING_OPTIONS.get(word.lstrip("+-").lower())
        if why is not None and not word.startswith("-"):
            return Complaint(
                f"{name}: {word} is not served",
                why,
                "leave it out",
                "FB0116",
                word=index,
            )
    return None


_SECONDS = Duration("s", 0, "{name}: invalid argument")
_SESSIONS = (
    "sessions are kept in tickets, which every worker can open, before and after a"
    " reload"
)
_ALL_VERSIONS = "all -SSLv3"


def _served(  # noqa: PLR0917 - a row of a table
    name: str,
    args: Args,
    syntax: str,
    help_text: str,
    contexts: Context = SV,
    default: str = "",
    check: Check | None = None,
    manual: str = "",
    differs: str = "",
) -> Directive:
    return Directive(
        name,
        SSL,
        contexts,
        args,
        syntax,
        help_text,
        default=default,
        check=check,
        manual=manual,
        differs=differs,
    )


def _explained(
    name: str,
    args: Args,
    syntax: str,
    reason: str,
    contexts: Context = SV,
    *,
    default: str = "",
    check: Check | None = None,
    silent: bool = False,
) -> Directive:
    return Directive(
        name,
        SSL,
        contexts,
        args,
        syntax,
        "taken; changes nothing",
        Status.EXPLAINED,
        default,
        reason=reason,
        check=check,
        silent=silent,
    )


_SERVER = (
    _served(
        "SSLEngine",
        Args.ONE,
        "on|off",
        "whether clients are served with TLS",
        default="off; on where Listen names https",
        check=tls_checks.engine,
    ),
    _served(
        "SSLCertificateFile",
        Args.ONE,
        "file",
        "server certificate in PEM",
        manual=(
            "The leaf, then the intermediates in their order; the key may stand in the"
            " file, too. Several lines give several certificates, such as RSA and"
            " ECDSA; SSLCertificateKeyFile lines belong to them in their order."
        ),
    ),
    _served("SSLCertificateKeyFile", Args.ONE, "file", "private key in PEM"),
    _served(
        "SSLCertificateChainFile",
        Args.ONE,
        "file",
        "intermediate certificates, sent behind the leaf",
    ),
    _served("SSLCACertificateFile", Args.ONE, "file", "authorities of clients"),
    _served("SSLCACertificatePath", Args.ONE, "dir", "authorities of clients"),
    _served("SSLCARevocationFile", Args.ONE, "file", "revoked client certificates"),
    _served(
        "SSLCARevocationPath", Args.ONE, "directory", "revoked client certificates"
    ),
    _served(
        "SSLCARevocationCheck",
        Args.LIST,
        "chain|leaf|none [no_crl_for_cert_ok]",
        "how revocation is checked",
        default="none",
        check=tls_checks.revocation,
    ),
    _served("SSLCADNRequestFile", Args.ONE, "file", "authorities told to clients"),
    _served("SSLCADNRequestPath", Args.ONE, "directory", "authorities told to clients"),
    _served(
        "SSLVerifyClient",
        Args.ONE,
        "none|optional|require|optional_no_ca",
        "whether clients must show a certificate",
        SVD,
        "none",
        _VERIFY,
        differs=(
            "Only for a whole virtual host: inside a section it would need a second"
            " handshake within the connection, which is refused."
        ),
    ),
    _served(
        "SSLVerifyDepth",
        Args.ONE,
        "n",
        "longest chain of clients",
        SVD,
        "1",
        tls_checks.depth,
    ),
    _served(
        "SSLProtocol",
        Args.RAW,
        "[+|-]protocol ...",
        "versions of TLS for clients",
        default=_ALL_VERSIONS,
        check=tls_checks.protocols,
    ),
    _served(
        "SSLCipherSuite",
        Args.ONE_TWO,
        "[TLSv1.3] ciphers",
        "ciphers for clients",
        SVD,
        check=tls_checks.ciphers,
    ),
    _served(
        "SSLHonorCipherOrder",
        Args.FLAG,
        "on|off",
        "whether the server's order of ciphers counts",
        default="off",
    ),
    _served(
        "SSLOptions",
        Args.RAW,
        "[+|-]option ...",
        "details of TLS",
        SVD,
        check=_options,
        manual=(
            "StdEnvVars gives requests the variables SSL_*, ExportCertData the"
            " certificates themselves. StrictRequire and OptRenegotiate belong to"
            " authentication and renegotiation and change nothing; FakeBasicAuth and"
            " LegacyDNStringFormat are refused."
        ),
    ),
    _served("SSLRequireSSL", Args.NONE, "", "403 for requests without TLS", D),
    Directive(
        "SSLRequire",
        SSL,
        D,
        Args.RAW,
        "expression",
        "refuses requests by an expression",
        Status.REFUSED,
        reason="expressions are not evaluated; ignoring it would open what it guards",
        cure="write SSLVerifyClient require for the virtual host, or SSLRequireSSL",
    ),
    _served(
        "SSLSessionCacheTimeout",
        Args.ONE,
        "seconds",
        "life of a session",
        default="300",
        check=Integer(0, None, "{name}: Invalid argument"),
    ),
    _served(
        "SSLSessionTickets",
        Args.FLAG,
        "on|off",
        "whether sessions can be taken up again",
        default="on",
        differs=(
            "Sessions live in tickets alone, so that off means that none is taken up"
            " again; Apache's SSLSessionCache is a second way."
        ),
    ),
    _served(
        "SSLStrictSNIVHostCheck",
        Args.FLAG,
        "on|off",
        "refuse clients without SNI",
        default="off",
    ),
    _served(
        "SSLVHostSNIPolicy",
        Args.ONE,
        "strict|secure|authonly|insecure",
        "when SNI and Host may differ",
        S,
        "secure",
        tls_checks.sni_policy,
        manual=(
            "A request for another virtual host than the handshake was for is answered"
            " with 421, unless the two are alike. strict: never alike. secure: with the"
            " same protocols, ciphers, certificates and checks of clients. authonly:"
            " with the same checks of clients. insecure: always."
        ),
    ),
    _served("SSLUseStapling", Args.FLAG, "on|off", "OCSP stapling", default="off"),
    *(
        _served(
            f"SSLStapling{name}", args, syntax, "detail of OCSP stapling", SV, *more
        )
        for name, args, syntax, *more in (
            ("ErrorCacheTimeout", Args.ONE, "seconds", "600", _SECONDS),
            ("FakeTryLater", Args.FLAG, "on|off", "on"),
            ("ForceURL", Args.ONE, "url", "", tls_checks.http_url),
            ("ResponderTimeout", Args.ONE, "seconds", "10", _SECONDS),
            ("ResponseMaxAge", Args.ONE, "seconds", "-1", Integer(-1)),
            ("ResponseTimeSkew", Args.ONE, "seconds", "300", Integer(0)),
            ("ReturnResponderErrors", Args.FLAG, "on|off", "on"),
            ("StandardCacheTimeout", Args.ONE, "seconds", "3600", _SECONDS),
        )
    ),
    _served(
        "SSLPassPhraseDialog",
        Args.ONE,
        "builtin|exec:program",
        "where the phrase of an encrypted key comes from",
        S,
        "builtin",
        tls_checks.pass_phrase,
        manual=(
            "exec: runs the program once for each encrypted key, with the arguments"
            " host:port and the key's number; it prints the phrase. builtin asks on the"
            " terminal at the start."
        ),
    ),
    _served(
        "SSLOpenSSLConfCmd",
        Args.TWO,
        "command value",
        "OpenSSL's own settings",
        check=tls_checks.conf_command,
        manual=f"Honoured: {', '.join(tls_checks.CONF_COMMANDS)}.",
    ),
)

_UNUSED = (
    _explained(
        "SSLInsecureRenegotiation",
        Args.FLAG,
        "on|off",
        "renegotiation is always refused",
        default="off",
        check=tls_checks.renegotiation,
        silent=True,
    ),
    _explained("SSLSessionCache", Args.ONE, "type", _SESSIONS, S, default="none"),
    Directive(
        "SSLSessionTicketKeyFile",
        SSL,
        SV,
        Args.ONE,
        "file",
        "key of session tickets",
        Status.EXPLAINED,
        reason=(
            "the keys of tickets are made by the server, shared by all its workers and"
            " kept over reloads; this file is not used"
        ),
        cure=(
            "delete the line, and expect whole handshakes of clients that another"
            " machine served before"
        ),
        on_use=Severity.WARNING,
    ),
    _explained(
        "SSLStaplingCache",
        Args.ONE,
        "type",
        "answers of OCSP are fetched by the monitor and shared with the workers",
        S,
    ),
    *(
        _explained(
            f"SSLOCSP{name}",
            args,
            "value",
            "clients' certificates are checked against SSLCARevocationFile; a"
            " responder is not asked",
        )
        for name, args in (
            ("DefaultResponder", Args.ONE),
            ("OverrideResponder", Args.FLAG),
            ("ResponseTimeSkew", Args.ONE),
            ("ResponseMaxAge", Args.ONE),
            ("ResponderTimeout", Args.ONE),
            ("ResponderCertificateFile", Args.ONE),
            ("NoVerify", Args.FLAG),
            ("ProxyURL", Args.ONE),
            ("UseRequestNonce", Args.FLAG),
        )
    ),
    _explained(
        "SSLOCSPEnable",
        Args.RAW,
        "on|leaf|off",
        "responders are not asked about clients' certificates; only off is taken",
        default="off",
        check=tls_checks.ocsp,
        silent=True,
    ),
    _explained(
        "SSLFIPS",
        Args.FLAG,
        "On|Off",
        "the library that fastlb uses has no such mode; only Off is taken",
        S,
        check=tls_checks.no_fips,
    ),
    *(
        _explained(name, args, "value", reason, contexts)
        for name, args, contexts, reason in (
            ("SSLRandomSeed", Args.TWO_THREE, S, "the library seeds itself"),
            ("SSLCryptoDevice", Args.ONE, S, "the library chooses"),
            ("SSLCompression", Args.FLAG, SV, "TLS is never compressed (CRIME)"),
            ("SSLRenegBufferSize", Args.ONE, D, "there is no renegotiation"),
            ("SSLUserName", Args.ONE, SVD, "users have no names here"),
            ("SSLSRPVerifierFile", Args.ONE, SV, "SRP is not served"),
            ("SSLSRPUnknownUserSeed", Args.ONE, SV, "SRP is not served"),
        )
    ),
)

_MEMBERS = tuple(
    _served(f"SSLProxy{name}", args, syntax, help_text, SVP, *more)
    for name, args, syntax, help_text, *more in (
        ("Engine", Args.FLAG, "on|off", "whether members get TLS", "off"),
        (
            "Verify",
            Args.ONE,
            "none|optional|require|optional_no_ca",
            "whether members' certificates are verified",
            "none",
            _VERIFY,
        ),
        (
            "VerifyDepth",
            Args.ONE,
            "n",
            "longest chain of members",
            "1",
            tls_checks.depth,
        ),
        ("CACertificateFile", Args.ONE, "file", "authorities of members"),
        ("CACertificatePath", Args.ONE, "dir", "authorities of members"),
        ("CARevocationFile", Args.ONE, "file", "revoked certificates"),
        ("CARevocationPath", Args.ONE, "dir", "revoked certificates"),
        (
            "CARevocationCheck",
            Args.LIST,
            "chain|leaf|none [no_crl_for_cert_ok]",
            "how revocation is checked",
            "none",
            tls_checks.revocation,
        ),
        ("CheckPeerName", Args.FLAG, "on|off", "check members' names", "on"),
        (
            "CheckPeerCN",
            Args.FLAG,
            "on|off",
            "off: names are not checked unless CheckPeerName is written on",
            "on",
        ),
        ("CheckPeerExpire", Args.FLAG, "on|off", "check expiry", "on"),
        (
            "Protocol",
            Args.RAW,
            "[+|-]protocol ...",
            "versions of TLS",
            _ALL_VERSIONS,
            tls_checks.protocols,
        ),
        (
            "CipherSuite",
            Args.ONE_TWO,
            "[TLSv1.3] ciphers",
            "ciphers for members",
            "",
            tls_checks.ciphers,
        ),
        ("MachineCertificateFile", Args.ONE, "file", "own certificate with its key"),
        ("MachineCertificatePath", Args.ONE, "dir", "own certificates with keys"),
        ("MachineCertificateChainFile", Args.ONE, "file", "chain of the own ones"),
    )
)

DIRECTIVES = (*_SERVER, *_UNUSED, *_MEMBERS)
