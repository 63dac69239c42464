"""Users and groups of a directory, asked by ldap3. Everything here blocks.

A user is the one entry that the search of AuthLDAPURL finds; the password is right if
the directory lets him bind with it. Each thread keeps one connection for searching to
each of a few directories; a password has one of its own, which ends with it: what is
searched afterwards must not be searched as him.
"""

from __future__ import annotations

import contextlib
import functools
import re
import socket
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import ldap3
from ldap3.core import exceptions as problems
from ldap3.core.tls import Tls
from ldap3.utils.conv import escape_filter_chars

from fastlb._pcre2 import PatternLimitError
from fastlb.base.own_certificate import show_certificate
from fastlb.facts.ldap import GROUP_ATTRIBUTES, SUB_GROUP_CLASSES, Ldap, LdapMode
from fastlb.facts.regex import compile_pcre

CONNECTIONS_MAX: Final = 8  # of one thread
IDLE_S: Final = 60.0  # unused for longer, it may be dead: another is made
SUB_GROUPS_MAX: Final = 256  # that one question looks into
ANSWER_BYTES_MAX: Final = 4 << 20  # that are read for one question
ATTRIBUTES_BYTES_MAX: Final = 64 << 10  # that variables of a user may be in all
T = TypeVar("T")
_DEREFERENCES: Final = {
    "never": ldap3.DEREF_NEVER,
    "searching": ldap3.DEREF_SEARCH,
    "finding": ldap3.DEREF_BASE,
    "always": ldap3.DEREF_ALWAYS,
}
_RIGHTS: Final = {  # which AuthLDAP...AsUser a rule goes by; all of them
    "ldap-user": ("compare",),
    "ldap-attribute": ("compare",),
    "ldap-group": ("compare", "search"),
    "ldap-dn": ("search",),
    "ldap-filter": ("search",),
    "ldap-search": ("search",),
}
_SUCCESS: Final = 0
_SIZE_LIMIT: Final = 4
_REFUSALS: Final = (  # LDAP_SECURITY_ERROR of its C libraries
    problems.LDAPInappropriateAuthenticationResult,
    problems.LDAPInvalidCredentialsResult,
    problems.LDAPInsufficientAccessRightsResult,
)
_NOT_SO: Final = (  # of a comparison: there is nothing that could be equal
    problems.LDAPNoSuchObjectResult,
    problems.LDAPNoSuchAttributeResult,
    problems.LDAPUndefinedAttributeTypeResult,
    problems.LDAPInvalidDNSyntaxResult,
    problems.LDAPInvalidAttributeSyntaxResult,
    problems.LDAPInappropriateMatchingResult,
)


class LdapError(Exception):
    """The directory gives no answer. str(): why."""


class _Checked(Tls):  # type: ignore[misc]
    """TLS whose certificate is checked by OpenSSL, its name included."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__()
        self._context = context

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        sock = connection.socket
        wrapped = self._context.wrap_socket(
            sock.sock if isinstance(sock, _Bounded) else sock,
            server_hostname=connection.server.host,
            do_handshake_on_connect=False,
        )
        connection.socket = _Bounded(wrapped)  # which _cut finds
        if do_handshake:
            wrapped.do_handshake()


class _Bounded:
    """A socket from which only so much is read for one question."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.left = ANSWER_BYTES_MAX

    def recv(self, size: int) -> bytes:
        data = self.sock.recv(size)
        self.left -= len(data)
        if self.left < 0:
            raise OSError("the answer has no end")
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)


