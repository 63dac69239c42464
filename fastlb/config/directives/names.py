"""Of whom the names of members are asked."""

from __future__ import annotations

from fastlb.base.addresses import literal_of
from fastlb.base.limits import NAME_SERVERS_MAX, PORT_MAX
from fastlb.config.registry import OWN, Args, Complaint, Directive, Reader, Refused, S

MODULE = OWN
DNS_PORT = 53


class _NameServers(Reader):
    """`10.0.0.53 [2001:db8::53]:5353 ...` -> (("10.0.0.53", 53), ...)"""

    def read(self, name: str, words: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
        if len(words) > NAME_SERVERS_MAX:
            text = f"{name}: more than {NAME_SERVERS_MAX} name servers"
            raise Refused(Complaint(text, word=NAME_SERVERS_MAX))
        return tuple(self._one(name, word, at) for at, word in enumerate(words))

    def _one(self, name: str, word: str, at: int) -> tuple[str, int]:
        host, port = word, str(DNS_PORT)
        if word.startswith("["):
            host, _, port = word[1:].partition("]")
            port = port[1:] if port.startswith(":") else port or str(DNS_PORT)
        elif word.count(":") == 1:
            host, _, port = word.partition(":")
        if literal_of(host) is None:
            text = f"{name}: '{host}' is not an IP address"
            cure = "write the address of a name server, with :port if need be"
            raise Refused(Complaint(text, "", cure, word=at))
        if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) <= PORT_MAX):
            text = f"{name}: {word}: the port is not one of 1 to {PORT_MAX}"
            raise Refused(Complaint(text, word=at))
        return host, int(port)


DIRECTIVES = (
    Directive(
        "Resolver",
        S,
        "address[:port] ...",
        "name servers that members' names are asked of",
        takes=Args.LIST,
        shown_default="those of /etc/resolv.conf",
        manual=(
            "Of each member that is written by its name, the addresses are asked for"
            " again when their time (TTL) is over, within 1 second and 1 hour;"
            " addressttl= and disablereuse= of the member say otherwise. /etc/hosts"
            " comes first, and search, ndots and the other options of /etc/resolv.conf"
            " hold. Without this line it is all as /etc/nsswitch.conf and"
            " /etc/resolv.conf have it, which are read again when they change; what"
            " only other sources of nsswitch.conf know is asked for every 30 seconds."
            " When name servers do not answer, members keep their addresses."
        ),
        differs=(
            "Apache has no such directive; under Compat apache it is refused. Apache"
            " looks a name up once, and again after addressttl= or, with"
            " disablereuse=On, for each request."
        ),
        check=_NameServers(),
        sets="name_servers",
    ),
)
