"""Protocol versions, ciphers, and the commands of SSLOpenSSLConfCmd."""

from __future__ import annotations

from collections.abc import Callable

from cryptography.hazmat.bindings._rust import _openssl
from OpenSSL import SSL

from fastlb.facts.tls import Protocols
from fastlb.tls.errors import TlsError, failing

VERSIONS = {
    "TLSv1": SSL.TLS1_VERSION,
    "TLSv1.1": SSL.TLS1_1_VERSION,
    "TLSv1.2": SSL.TLS1_2_VERSION,
    "TLSv1.3": SSL.TLS1_3_VERSION,
}
FORBIDDEN = {
    "TLSv1": SSL.OP_NO_TLSv1,
    "TLSv1.1": SSL.OP_NO_TLSv1_1,
    "TLSv1.2": SSL.OP_NO_TLSv1_2,
    "TLSv1.3": SSL.OP_NO_TLSv1_3,
}
NEVER_SPOKEN = ("sslv2", "sslv3", "dtlsv1", "dtlsv1.2")  # but lists may name them
OP_PRIORITIZE_CHACHA = 0x200000  # pyOpenSSL has no name for it
# Names of SSL_CONF_cmd(3) for Options; a leading "-" does the opposite.
OPTIONS = {
    "sessionticket": (SSL.OP_NO_TICKET, False),
    "serverpreference": (SSL.OP_CIPHER_SERVER_PREFERENCE, True),
    "prioritizechacha": (OP_PRIORITIZE_CHACHA, True),
}


def restrict(context: SSL.Context, protocols: Protocols, whose: str) -> None:
    """Versions and ciphers; TlsError when the library takes none of them."""
    if not protocols.versions:
        raise TlsError(
            f"AH02231: No SSL protocols available [hint: SSLProtocol] for {whose}"
        )
    numbers = [VERSIONS[name] for name in protocols.versions]
    lowest, highest = min(numbers), max(numbers)
    context.set_min_proto_version(lowest)
    context.set_max_proto_version(highest)
    for name, number in VERSIONS.items():
        if lowest < number < highest and name not in protocols.versions:
            context.set_options(FORBIDDEN[name])
    with failing(
        f"AH01898: Unable to configure permitted SSL ciphers for {whose}",
        "openssl ciphers -v 'LIST' shows what a list means",
    ):
        if protocols.ciphers is not None:
            context.set_cipher_list(protocols.ciphers.encode())
        if protocols.suites is not None:
            context.set_tls13_ciphersuites(protocols.suites.encode())


def ciphers_of(written: str) -> tuple[str, ...]:
    """The names, up to TLS 1.2, that a list stands for; SSL.Error: it has none."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_cipher_list(written.encode("latin-1"))
    names = SSL.Connection(context, None).get_cipher_list()
    return tuple(name for name in names if not name.startswith("TLS_"))


def obey(
    context: SSL.Context, commands: tuple[tuple[str, str], ...], whose: str
) -> None:
    """SSLOpenSSLConfCmd, in their order; the commands the library can be told.

    All lists of versions are one: what a later one allows is not forbidden first.
    """
    lists = [value for name, value in commands if name.lower() == "protocol"]
    told = [(name, value) for name, value in commands if name.lower() != "protocol"]
    if lists:
        told.append(("Protocol", ",".join(lists)))
    for name, value in told:
        act = COMMANDS.get(name.lower())
        with failing(
            f'AH02407: "SSLOpenSSLConfCmd {name} {value}" failed for {whose}',
            of=(SSL.Error, ValueError, KeyError),
        ):
            if act is None:
                raise ValueError("this command cannot be served")
            act(context, value)


def set_options(context: SSL.Context, value: str) -> None:
    """Names with a sign or without; what the library has by default needs no bit."""
    for word in value.split(","):
        bits, is_set_by_name = OPTIONS[word.strip().lstrip("+-").lower()]
        if is_set_by_name is not word.strip().startswith("-"):
            context.set_options(bits)


def forbid(context: SSL.Context, value: str) -> None:
    """Protocol: a list of versions, with a sign or without; the last word counts.

    It takes away only: what SSLProtocol leaves out is not spoken, whatever it says.
    """
    spoken = dict.fromkeys(FORBIDDEN, True)
    for word in value.lower().split(","):
        name = word.strip().lstrip("+-")
        named = [one for one in FORBIDDEN if name in ("all", one.lower())]
        if not named and name not in NEVER_SPOKEN:
            raise ValueError(f"{name} is not one of {', '.join(FORBIDDEN)}")
        spoken |= dict.fromkeys(named, not word.strip().startswith("-"))
    for version, bits in FORBIDDEN.items():
        if not spoken[version]:
            context.set_options(bits)


def version_of(value: str) -> int:
    if value == "None":
        return 0
    if value not in VERSIONS:
        raise ValueError(f"{value} is not one of {', '.join(VERSIONS)}")
    return VERSIONS[value]


def told_to_library(name: str) -> Callable[[SSL.Context, str], None]:
    """A function of the library that pyOpenSSL does not wrap; 1 is success."""

    def tell(context: SSL.Context, value: str) -> None:
        if getattr(_openssl.lib, name)(context._context, value.encode()) != 1:
            _openssl.lib.ERR_clear_error()
            raise ValueError("the library does not take this list")

    return tell


_GROUPS = told_to_library("SSL_CTX_set1_curves_list")


def set_curve(context: SSL.Context, value: str) -> None:
    """One curve; by this name older libraries were asked to choose, as all do now."""
    if value.lstrip("+").lower() not in ("automatic", "auto"):
        _GROUPS(context, value)


COMMANDS: dict[str, Callable[[SSL.Context, str], None]] = {
    "groups": _GROUPS,
    "curves": _GROUPS,
    "ecdhparameters": set_curve,
    "signaturealgorithms": told_to_library("SSL_CTX_set1_sigalgs_list"),
    "minprotocol": lambda made, said: made.set_min_proto_version(version_of(said)),
    "maxprotocol": lambda made, said: made.set_max_proto_version(version_of(said)),
    "cipherstring": lambda made, said: made.set_cipher_list(said.encode()),
    "ciphersuites": lambda made, said: made.set_tls13_ciphersuites(said.encode()),
    # a file: with it, and only then, DHE is offered up to TLS 1.2
    "dhparameters": lambda made, said: made.load_tmp_dh(said),
    "options": set_options,
    "protocol": forbid,
}
