"""mod_ssl: TLS towards clients (SSL*) and towards members (SSLProxy*).

What is refused would be unsafe to ignore; what is explained changes nothing. Files
that directives name are opened when the model is checked, not here.
"""

from __future__ import annotations

from fastlb.base.errors import Severity
from fastlb.config import tls_checks
from fastlb.config.checks import Choice, Each, File, Integer, Seconds, word_of
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
    Scope,
    Status,
)
from fastlb.facts.tls import SniPolicy, Verify

MODULE = "mod_ssl.c"
_VERIFY = Choice(
    (*(word.value for word in Verify), "on", "off"),
    "{name}: Invalid argument '{word}'",
    values=(*Verify, Verify.REQUIRE, Verify.NONE),
)
_DEPTH = Integer(0, 100, "{name}: Invalid argument '{word}'")
_FILE = File()
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


_SECONDS = Seconds("{name}: invalid argument")
_SESSIONS = (
    "sessions are kept in tickets, which every worker can open, before and after a"
    " reload"
)
_ALL_VERSIONS = "all -SSLv3"


def _served(  # noqa: PLR0917 - a row of a table
    name: str,
    syntax: str,
    help_text: str,
    contexts: Context = SV,
    default: str = "",
    check: Check | None = None,
    *,
    takes: Args | None = None,
    manual: str = "",
    differs: str = "",
    sets: str | tuple[str, ...] = "",
    shown_default: str = "",
    scope: Scope = Scope.CLIENTS,
) -> Directive:
    return Directive(
        name,
        contexts,
        syntax,
        help_text,
        takes=takes,
        default=default,
        check=check,
        manual=manual,
        differs=differs,
        sets=sets,
        shown_default=shown_default,
        scope=scope if sets else None,
    )


def _stapling(
    name: str, syntax: str, sets: str, default: str, check: Check | None = _SECONDS
) -> Directive:
    help_text = "detail of OCSP stapling"
    name = f"SSLStapling{name}"
    return _served(name, syntax, help_text, SV, default, check, sets=sets)


def _member(  # noqa: PLR0917 - a row of a table
    name: str,
    syntax: str,
    help_text: str,
    sets: str | tuple[str, ...],
    default: str = "",
    check: Check | None = None,
    *,
    takes: Args | None = None,
    shown_default: str = "",
) -> Directive:
    return _served(
        f"SSLProxy{name}",
        syntax,
        help_text,
        SVP,
        default,
        check,
        takes=takes,
        sets=sets,
        shown_default=shown_default,
        scope=Scope.MEMBERS,
    )


def _member_file(name: str, help_text: str, sets: str) -> Directive:
    syntax = "dir" if name.endswith("Path") else "file"
    return _member(name, syntax, help_text, sets, check=_FILE)


def _explained(
    name: str,
    syntax: str,
    reason: str,
    contexts: Context = SV,
    *,
    takes: Args | None = None,
    default: str = "",
    check: Check | None = None,
    silent: bool = False,
) -> Directive:
    return Directive(
        name,
        contexts,
        syntax,
        "taken; changes nothing",
        takes=takes,
        status=Status.EXPLAINED,
        default=default,
        reason=reason,
        check=check,
        silent=silent,
    )