@contextlib.contextmanager
def _within(on: Any, seconds: int) -> Iterator[None]:
    """What takes longer is cut off: ldap3 bounds each piece of an answer alone."""
    if isinstance(on.socket, _Bounded):
        on.socket.left = ANSWER_BYTES_MAX
    timer = threading.Timer(seconds, _cut, (on,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _cut(on: Any) -> None:
    """Wake up whoever reads from it, in another thread."""
    sock = on.socket.sock if isinstance(on.socket, _Bounded) else on.socket
    with contextlib.suppress(Exception):
        # Of TLS what lies below: the rest is that thread's.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


@functools.lru_cache(maxsize=64)
def _context(
    trust: str, verifies: bool, cert: str = "", key: str = ""
) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=trust or None)
    if cert:
        show_certificate(context, cert, key)
    if not verifies:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@dataclass(slots=True)
class _Kept:
    connection: Any
    used_s: float


class Directories:
    """Of one worker. Each method may be called in any thread."""

    def __init__(self) -> None:
        self._local = threading.local()

    def password(self, said: Ldap, user: bytes, password: bytes) -> bool | None:
        """Is it his? None: nobody is called so, or more than one. Raises LdapError."""
        if not password or b"\0" in password:
            return False  # to bind without one succeeds, as nobody
        try:
            name = self._entry_of(said, user, password)
        except _Unwelcome:
            # As httpd, where the password of AuthLDAPBindDN is wrong
            return False if said.bind_authoritative else None
        if name is None:
            return None
        try:
            _close(_connected(said, name, password))
        except _Unwelcome:
            return False if said.bind_authoritative else None
        return True

    def attributes(
        self, said: Ldap, user: bytes, password: bytes
    ) -> tuple[bool, bytes] | None:
        """As password, with what stands in said.attributes: each with a NUL behind it,
        several values of one joined, and nothing for one that is not there."""
        right = self.password(said, user, password)
        if not right:
            return right if right is None else (False, b"")
        return True, self.told(said, user, "", "", password)

    def told(
        self, said: Ldap, user: bytes, kind: str, text: str, password: bytes = b""
    ) -> bytes:
        """As attributes, of the user, whom Require kind may have let in; of ldap-search
        of the entry that it finds. Raises LdapError."""

        def ask(on: Any) -> bytes:
            if kind != "ldap-search":
                return _told(on, said, user)
            found = _searched(on, said, text)
            return _told_of(on, said, str(found[0]["dn"])) if found else b""

        if password and said.initial_bind_as_user:
            told = _asked_as(said, own_name(said, user), password, ask)
        else:
            told = self._asked(said, ask)
        if len(told) > ATTRIBUTES_BYTES_MAX:
            # A part of it might be somebody else's name.
            raise LdapError(
                f"more than {ATTRIBUTES_BYTES_MAX} bytes are told of a user"
            )
        return told

    def _entry_of(self, said: Ldap, user: bytes, password: bytes) -> str | None:
        """The name of his entry, for which he may have to search himself."""
        if not said.initial_bind_as_user or not password:
            return self._asked(said, lambda on: _entry(on, said, user))
        name = own_name(said, user)
        if not name:
            return None
        return _asked_as(said, name, password, lambda on: _entry(on, said, user))

    def holds(
        self, said: Ldap, user: bytes, kind: str, text: str, password: bytes = b""
    ) -> bool:
        """Does Require kind let him in? Raises LdapError.

        password: his, where the directory is to be asked in his name
        """
        rule = (kind, text)
        if not password or (kind == "ldap-search" and not said.search_as_user):
            return self._asked(said, lambda on: _holds(on, said, user, rule))
        name = self._entry_of(said, user, password)
        if name is None:
            return False

        def ask(on: Any) -> bool:
            return _holds(on, said, user, rule, name)

        may = {"search": said.search_as_user, "compare": said.compare_as_user}
        as_user = all(may[what] for what in _RIGHTS.get(kind, ("search",)))
        if as_user:
            return _asked_as(said, name, password, ask)
        if kind == "ldap-group" and said.compare_as_user:
            # The group itself as he sees it, those within it as others do
            alone, value = replace(said, sub_group_depth=0), _member(said, user, name)
            if _asked_as(
                said, name, password, lambda on: _is_in(on, alone, text, value)
            ):
                return True
            return self._asked(said, lambda on: _is_below(on, said, text, value))
        return self._asked(said, ask)

    def _asked(self, said: Ldap, ask: Callable[[Any], T]) -> T:
        """What ask returns as AuthLDAPBindDN."""
        try:
            return self._asked_of_kept(said, ask)
        except _Unwelcome as problem:
            raise _Unwelcome(f"AuthLDAPBindDN: {problem}") from None

    def _asked_of_kept(self, said: Ldap, ask: Callable[[Any], T]) -> T:
        """... once more if the connection was lost since it was used."""
        kept: OrderedDict[Ldap, _Kept] | None = getattr(self._local, "kept", None)
        if kept is None:
            kept = self._local.kept = OrderedDict()
        found = kept.pop(said, None)
        if found is not None and time.monotonic() - found.used_s > IDLE_S:
            _close(found.connection)
            found = None
        while True:
            is_new = found is None
            if found is None:
                secret = said.bind_password.encode("utf-8", "surrogateescape")
                connection = _connected(said, said.bind_dn, secret)
                found = _Kept(connection, 0.0)
            try:
                with _reasons(), _within(found.connection, said.timeout_s):
                    answer = ask(found.connection)
            except _Lost as lost:
                _close(found.connection)
                if is_new:
                    raise LdapError(str(lost)) from None
                found = None
                continue
            except BaseException:
                _close(found.connection)
                raise
            found.used_s = time.monotonic()
            kept[said] = found
            if len(kept) > CONNECTIONS_MAX:
                _close(kept.popitem(last=False)[1].connection)
            return answer


def _asked_as(said: Ldap, name: str, password: bytes, ask: Callable[[Any], T]) -> T:
    """What ask returns over a connection of that user's own, which ends with it."""
    connection = None
    try:
        connection = _connected(said, name, password)
        with _reasons(), _within(connection, said.timeout_s):
            return ask(connection)
    except _Unwelcome as problem:
        raise _Unwelcome(f"the user himself: {problem}") from None
    finally:
        _close(connection)


def own_name(said: Ldap, user: bytes) -> str:
    """As whom he binds before his entry is known (AuthLDAPInitialBindPattern)."""
    try:
        called = user.decode()
    except UnicodeDecodeError:
        return ""
    if "\0" in called:
        return ""
    if said.bind_pattern is None:
        return called
    pattern, made = said.bind_pattern
    try:
        spans = compile_pcre(pattern).search(user)
    except PatternLimitError as problem:
        raise LdapError(f"AuthLDAPInitialBindPattern: {problem}") from None
    if spans is None:
        return called

    def group(found: re.Match[str]) -> str:
        if found[1] is not None:
            return str(found[1])
        number = int(found[2])
        begin, end = spans[number] if number < len(spans) else (-1, -1)
        return user[begin:end].decode("utf-8", "replace") if begin >= 0 else ""

    return re.sub(r"\\(.)|\$([0-9])", group, made)


class _Unwelcome(LdapError):
    """A bind was refused."""


class _Lost(LdapError):
    """The connection is gone."""


class _reasons:
    """Errors of ldap3 as ours."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, problem: BaseException | None, _: object) -> None:
        if isinstance(problem, _REFUSALS):
            raise _Unwelcome(str(problem)) from problem
        if isinstance(problem, (problems.LDAPCommunicationError, OSError)):
            raise _Lost(str(problem)) from problem
        if isinstance(problem, problems.LDAPException):
            raise LdapError(str(problem)) from problem
        if isinstance(problem, Exception) and not isinstance(problem, LdapError):
            # What it makes of an answer that is none, it does not say.
            raise LdapError(f"{type(problem).__name__}: {problem}") from problem


def _connected(said: Ldap, name: str, password: bytes) -> Any:
    """A connection to the first host that has one, bound; name "": as nobody."""
    if not said.hosts:
        raise LdapError("AuthLDAPURL is missing")
    reason = ""
    for host, port in said.hosts:
        connection = None
        try:
            with _reasons():
                connection = _made(said, host, port, name, password)
                _bind(said, connection)
                return connection
        except _Unwelcome:
            _close(connection)
            raise
        except LdapError as problem:
            _close(connection)
            reason = f"{host}:{port}: {problem}"
    raise LdapError(reason)


def _bind(said: Ldap, on: Any) -> None:
    with _within(on, said.connect_timeout_s + said.timeout_s):
        on.open(read_server_info=False)
        if not isinstance(on.socket, _Bounded):
            on.socket = _Bounded(on.socket)
        if said.mode is LdapMode.STARTTLS:
            on.start_tls(read_server_info=False)
            if not on.tls_started:
                raise LdapError("it does not speak TLS")
        if not on.bind(read_server_info=False) or on.result["type"] != "bindResponse":
            raise LdapError(str(on.result["description"]))


def _made(said: Ldap, host: str, port: int, name: str, password: bytes) -> Any:
    tls = None
    if said.mode in (LdapMode.TLS, LdapMode.STARTTLS):
        tls = _Checked(
            _context(said.trust, said.verifies, said.client_cert, said.client_key)
        )
    server = ldap3.Server(
        host,
        port,
        use_ssl=said.mode is LdapMode.TLS,
        get_info=ldap3.NONE,
        tls=tls,
        connect_timeout=said.connect_timeout_s,
    )
    return ldap3.Connection(
        server,
        name or None,
        password or None,
        authentication=ldap3.SIMPLE if name else ldap3.ANONYMOUS,
        client_strategy=ldap3.SYNC,
        receive_timeout=said.timeout_s,
        auto_referrals=False,
        read_only=True,
        raise_exceptions=True,
        check_names=False,
    )


def _close(connection: Any) -> None:
    if connection is None:
        return
    with contextlib.suppress(Exception):  # it is gone, in whatever way
        connection.strategy.close()
    with contextlib.suppress(Exception):  # ... of one that never was open
        if connection.socket is not None:
            connection.socket.close()


# Questions -----------------------------------------------------------------------


def _search(
    on: Any, said: Ldap, base: str, text: str, *, scope: str, names: Sequence[str] = ()
) -> list[dict[str, Any]]:
    try:
        on.search(
            base,
            text,
            search_scope=scope,
            dereference_aliases=_DEREFERENCES[said.dereference],
            attributes=list(names) or [ldap3.NO_ATTRIBUTES],
            size_limit=2,
            time_limit=said.timeout_s,
        )
    except (problems.LDAPNoSuchObjectResult, problems.LDAPInvalidDNSyntaxResult):
        return []
    if on.result["type"] != "searchResDone":
        raise LdapError("it answers something else than what was asked")
    if on.result["result"] not in (_SUCCESS, _SIZE_LIMIT):
        raise LdapError(on.result["description"])
    return [one for one in on.response if one["type"] == "searchResEntry"]


def _searched(on: Any, said: Ldap, text: str) -> list[dict[str, Any]]:
    """What a filter of Require ldap-search finds; parentheses around it may lack."""
    scope = ldap3.SUBTREE if said.subtree else ldap3.LEVEL
    whole = text if text.startswith("(") else f"({text})"
    return _search(on, said, said.base, whole, scope=scope)


def _entry(on: Any, said: Ldap, user: bytes, text: str = "") -> str | None:
    """The name of his entry. text: a filter in place of AuthLDAPURL's"""
    try:
        called = user.decode()
    except UnicodeDecodeError:
        return None
    if not called or "\0" in called:
        return None
    escaped = escape_filter_chars(called)
    found = _search(
        on,
        said,
        said.base,
        f"(&({text or said.filter})({said.attribute}={escaped}))",
        scope=ldap3.SUBTREE if said.subtree else ldap3.LEVEL,
    )
    if len(found) != 1:
        return None
    name = str(found[0]["dn"])
    if name.encode("utf-8", "surrogateescape") != bytes(found[0]["raw_dn"]):
        raise LdapError("the name of an entry is no text")
    return name or None  # to bind with an empty name is to bind as nobody


def _told(on: Any, said: Ldap, user: bytes) -> bytes:
    name = _entry(on, said, user)
    return b"" if name is None else _told_of(on, said, name)


def _told_of(on: Any, said: Ldap, name: str) -> bytes:
    """What stands in said.attributes of an entry, and its name."""
    found = _search(
        on, said, name, "(objectClass=*)", scope=ldap3.BASE, names=said.attributes
    )
    values: dict[str, bytes] = {}
    for entry in found:
        for kind, raw in entry["raw_attributes"].items():
            values[kind.lower()] = b"; ".join(raw).replace(b"\0", b"")
    told = b"".join(
        values.get(attribute.lower(), b"") + b"\0" for attribute in said.attributes
    )
    return told + name.encode("utf-8", "surrogateescape") + b"\0"


def _holds(
    on: Any, said: Ldap, user: bytes, rule: tuple[str, str], name: str | None = None
) -> bool:
    """rule: its kind and its words. name: of his entry, if it is known"""
    kind, text = rule
    if kind == "ldap-search":
        return len(_searched(on, said, text)) == 1
    name = name or _entry(on, said, user)
    if name is None:
        return False
    if kind == "ldap-user":
        words = (text, *words_of(text))
        return any(_has(on, name, said.attribute, word) for word in words)
    if kind == "ldap-dn":
        return _is_same(on, said, name, text)
    if kind == "ldap-attribute":
        return any(_has(on, name, *pair) for pair in pairs_of(text))
    if kind == "ldap-filter":
        inner = text[1:-1] if text.startswith("(") and text.endswith(")") else text
        other = _entry(on, said, user, inner)
        return other is not None and _is_same(on, said, name, other)
    if kind == "ldap-group":
        return _is_in(on, said, text, _member(said, user, name))
    raise LdapError(f"Require {kind} is not known")


def _has(on: Any, name: str, attribute: str, value: str) -> bool:
    try:
        holds = bool(on.compare(name, attribute, value))
    except _NOT_SO:
        return False
    if on.result["type"] != "compareResponse":
        raise LdapError("it answers something else than what was asked")
    return holds


def _is_same(on: Any, said: Ldap, name: str, other: str) -> bool:
    """Are they names of one entry?"""
    if not said.compare_on_server or name == other:
        return name == other
    found = _search(on, said, other, "(objectClass=*)", scope=ldap3.BASE)
    return [one["dn"] for one in found] == [name]


def _member(said: Ldap, user: bytes, name: str) -> str:
    """What groups hold of him."""
    return name if said.group_is_dn else user.decode()


def _is_below(on: Any, said: Ldap, group: str, value: str) -> bool:
    """In a group that is in it."""
    if not said.sub_group_depth:
        return False
    below = replace(said, sub_group_depth=said.sub_group_depth - 1)
    return any(_is_in(on, below, one, value) for one in _sub_groups(on, said, group))


def _is_in(on: Any, said: Ldap, group: str, value: str) -> bool:
    """In a group, or in one that is in it, as deep as AuthLDAPMaxSubGroupDepth."""
    attributes = said.group_attributes or GROUP_ATTRIBUTES
    level, seen = [group], {group.lower()}
    for depth in range(said.sub_group_depth + 1):
        for one in level:
            if any(_has(on, one, attribute, value) for attribute in attributes):
                return True
        if depth == said.sub_group_depth:
            break
        inner: list[str] = []
        for one in level:
            for name in _sub_groups(on, said, one):
                if name.lower() not in seen:
                    seen.add(name.lower())
                    inner.append(name)
        if len(seen) > SUB_GROUPS_MAX:
            raise LdapError(f"{group}: more than {SUB_GROUPS_MAX} groups are in it")
        level = inner
    return False


def _sub_groups(on: Any, said: Ldap, group: str) -> Iterator[str]:
    names = said.sub_group_attributes or GROUP_ATTRIBUTES
    classes = said.sub_group_classes or SUB_GROUP_CLASSES
    for entry in _search(
        on, said, group, "(objectClass=*)", scope=ldap3.BASE, names=names
    ):
        for values in entry["raw_attributes"].values():
            for raw in values[: SUB_GROUPS_MAX + 1]:
                name = raw.decode("utf-8", "replace")
                if _is_one_of(on, name, classes):
                    yield name


def _is_one_of(on: Any, name: str, classes: Iterable[str]) -> bool:
    return any(_has(on, name, "objectClass", one) for one in classes)


_WORD: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_PAIR: Final = re.compile(r'([^\s=]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))')


def words_of(text: str) -> Iterator[str]:
    """Words, of which some stand between quotes."""
    for found in _WORD.finditer(text):
        yield found[2] if found[1] is None else re.sub(r"\\(.)", r"\1", found[1])


def pairs_of(text: str) -> Iterator[tuple[str, str]]:
    """attribute=value, attribute="some value"."""
    for found in _PAIR.finditer(text):
        value = found[3] if found[2] is None else re.sub(r"\\(.)", r"\1", found[2])
        yield found[1], value
