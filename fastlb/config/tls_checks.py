"""Readers and checks of what mod_ssl's directives are given; files are looked at later.

Sentences are mod_ssl's of httpd 2.4.71, as observed.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

from fastlb.base.errors import Severity
from fastlb.config.registry import Complaint, Reader, Refused
from fastlb.config.suggest import nearest
from fastlb.facts.tls import RevocationCheck

PROTOCOLS: Final = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
"""What can be spoken, oldest first."""

CONF_COMMANDS: Final = (
    *("Curves", "Groups", "ECDHParameters", "SignatureAlgorithms", "DHParameters"),
    *("MinProtocol", "MaxProtocol", "CipherString", "Ciphersuites", "Options"),
    "Protocol",
)
"""Commands of SSLOpenSSLConfCmd that are honoured."""

CONF_OPTIONS: Final = ("ServerPreference", "PrioritizeChaCha", "SessionTicket")
"""What the command Options may name; each with a - in front as well."""

OTHER_COMMANDS: Final = (
    *("Certificate", "PrivateKey", "ChainCAFile", "ChainCAPath", "VerifyCAFile"),
    *("VerifyCAPath", "ServerInfoFile"),
    *("RecordPadding", "NumTickets", "VerifyMode", "ClientCAFile"),
    *("ClientCAPath", "ClientSignatureAlgorithms", "VerifyServerStore"),
)
"""Commands that OpenSSL knows and that are not honoured."""

NO_ANONYMOUS: Final = ":!aNULL:!eNULL:!EXP"
"""mod_ssl puts it behind each cipher list."""

SYSTEM_PROFILE: Final = "PROFILE=SYSTEM"
SYSTEM_POLICY: Final = "/etc/crypto-policies/back-ends/openssl.config"

_CONF_VERSIONS: Final = ("None", *PROTOCOLS)
_FREE_VALUES: Final = ("CipherString", "DHParameters")
_LISTED_VERSION: Final = re.compile(
    r"[+-]?(?:ALL|SSLv[23]|D?TLSv1|TLSv1\.[123]|DTLSv1\.2)", re.IGNORECASE
)
_NAMED: Final = re.compile(r"[A-Za-z0-9_.:*?/+-]+")


class _Checked(Reader):
    """Words are checked as a whole, and may be taken with a warning."""

    __slots__ = ()

    def __call__(self, name: str, words: tuple[str, ...]) -> Complaint | None:
        raise NotImplementedError

    def value(self, words: tuple[str, ...]) -> Any:
        """Of words that are sound: the first."""
        return words[0]

    def read(self, name: str, words: tuple[str, ...]) -> Any:
        complaint = self(name, words)
        if complaint is not None and complaint.severity is Severity.ERROR:
            raise Refused(complaint)
        return self.value(words)


class Engine(_Checked):
    """SSLEngine on|off; optional was switched off in 2.4.64."""

    __slots__ = ()

    def __call__(self, _name: str, words: tuple[str, ...]) -> Complaint | None:
        word = words[0].lower()
        if word == "optional":
            return Complaint(
                "AH10510: 'SSLEngine optional' is no longer supported",
                "it let a client, or whoever sits between, decide on TLS",
                "write SSLEngine on, on a port of its own",
                "FB0116",
            )
        if word not in ("on", "off"):
            return Complaint("Argument must be On or Off")
        return None

    def value(self, words: tuple[str, ...]) -> bool:
        return words[0].lower() == "on"


class Versions(_Checked):
    """SSLProtocol and SSLProxyProtocol: [+|-]protocol ..."""

    __slots__ = ()

    def __call__(self, name: str, words: tuple[str, ...]) -> Complaint | None:
        warning: Complaint | None = None
        for index, word in enumerate(words):
            bare = word.lstrip("+-").lower()
            removes = word.startswith("-")
            if bare == "sslv2" and not removes:
                return Complaint(f"{name}: SSLv2 is no longer supported", word=index)
            if bare == "sslv3" and not removes:
                return Complaint(
                    "SSLv3 not supported by this version of OpenSSL",
                    "it has been broken since 2014",
                    "leave it out",
                    word=index,
                )
            if bare not in ("all", "sslv2", "sslv3", *(p.lower() for p in PROTOCOLS)):
                best = nearest(word.lstrip("+-"), (*PROTOCOLS, "all"))
                cure = f"did you mean {best}?" if best else ""
                text = f"{name}: Illegal protocol '{word.lstrip('+-')}'"
                return Complaint(text, "", cure, word=index)
            if index and word[0] not in "+-" and warning is None:
                warning = Complaint(
                    f"AH02532: {name}: Protocol '{word}' overrides already set"
                    " parameter(s). Check if a +/- prefix is missing.",
                    f"only {word} and what follows it counts",
                    f"write {_signed(name, words)}",
                    severity=Severity.WARNING,
                    word=index,
                )
        return warning

    def value(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """What is left, oldest first. A word without a sign forgets those before it."""
        chosen: set[str] = set()
        for word in words:
            bare = word.lstrip("+-").lower()
            named = {name for name in PROTOCOLS if bare in ("all", name.lower())}
            if word.startswith("-"):
                chosen -= named
            elif word.startswith("+"):
                chosen |= named
            else:
                chosen = named
        return tuple(name for name in PROTOCOLS if name in chosen)


def _signed(name: str, words: tuple[str, ...]) -> str:
    """The line as it was probably meant: a sign before each word but the first."""
    rest = (word if word[0] in "+-" else f"+{word}" for word in words[1:])
    return " ".join((name, words[0], *rest))


class Ciphers(_Checked):
    """SSLCipherSuite and SSLProxyCipherSuite: [SSL|TLSv1.3] list."""

    __slots__ = ()

    def __call__(self, _name: str, words: tuple[str, ...]) -> Complaint | None:
        if len(words) == 2 and words[0].lower() not in ("ssl", "tlsv1.3"):
            return Complaint(
                f"protocol '{words[0]}' not supported",
                "",
                "write SSL for TLS 1.2 and older, or TLSv1.3",
            )
        if words[-1] == SYSTEM_PROFILE and words[0].lower() != "tlsv1.3":
            found = system_ciphers()
            taken = f"that of {SYSTEM_POLICY}" if found else "the library's default"
            return Complaint(
                f"{words[-1]} is a word of Red Hat's OpenSSL: {taken} is taken",
                number="FB0163",
                severity=Severity.NOTE,
                word=len(words) - 1,
            )
        return None

    def value(self, words: tuple[str, ...]) -> dict[str, str]:
        if words[0].lower() == "tlsv1.3":
            return {"suites": words[-1]}
        return {"ciphers": cipher_list(words[-1]) + NO_ANONYMOUS}


def cipher_list(word: str) -> str:
    """A list that any OpenSSL reads."""
    return (system_ciphers() or "DEFAULT") if word == SYSTEM_PROFILE else word


def system_ciphers() -> str:
    """What PROFILE=SYSTEM stands for on this machine; "" where nothing says so."""
    try:
        with open(SYSTEM_POLICY, encoding="ascii") as file:
            return file.readline().strip()
    except (OSError, ValueError):
        return ""


class Revocation(_Checked):
    """SSLCARevocationCheck chain|leaf|none [no_crl_for_cert_ok]."""

    __slots__ = ()

    def __call__(self, name: str, words: tuple[str, ...]) -> Complaint | None:
        if words[0].lower() not in ("chain", "leaf", "none"):
            return Complaint(f"{name}: Invalid argument '{words[0]}'")
        for index, word in enumerate(words[1:], 1):
            if word.lower() != "no_crl_for_cert_ok":
                return Complaint(f"{name}: Invalid argument '{word}'", word=index)
        return None

    def value(self, words: tuple[str, ...]) -> dict[str, Any]:
        return {
            "revocation_check": RevocationCheck(words[0].lower()),
            "revocation_no_crl_ok": len(words) > 1,
        }


class PassPhrase(_Checked):
    """SSLPassPhraseDialog builtin|exec:program."""

    __slots__ = ()

    def __call__(self, name: str, words: tuple[str, ...]) -> Complaint | None:
        word = words[0]
        if word.startswith("|"):
            return Complaint(
                f"{name} {word}: a dialogue over a pipe is not served",
                "the program would have to be asked anew for each key",
                f"write {name} exec:{word[1:]}, which prints the phrase and ends",
                "FB0116",
            )
        if word.lower() != "builtin" and not word.startswith("exec:"):
            return Complaint(
                f"{name}: Invalid argument",
                "",
                "write builtin or exec:/path/to/program",
            )
        return None


def renegotiation(name: str, words: tuple[str, ...]) -> Complaint | None:
    """SSLInsecureRenegotiation: never."""
    if words[0].lower() != "on":
        return None
    return Complaint(
        f"{name} on: renegotiation is always refused",
        "the insecure kind lets strangers put bytes before a client's request"
        " (CVE-2009-3555)",
        "delete the line, and update the clients that need it",
        "FB0116",
    )


def no_fips(name: str, words: tuple[str, ...]) -> Complaint | None:
    """SSLFIPS On demands a mode that the library does not have."""
    if words[0].lower() != "on":
        return None
    return Complaint(
        "SSLFIPS On is not served",
        "the library that fastlb uses has no such mode, and other ciphers would do",
        "let a server with such a library end TLS, then delete the line",
        "FB0116",
    )


def ocsp(name: str, words: tuple[str, ...]) -> Complaint | None:
    """SSLOCSPEnable: asking responders about clients' certificates is not served."""
    known: tuple[str, ...] = ("off", "on", "leaf")
    for index, word in enumerate(words or ("",)):
        if word.lower() not in known:
            return Complaint(f"{name}: Invalid argument '{word}'", word=index)
        known = ("no_ocsp_for_cert_ok",)
    if words[0].lower() != "off":
        return Complaint(
            f"{name}: responders are not asked about clients' certificates",
            "a revoked certificate would be let in",
            "write SSLCARevocationFile with SSLCARevocationCheck chain",
            "FB0116",
        )
    return None