_SERVER = (
    _served(
        "SSLEngine",
        "on|off",
        "whether clients are served with TLS",
        takes=Args.ONE,
        check=tls_checks.Engine(),
        sets="ssl_engine",
        shown_default="off; on where Listen names https",
    ),
    _served(
        "SSLCertificateFile",
        "file",
        "server certificate in PEM",
        manual=(
            "The leaf, then the intermediates in their order; the key may stand in the"
            " file, too. Several lines give several certificates, such as RSA and"
            " ECDSA; SSLCertificateKeyFile lines belong to them in their order."
        ),
    ),
    _served("SSLCertificateKeyFile", "file", "private key in PEM"),
    _served(
        "SSLCertificateChainFile",
        "file",
        "intermediate certificates, sent behind the leaf",
        check=_FILE,
        sets="chain_file",
    ),
    *(
        _served(f"SSL{name}", syntax, help_text, check=_FILE, sets=sets)
        for name, syntax, help_text, sets in (
            ("CACertificateFile", "file", "authorities of clients", "ca_file"),
            ("CACertificatePath", "dir", "authorities of clients", "ca_path"),
            (
                "CARevocationFile",
                "file",
                "revoked client certificates",
                "revocation_file",
            ),
            (
                "CARevocationPath",
                "directory",
                "revoked client certificates",
                "revocation_path",
            ),
        )
    ),
    _served(
        "SSLCARevocationCheck",
        "chain|leaf|none [no_crl_for_cert_ok]",
        "how revocation is checked",
        takes=Args.LIST,
        default="none",
        check=tls_checks.Revocation(),
        sets=("revocation_check", "revocation_no_crl_ok"),
    ),
    _served(
        "SSLCADNRequestFile",
        "file",
        "authorities told to clients",
        check=_FILE,
        sets="dn_request_file",
    ),
    _served(
        "SSLCADNRequestPath",
        "directory",
        "authorities told to clients",
        check=_FILE,
        sets="dn_request_path",
    ),
    _served(
        "SSLVerifyClient",
        "none|optional|require|optional_no_ca",
        "whether clients must show a certificate",
        SVD,
        "none",
        _VERIFY,
        differs=(
            "In a section require and optional make every handshake of the host ask"
            " for a certificate; a client without one is answered with 403 where the"
            " section requires it. Apache asks by a second handshake within the"
            " connection, which is never done here. optional_no_ca is refused there,"
            " and so is a lesser SSLVerifyDepth than is allowed elsewhere in the host."
        ),
        sets="verify",
    ),
    _served(
        "SSLVerifyDepth",
        "n",
        "longest chain of clients",
        SVD,
        "1",
        _DEPTH,
        sets="verify_depth",
    ),
    _served(
        "SSLProtocol",
        "[+|-]protocol ...",
        "versions of TLS for clients",
        takes=Args.RAW,
        default=_ALL_VERSIONS,
        check=tls_checks.Versions(),
        sets="versions",
    ),
    _served(
        "SSLCipherSuite",
        "[TLSv1.3] ciphers",
        "ciphers for clients",
        SVD,
        check=tls_checks.Ciphers(),
        manual=(
            "In a section up to TLS 1.2: 403 for a connection whose cipher is none of"
            " these. TLS 1.3 is not asked about there, as in Apache; SSLRequire can."
        ),
        differs=(
            "Apache shakes hands anew, within the connection, where the list of the"
            " section wants it, and closes where the client has none of its ciphers;"
            " that is never done here. A list in which OpenSSL knows no cipher is"
            " refused; Apache answers 403."
        ),
        sets=("ciphers", "suites"),
    ),
    _served(
        "SSLHonorCipherOrder",
        "on|off",
        "whether the server's order of ciphers counts",
        default="off",
        sets="honor_cipher_order",
    ),
    _served(
        "SSLOptions",
        "[+|-]option ...",
        "details of TLS",
        SVD,
        takes=Args.RAW,
        check=_options,
        manual=(
            "StdEnvVars gives requests the variables SSL_*, ExportCertData the"
            " certificates themselves. FakeBasicAuth: where AuthType Basic asks, the"
            " subject of a client's certificate, as /C=DE/CN=Who, is its name, and the"
            " word password its password; members get both."
            " StrictRequire holds always, OptRenegotiate changes nothing, and"
            " LegacyDNStringFormat is refused."
        ),
    ),
    Directive(
        "SSLRequireSSL",
        D,
        "",
        "403 for requests without TLS",
        sets="require_ssl",
    ),
    Directive(
        "SSLRequire",
        D,
        "expression",
        "403 for requests over TLS for which it does not hold",
        takes=Args.RAW,
        manual=(
            "All lines of all sections must hold. < and > compare lengths first, then"
            " letters, as do lt and gt. Require expr says the same, and counts in"
            " Satisfy and in <RequireAny>. Plain connections are SSLRequireSSL's."
        ),
    ),
    Directive(
        "SSLUserName",
        SVD,
        "variable",
        "the variable that is the user's name",
        manual=(
            "Such as SSL_CLIENT_S_DN_CN: Require user and Require valid-user ask for"
            " it, and %u and REMOTE_USER tell it. No password is asked for."
        ),
    ),
    _served(
        "SSLSessionCacheTimeout",
        "seconds",
        "life of a session",
        default="300",
        check=Integer(0, None, "{name}: Invalid argument"),
        sets="session_timeout_s",
    ),
    _served(
        "SSLSessionTickets",
        "on|off",
        "whether sessions can be taken up again",
        default="on",
        differs=(
            "Sessions live in tickets alone, so that off means that none is taken up"
            " again; Apache's SSLSessionCache is a second way."
        ),
        sets="session_tickets",
    ),
    _served(
        "SSLStrictSNIVHostCheck",
        "on|off",
        "refuse clients without SNI",
        default="off",
        sets="strict_sni",
    ),
    _served(
        "SSLVHostSNIPolicy",
        "strict|secure|authonly|insecure",
        "when SNI and Host may differ",
        S,
        "secure",
        word_of(SniPolicy, "Invalid SSLVhostSNIPolicy argument '{word}'"),
        manual=(
            "A request for another virtual host than the handshake was for is answered"
            " with 421, unless the two are alike. strict: never alike. secure: with the"
            " same protocols, ciphers, certificates and checks of clients. authonly:"
            " with the same checks of clients. insecure: always."
        ),
        sets="sni_policy",
    ),
    _served(
        "SSLUseStapling",
        "on|off",
        "OCSP stapling",
        default="off",
        sets="use_stapling",
    ),
    _stapling("ErrorCacheTimeout", "seconds", "error_cache_timeout_s", "600"),
    _stapling("FakeTryLater", "on|off", "fake_try_later", "on", None),
    _stapling("ForceURL", "url", "force_url", "", tls_checks.ResponderUrl()),
    _stapling("ResponderTimeout", "seconds", "responder_timeout_s", "10"),
    _stapling("ResponseMaxAge", "seconds", "response_max_age_s", "-1", Integer(-1)),
    _stapling("ResponseTimeSkew", "seconds", "response_skew_s", "300", Integer(0)),
    _stapling("ReturnResponderErrors", "on|off", "return_responder_errors", "on", None),
    _stapling("StandardCacheTimeout", "seconds", "standard_cache_timeout_s", "3600"),
    _served(
        "SSLPassPhraseDialog",
        "builtin|exec:program",
        "where the phrase of an encrypted key comes from",
        S,
        "builtin",
        tls_checks.PassPhrase(),
        manual=(
            "exec: runs the program once for each encrypted key, with the arguments"
            " host:port and the key's number; it prints the phrase. builtin asks on the"
            " terminal at the start."
        ),
        sets="pass_phrase",
    ),
    _served(
        "SSLOpenSSLConfCmd",
        "command value",
        "OpenSSL's own settings",
        check=tls_checks.conf_command,
        manual=f"Honoured: {', '.join(tls_checks.CONF_COMMANDS)}.",
    ),
)

