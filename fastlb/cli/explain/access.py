"""Words for who may, and for why a request ends here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fastlb.facts.rules import AccessOp, AccessRule, AliasedProvider
from fastlb.facts.vhost import DirConf
from fastlb.facts.words import AuthProvider

CONTAINERS = (AccessOp.ALL_OF, AccessOp.ANY_OF, AccessOp.NONE_OF)
VERDICTS = {1: "yes", 0: "no", -1: "has no say"}
BECAUSE = {
    "refused": "the head is malformed, or larger than the limits allow",
    "bad host": "Host is missing, or no name of a host",
    "unknown host": "no host has this name (StrictHostCheck)",
    "no host": "the handshake named a host, the request names none",
    "no server name": "the handshake names no host (SSLStrictSNIVHostCheck)",
    "misdirected": "the host wants another handshake than this one (SSLVHostSNIPolicy)",
    "too many": "too many passwords are being checked",
    "sections": "more sections match than one request may have",
    "not asked": "the host demands a certificate that the handshake did not ask for",
    "plain": "SSLRequireSSL, and the connection is plain",
    "no certificate": "SSLVerifyClient wants a certificate that the client has not",
    "cipher": "SSLCipherSuite of the section does not name the connection's cipher",
    "tls require": "SSLRequire does not hold",
    "spoof": "a name that begins with a slash, with the password of FakeBasicAuth",
    "colon": "the subject of the certificate holds a colon (FakeBasicAuth)",
    "denied": "access is denied",
    "misread": "access is denied to the path as a member may read it",
    "old": "Order, Allow and Deny do not let this client in",
    "password": "the password is wrong",
    "no user": "no file of users knows this name",
    "scheme": "the client says who it is in a way that nobody asked for",
    "no name": "AuthName is missing",
    "no file": "AuthUserFile is missing",
    "directory": "the directory of AuthLDAPURL cannot be asked",
    "file closed": "the file of users cannot be read",
    "file large": "the file of users is too large",
    "not him": "Require does not name this user",
    "no type": "a user is required, and no AuthType asks who it is",
    "no require": "AuthType stands there without a Require",
    "unknown type": "nobody serves this AuthType",
    "elsewhere": "AuthRequest was answered with a refusal",
    "no answer": "AuthRequest was not answered",
    "digest broken": "Authorization lacks something that Digest needs",
    "digest uri": "Authorization was made for another target",
    "digest opaque": "Authorization names a client that there never was",
    "digest realm": "Authorization was made for another realm",
    "digest algorithm": "Authorization was made with another algorithm than MD5",
    "digest qop": "Authorization was made without qop=auth",
    "nonce forged": "its nonce is not ours (explain knows no server's secret)",
    "nonce early": "its nonce is from the future",
    "nonce old": "its nonce is older than AuthDigestNonceLifetime",
    "nonce count": "its nc is no number",
    "nonce client": "its client is not known any more",
    "nonce used": "its nonce has served",
    "nonce replayed": "its nc has been used before",
    "method": "AllowMethods does not name the method",
    "rule": "a rule of mod_rewrite says so",
    "handler": "SetHandler names a member that it does not write out",
    "climbs": "the target leads out of where the mapping points",
}
DENIALS = (
    *("denied", "misread", "old", "password", "no user", "scheme", "no name"),
    *(
        "no file",
        "file closed",
        "directory",
        "not him",
        "no type",
        "no require",
        "unknown type",
    ),
    *("no certificate", "cipher", "tls require", "spoof", "colon"),
    *("method", "file large", "digest broken", "digest uri", "digest opaque"),
    *("digest realm", "digest algorithm", "digest qop", "nonce forged", "nonce early"),
    *("nonce old", "nonce count", "nonce client", "nonce used", "nonce replayed"),
)


def flat(rule: AccessRule, depth: int = 0) -> Iterator[tuple[AccessRule, int]]:
    """In prefix order, as the core has them."""
    yield rule, depth
    for inner in rule.rules:
        yield from flat(inner, depth + 1)


def access_text(rule: AccessRule) -> str:
    if rule.op in CONTAINERS:
        return f"<{rule.op.value}>"
    words = ["Require", "not" if rule.negated else "", rule.op.value, *rule.args]
    text = " ".join(word for word in words if word)
    return f"{text}, by the name of {rule.alias}" if rule.alias else text


def who_knows(confs: Sequence[DirConf]) -> str:
    """AuthBasicProvider and what it leads to, by the last section that says each."""
    said = [conf.auth_basic_providers for conf in confs if conf.auth_basic_providers]
    directories = [conf.auth_ldap for conf in confs if conf.auth_ldap]
    words: list[str] = []
    for provider in said[-1] if said else (AuthProvider.FILE,):
        kind, directory = provider, directories[-1] if directories else None
        name = ""
        if isinstance(provider, AliasedProvider):
            kind, directory = provider.kind, provider.ldap or directory
            name = f"{provider.name}: "
        assert isinstance(kind, AuthProvider)
        if kind is AuthProvider.LDAP and directory:
            hosts = (f"{host}:{port}" for host, port in directory.hosts)
            words.append(f"{name}ldap ({', '.join(hosts)})")
        else:
            words.append(f"{name}{kind.value}")
    return f"; who it is is asked of {', then '.join(words)}"


def unmapped(method: str) -> tuple[int, str]:
    """As flow/answer.pyx answers where nothing is mapped."""
    if method in ("OPTIONS", "TRACE"):
        return 200, "answered here"
    if method in ("GET", "HEAD", "POST"):
        return 404, "nothing is mapped there"
    return 405, "nothing is mapped there"