def conf_command(_name: str, words: tuple[str, ...]) -> Complaint | None:
    """SSLOpenSSLConfCmd command value."""
    command, value = words
    known = {item.lower(): item for item in CONF_COMMANDS}
    spelled = known.get(command.lower())
    if spelled is None:
        return _other_command(command)
    if spelled in ("MinProtocol", "MaxProtocol"):
        if value not in _CONF_VERSIONS:  # OpenSSL minds the case
            return Complaint(
                f"'{value}': invalid OpenSSL protocol version",
                "",
                f"write one of {', '.join(_CONF_VERSIONS)}",
                word=1,
            )
    elif spelled == "Protocol":
        for version in value.split(","):
            if not _LISTED_VERSION.fullmatch(version.strip()):
                return Complaint(
                    f"'{version.strip()}': invalid OpenSSL protocol version",
                    "",
                    f"write ALL or some of {', '.join(PROTOCOLS)}, with commas, and -"
                    " before what is not to be spoken",
                    word=1,
                )
    elif spelled == "Options":
        for option in value.split(","):
            if option.lstrip("+-").lower() not in {o.lower() for o in CONF_OPTIONS}:
                return Complaint(
                    f"SSLOpenSSLConfCmd Options {option}: not honoured",
                    f"honoured are {', '.join(CONF_OPTIONS)}, each with - to clear it",
                    "delete the word",
                    "FB0116",
                    word=1,
                )
    elif spelled not in _FREE_VALUES and not _NAMED.fullmatch(value):
        return Complaint(
            f"'{value}': names separated by colons are expected",
            word=1,
        )
    return None


def _other_command(command: str) -> Complaint:
    if command.lower() in {item.lower() for item in OTHER_COMMANDS}:
        return Complaint(
            f"SSLOpenSSLConfCmd {command}: not honoured",
            f"honoured are {', '.join(CONF_COMMANDS)}",
            "say it with the directive of mod_ssl, or delete the line",
            "FB0116",
        )
    best = nearest(command, CONF_COMMANDS)
    return Complaint(
        f"'{command}': invalid OpenSSL configuration command",
        f"honoured are {', '.join(CONF_COMMANDS)}",
        f"did you mean {best}?" if best else "",
    )


class ResponderUrl(_Checked):
    """SSLStaplingForceURL: Apache takes anything and fails when it asks."""

    __slots__ = ()

    def __call__(self, name: str, words: tuple[str, ...]) -> Complaint | None:
        try:
            parts = urlsplit(words[0])
            sound = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
        except ValueError:
            sound = False
        if sound:
            return None
        return Complaint(
            f"{name}: '{words[0]}' is not a URL of a responder",
            "OCSP is asked over plain http://",
            f"write {name} http://host/",
        )