_UNUSED = (
    _explained(
        "SSLInsecureRenegotiation",
        "on|off",
        "renegotiation is always refused",
        default="off",
        check=tls_checks.renegotiation,
        silent=True,
    ),
    _explained("SSLSessionCache", "type", _SESSIONS, S, default="none"),
    Directive(
        "SSLSessionTicketKeyFile",
        SV,
        "file",
        "key of session tickets",
        status=Status.EXPLAINED,
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
        "type",
        "answers of OCSP are fetched by the monitor and shared with the workers",
        S,
    ),
    *(
        _explained(
            f"SSLOCSP{name}",
            "value",
            "clients' certificates are checked against SSLCARevocationFile; a"
            " responder is not asked",
            takes=args,
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
        "on|leaf|off",
        "responders are not asked about clients' certificates; only off is taken",
        takes=Args.RAW,
        default="off",
        check=tls_checks.ocsp,
        silent=True,
    ),
    _explained(
        "SSLFIPS",
        "On|Off",
        "the library that fastlb uses has no such mode; only Off is taken",
        S,
        check=tls_checks.no_fips,
    ),
    *(
        _explained(name, "value", reason, contexts, takes=args)
        for name, args, contexts, reason in (
            ("SSLRandomSeed", Args.TWO_THREE, S, "the library seeds itself"),
            ("SSLCryptoDevice", Args.ONE, S, "the library chooses"),
            ("SSLCompression", Args.FLAG, SV, "TLS is never compressed (CRIME)"),
            ("SSLRenegBufferSize", Args.ONE, D, "there is no renegotiation"),
            ("SSLSRPVerifierFile", Args.ONE, SV, "SRP is not served"),
            ("SSLSRPUnknownUserSeed", Args.ONE, SV, "SRP is not served"),
        )
    ),
)

_MEMBERS = (
    _member("Engine", "on|off", "whether members get TLS", "engine", "off"),
    _member(
        "Verify",
        "none|optional|require|optional_no_ca",
        "whether members' certificates are verified",
        "verify",
        "none",
        _VERIFY,
    ),
    _member(
        "VerifyDepth",
        "n",
        "longest chain of members",
        "verify_depth",
        "1",
        _DEPTH,
    ),
    _member_file("CACertificateFile", "authorities of members", "ca_file"),
    _member_file("CACertificatePath", "authorities of members", "ca_path"),
    _member_file("CARevocationFile", "revoked certificates", "revocation_file"),
    _member_file("CARevocationPath", "revoked certificates", "revocation_path"),
    _member(
        "CARevocationCheck",
        "chain|leaf|none [no_crl_for_cert_ok]",
        "how revocation is checked",
        ("revocation_check", "revocation_no_crl_ok"),
        "none",
        tls_checks.Revocation(),
        takes=Args.LIST,
    ),
    # These two decide together (resolve_tls.py), and by whether they are written.
    _member(
        "CheckPeerName",
        "on|off",
        "check members' names",
        "peer_name",
        shown_default="on",
    ),
    _member(
        "CheckPeerCN",
        "on|off",
        "off: names are not checked unless CheckPeerName is written on",
        "peer_cn",
        shown_default="on",
    ),
    _member("CheckPeerExpire", "on|off", "check expiry", "check_expire", "on"),
    _member(
        "Protocol",
        "[+|-]protocol ...",
        "versions of TLS",
        "versions",
        _ALL_VERSIONS,
        tls_checks.Versions(),
        takes=Args.RAW,
    ),
    _member(
        "CipherSuite",
        "[TLSv1.3] ciphers",
        "ciphers for members",
        ("ciphers", "suites"),
        check=tls_checks.Ciphers(),
    ),
    _member_file(
        "MachineCertificateFile",
        "own certificate with its key",
        "machine_certificate_file",
    ),
    _member_file(
        "MachineCertificatePath",
        "own certificates with keys",
        "machine_certificate_path",
    ),
    _member_file(
        "MachineCertificateChainFile", "chain of the own ones", "machine_chain_file"
    ),
)

DIRECTIVES = (*_SERVER, *_UNUSED, *_MEMBERS)
