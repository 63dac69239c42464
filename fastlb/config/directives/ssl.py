"""mod_ssl. TLS comes later: what would be unsafe to ignore is refused.

`SSLEngine on` is an error, because the port would answer in plain text. Settings
that only say how TLS would be done are taken without a word: they have no effect
while TLS is off, in Apache as here.
"""

from __future__ import annotations

from fastlb.base.errors import Severity
from fastlb.config.checks import Choice, Each
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
_PROTOCOLS = Each(
    ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3", "all"),
    "{name}: Illegal protocol '{word}'",
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
_LATER = "TLS comes later; the setting is kept and has no effect while TLS is off"


def _engine(name: str, words: tuple[str, ...]) -> Complaint | None:
    word = words[0].lower()
    if word == "off":
        return None
    if word not in ("on", "optional"):
        return Complaint("Argument must be On or Off")
    return Complaint(
        f"SSLEngine {word}: fastlb does not speak TLS to clients yet",
        "the port would answer in plain text where clients expect TLS",
        "let TLS end in front of fastlb for now, and write SSLEngine off",
        "FB0126",
    )


def _setting(  # noqa: PLR0917
    name: str,
    args: Args,
    syntax: str,
    help_text: str,
    contexts: Context = SV,
    default: str = "",
    check: Check | None = None,
) -> Directive:
    return Directive(
        name,
        SSL,
        contexts,
        args,
        syntax,
        help_text,
        Status.LATER,
        default,
        reason=_LATER,
        check=check,
        silent=True,
    )


DIRECTIVES = (
    Directive(
        "SSLEngine",
        SSL,
        SV,
        Args.ONE,
        "on|off",
        "whether clients are served with TLS",
        Status.LATER,
        default="off",
        manual=(
            "Only off is served; on is refused, since the port would speak plain text."
        ),
        check=_engine,
        silent=True,
    ),
    _setting("SSLCertificateFile", Args.ONE, "file", "server certificate in PEM"),
    _setting("SSLCertificateKeyFile", Args.ONE, "file", "private key in PEM"),
    _setting("SSLCertificateChainFile", Args.ONE, "file", "intermediate certificates"),
    _setting("SSLCACertificateFile", Args.ONE, "file", "authorities of clients", SVD),
    _setting("SSLCACertificatePath", Args.ONE, "dir", "authorities of clients", SVD),
    _setting("SSLCARevocationFile", Args.ONE, "file", "revoked client certificates"),
    _setting(
        "SSLCARevocationPath", Args.ONE, "directory", "revoked client certificates"
    ),
    _setting(
        "SSLCARevocationCheck",
        Args.LIST,
        "chain|leaf|none [flag ...]",
        "how revocation is checked",
        default="none",
    ),
    _setting("SSLCADNRequestFile", Args.ONE, "file", "authorities told to clients"),
    _setting(
        "SSLCADNRequestPath", Args.ONE, "directory", "authorities told to clients"
    ),
    Directive(
        "SSLVerifyClient",
        SSL,
        SVD,
        Args.ONE,
        "none|optional|require|optional_no_ca",
        "whether clients must show a certificate",
        Status.LATER,
        default="none",
        reason=_LATER,
        check=Choice(
            ("none", "optional", "require", "optional_no_ca"),
            "{name}: Invalid argument '{word}'",
        ),
        silent=True,
    ),
    _setting("SSLVerifyDepth", Args.ONE, "n", "longest chain of clients", SVD, "1"),
    _setting(
        "SSLProtocol",
        Args.RAW,
        "[+|-]protocol ...",
        "versions of TLS for clients",
        default="all -SSLv3",
        check=_PROTOCOLS,
    ),
    _setting(
        "SSLCipherSuite",
        Args.ONE_TWO,
        "[TLSv1.3] ciphers",
        "ciphers for clients",
        SVD,
    ),
    _setting(
        "SSLHonorCipherOrder",
        Args.FLAG,
        "on|off",
        "whether the server's order of ciphers counts",
        default="off",
    ),
    _setting(
        "SSLOptions",
        Args.RAW,
        "[+|-]option ...",
        "details of TLS",
        SVD,
        check=_OPTIONS,
    ),
    *(
        Directive(
            name,
            SSL,
            D,
            args,
            syntax,
            "refuses requests without TLS",
            Status.LATER,
            reason="TLS comes later; ignoring this would let plain requests through",
            cure="use Require all denied until then, or let another server end TLS",
            on_use=Severity.ERROR,
        )
        for name, args, syntax in (
            ("SSLRequireSSL", Args.NONE, ""),
            ("SSLRequire", Args.RAW, "expression"),
        )
    ),
    _setting("SSLSessionCache", Args.ONE, "type", "where sessions are kept", S),
    _setting(
        "SSLSessionCacheTimeout", Args.ONE, "seconds", "life of a session", SV, "300"
    ),
    _setting(
        "SSLSessionTickets", Args.FLAG, "on|off", "whether tickets are given", SV, "on"
    ),
    _setting("SSLSessionTicketKeyFile", Args.ONE, "file", "key of session tickets"),
    _setting(
        "SSLStrictSNIVHostCheck", Args.FLAG, "on|off", "refuse clients without SNI"
    ),
    _setting(
        "SSLVHostSNIPolicy",
        Args.ONE,
        "strict|secure|authonly|insecure",
        "when SNI and Host may differ",
        S,
        "secure",
    ),
    _setting("SSLUseStapling", Args.FLAG, "on|off", "OCSP stapling"),
    _setting("SSLStaplingCache", Args.ONE, "type", "where OCSP answers are kept", S),
    *(
        _setting(f"SSLStapling{name}", args, "value", "detail of OCSP stapling")
        for name, args in (
            ("ErrorCacheTimeout", Args.ONE),
            ("FakeTryLater", Args.FLAG),
            ("ForceURL", Args.ONE),
            ("ResponderTimeout", Args.ONE),
            ("ResponseMaxAge", Args.ONE),
            ("ResponseTimeSkew", Args.ONE),
            ("ReturnResponderErrors", Args.FLAG),
            ("StandardCacheTimeout", Args.ONE),
        )
    ),
    *(
        _setting(f"SSLOCSP{name}", args, "value", "OCSP checks of clients")
        for name, args in (
            ("Enable", Args.RAW),
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
    _setting(
        "SSLPassPhraseDialog", Args.ONE, "builtin||prog|exec:prog", "key's phrase", S
    ),
    _setting("SSLOpenSSLConfCmd", Args.TWO, "command value", "OpenSSL's own settings"),
    *(
        _setting(name, args, "value", "detail of mod_ssl", contexts)
        for name, args, contexts in (
            ("SSLRandomSeed", Args.TWO_THREE, S),
            ("SSLCryptoDevice", Args.ONE, S),
            ("SSLFIPS", Args.FLAG, S),
            ("SSLCompression", Args.FLAG, SV),
            ("SSLInsecureRenegotiation", Args.FLAG, SV),
            ("SSLRenegBufferSize", Args.ONE, D),
            ("SSLUserName", Args.ONE, SVD),
            ("SSLSRPVerifierFile", Args.ONE, SV),
            ("SSLSRPUnknownUserSeed", Args.ONE, SV),
        )
    ),
    _setting(
        "SSLProxyEngine",
        Args.FLAG,
        "on|off",
        "whether https members are spoken to with TLS",
        SVP,
        "off",
    ),
    Directive(
        "SSLProxyVerify",
        SSL,
        SVP,
        Args.ONE,
        "none|optional|require|optional_no_ca",
        "whether members' certificates are verified",
        Status.LATER,
        default="none",
        reason=_LATER,
        check=Choice(
            ("none", "optional", "require", "optional_no_ca"),
            "{name}: Invalid argument '{word}'",
        ),
        silent=True,
    ),
    *(
        _setting(f"SSLProxy{name}", args, syntax, help_text, SVP, default)
        for name, args, syntax, help_text, default in (
            ("VerifyDepth", Args.ONE, "n", "longest chain of members", "1"),
            ("CACertificateFile", Args.ONE, "file", "authorities of members", ""),
            ("CACertificatePath", Args.ONE, "dir", "authorities of members", ""),
            ("CARevocationFile", Args.ONE, "file", "revoked certificates", ""),
            ("CARevocationPath", Args.ONE, "dir", "revoked certificates", ""),
            ("CARevocationCheck", Args.LIST, "chain|leaf|none", "revocation", "none"),
            ("CheckPeerName", Args.FLAG, "on|off", "check members' names", "on"),
            ("CheckPeerCN", Args.FLAG, "on|off", "check members' names", "on"),
            ("CheckPeerExpire", Args.FLAG, "on|off", "check expiry", "on"),
            ("Protocol", Args.RAW, "[+|-]protocol ...", "versions of TLS", "all"),
            ("CipherSuite", Args.ONE_TWO, "ciphers", "ciphers for members", ""),
            ("MachineCertificateFile", Args.ONE, "file", "own certificate", ""),
            ("MachineCertificatePath", Args.ONE, "dir", "own certificates", ""),
            ("MachineCertificateChainFile", Args.ONE, "file", "own chain", ""),
        )
    ),
)
