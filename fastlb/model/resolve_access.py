"""Require and its containers; Order, Allow, Deny, Satisfy; who knows the users.

The Requires of a section become one AccessRule; what is of Apache 2.2 stands beside it,
since it is merged otherwise. Source: mod_authz_core, mod_authz_host,
mod_access_compat, mod_auth_basic.
"""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from typing import Final, TypeVar

from fastlb.config.directives import auth_digest
from fastlb.config.directives.access import PROVIDERS, unknown_provider
from fastlb.config.tree import Node
from fastlb.facts.dbm import DbmFile
from fastlb.facts.rules import (
    AccessOp,
    AccessRule,
    Anonymous,
    ComposedUser,
    Digest,
    MethodLimit,
    OldAccess,
    OldWord,
)
from fastlb.facts.words import Order, Satisfy, Word
from fastlb.model.drafts import ConfDraft, Drafts, Handler, Place
from fastlb.model.expressions import taken, text_taken
from fastlb.model.networks import NetworkError, network_of
from fastlb.model.report import Mistake
from fastlb.model.resolve_server import absolute, set_fields

W = TypeVar("W", bound=Word)

CONTAINERS: Final = {
    "requireall": AccessOp.ALL_OF,
    "requireany": AccessOp.ANY_OF,
    "requirenone": AccessOp.NONE_OF,
}
METHODS: Final = (
    *("GET", "HEAD", "PUT", "POST", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"),
    *("PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK"),
    *("VERSION-CONTROL", "CHECKOUT", "UNCHECKOUT", "CHECKIN", "UPDATE", "LABEL"),
    *("REPORT", "MKWORKSPACE", "MKACTIVITY", "BASELINE-CONTROL", "MERGE"),
)
"""Registered methods (http_protocol.c ap_method_registry_init)."""

_ONE_METHOD_NAMES: Final = ("GET", "HEAD")
_ONE_METHOD: Final = frozenset(_ONE_METHOD_NAMES)
"""Apache counts HEAD as GET: who may do one may do the other."""


def access_rule(draft: ConfDraft) -> AccessRule | None:
    """What the Requires of a section say together; None: there are none."""
    if len(draft.requires) == 1:
        return draft.requires[0]
    if draft.requires:
        return AccessRule(AccessOp.ANY_OF, rules=tuple(draft.requires))
    return None


def method_limit(node: Node) -> MethodLimit:
    """What <Limit> or <LimitExcept> names; GET is HEAD as well."""
    names = node.args
    if not _ONE_METHOD.isdisjoint(names):
        names = tuple(dict.fromkeys((*names, *_ONE_METHOD_NAMES)))
    return MethodLimit(names, node.name.lower() == "limitexcept")


def require(run: Drafts, place: Place, node: Node) -> None:
    """A `Require` line in a section."""
    rule = _standing(require_of(run, node), node)
    if rule.negated:
        raise Mistake(
            "FB0260",
            "negative Require directive has no effect in <RequireAny> directive",
            cure="put it and a positive Require inside <RequireAll>",
        )
    place.draft.requires.append(replace(rule, limits=place.draft.limits))


def container(run: Drafts, place: Place, node: Node) -> None:
    """<RequireAll>, <RequireAny>, <RequireNone>, with all they hold."""
    rule = _container(run, node)
    if rule is None:
        return
    if rule.op is AccessOp.NONE_OF:
        raise Mistake(
            "FB0260",
            "<RequireNone> directive has no effect in <RequireAny> directive",
            cure="put it and a positive Require inside <RequireAll>",
        )
    place.draft.requires.append(_limited(rule, place.draft.limits))


def _limited(rule: AccessRule, limits: tuple[MethodLimit, ...]) -> AccessRule:
    """The rule with each condition in it said for these methods alone."""
    if not rule.rules:
        return replace(rule, limits=limits)
    return replace(rule, rules=tuple(_limited(inner, limits) for inner in rule.rules))


def _container(run: Drafts, node: Node) -> AccessRule | None:
    """None: nothing is left of it, and each child has its complaint."""
    op = CONTAINERS[node.name.lower()]
    rules: list[AccessRule] = []
    for child in node.children:
        with run.report.mistakes_at(child):
            rule = _enclosed(run, child)
            if rule is None:
                continue
            if _is_negative(rule) and op is not AccessOp.ALL_OF:
                what = f"negative {child.name}"
                if child.is_section:
                    what = f"<{child.name}>"
                raise Mistake(
                    "FB0260",
                    f"{what} directive has no effect in <{node.name}> directive",
                    cure="put it inside <RequireAll>",
                )
            rules.append(rule)
    if not rules and node.children:
        return None
    if not rules:
        text = f"<{node.name}> directive contains no authorization directives"
        raise Mistake("FB0260", text)
    if op is AccessOp.ALL_OF and all(map(_is_negative, rules)):
        raise Mistake(
            "FB0260",
            f"AH01624: <{node.name}> directive contains only negative"
            " authorization directives",
            cure="add Require all granted",
        )
    return _standing(AccessRule(op, rules=tuple(rules)), node)


def _enclosed(run: Drafts, node: Node) -> AccessRule | None:
    """None: what may stand in a container but says nothing about access."""
    if node.name.lower() in CONTAINERS:
        return _container(run, node)
    if node.name.lower() == "require":
        return _standing(require_of(run, node), node)
    return None


def _is_negative(rule: AccessRule) -> bool:
    return rule.negated or rule.op is AccessOp.NONE_OF


def _standing(rule: AccessRule, node: Node) -> AccessRule:
    """The rule with its place."""
    return replace(rule, file=node.file, line=node.line)


_IN_REQUIRE: Final = "Cannot parse expression in require line: "


def _rest_of_line(node: Node, negated: bool) -> str:
    """What stands behind the provider's name, as it stands."""
    text = node.raw
    for _ in range(1 + negated):
        text = text.partition(text.split(None, 1)[0])[2].lstrip(" \t")
    return text


def _require_named(
    run: Drafts, node: Node, op: AccessOp, negated: bool, args: tuple[str, ...]
) -> AccessRule:
    """User, group: a line with holes is divided into names when it is filled in."""
    text = _rest_of_line(node, negated)
    said = text_taken(run, node, text, number="FB0304", words=_IN_REQUIRE)
    if said is None:
        return AccessRule(op, args, negated)
    return AccessRule(op, (text,), negated, expression=said)


def _require_ldap(run: Drafts, node: Node, op: AccessOp, negated: bool) -> AccessRule:
    """What a directory is asked: the rest of the line, as it stands."""
    text = _rest_of_line(node, negated).strip()
    said = text_taken(run, node, text, number="FB0304", words=_IN_REQUIRE)
    if said is not None:
        return AccessRule(op, (text,), negated, expression=said)
    inner = text[1:-1]
    if len(text) > 1 and text[0] == text[-1] == '"' and '"' not in inner:
        text = inner
    return AccessRule(op, (text,), negated)


def _require_expr(run: Drafts, node: Node, negated: bool) -> AccessRule:
    """Quotes around the whole are taken off, and nothing within them is undone."""
    text = _rest_of_line(node, negated)
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    expression = taken(
        run,
        node,
        text,
        number="FB0304",
        words=_IN_REQUIRE,
    )
    return AccessRule(AccessOp.EXPR, (text,), negated, expression=expression)


def _aliased(known: AccessRule, negated: bool) -> AccessRule:
    """The Require that <AuthzProviderAlias> has named."""
    if negated and known.op is AccessOp.GRANTED:
        return replace(known, op=AccessOp.DENIED)
    if negated and known.op is AccessOp.DENIED:
        return replace(known, op=AccessOp.GRANTED)
    return replace(known, negated=negated)


def require_of(run: Drafts, node: Node) -> AccessRule:
    """What one line says; its place is not noted yet."""
    words = list(node.args)
    negated = len(words) > 1 and words[0].lower() == "not"
    if negated:
        del words[0]
    alias = run.authz_aliases.get(words[0])
    if alias is not None:
        return _aliased(alias, negated)
    kind, args = words[0].lower(), tuple(words[1:])
    if kind not in PROVIDERS:
        stray = unknown_provider(words[0])
        raise Mistake("FB0107", stray.text, cure=stray.cure, word=words[0])
    if kind == "all":
        if len(args) != 1 or args[0].lower() not in ("granted", "denied"):
            raise Mistake(
                "FB0261", "Argument for 'Require all' must be 'granted' or 'denied'"
            )
        granted = (args[0].lower() == "granted") is not negated
        return AccessRule(AccessOp.GRANTED if granted else AccessOp.DENIED)
    if kind == "expr":
        return _require_expr(run, node, negated)
    if kind == "valid-user":
        return AccessRule(AccessOp.VALID_USER, negated=negated)
    if kind == "local":
        return AccessRule(AccessOp.LOCAL, negated=negated)
    if not args:
        text = f"'require {kind}' requires an argument"
        raise Mistake("FB0261", text, word=words[0])
    if kind == "ip":
        return AccessRule(AccessOp.IP, tuple(map(_network, args)), negated)
    if kind == "method":
        known = (*METHODS, *run.process.methods)
        unknown = next((word for word in args if word not in known), None)
        if unknown is not None:
            raise Mistake(
                "FB0261",
                f"Invalid Method '{unknown}'",
                cure=f"write {unknown.upper()}"
                if unknown.upper() in known
                else f"write RegisterHttpMethod {unknown} before this line",
                word=unknown,
                instead=unknown.upper() if unknown.upper() in known else None,
            )
        if not _ONE_METHOD.isdisjoint(args):
            args = tuple(dict.fromkeys((*args, *_ONE_METHOD_NAMES)))
    elif kind.startswith("ldap-"):
        return _require_ldap(run, node, AccessOp(kind), negated)
    elif kind in ("user", "group", "dbm-group"):
        return _require_named(run, node, AccessOp(kind), negated, args)
    elif kind in ("host", "forward-dns"):
        args = tuple(word.lower() for word in args)
    return AccessRule(AccessOp(kind), args, negated)


def _network(word: str) -> str:
    try:
        return network_of(word)
    except NetworkError as problem:
        detail = f": {problem}" if str(problem) else ""
        text = f"ip address '{word}' appears to be invalid{detail}"
        raise Mistake("FB0261", text, word=word) from problem


def _word(kind: type[W], spelled: str) -> W:
    return next(word for word in kind if word.value.lower() == spelled.lower())


def order(run: Drafts, place: Place, node: Node) -> None:
    """`Order Deny,Allow`, `Order Allow,Deny`, `Order Mutual-failure`."""
    old = _old(place)
    word = OldWord(_word(Order, node.args[0]), place.draft.limits)
    _say_old(place, replace(old, orders=(*old.orders, word)))


def allow_deny(run: Drafts, place: Place, node: Node) -> None:
    """`Allow from ...` and `Deny from ...`."""
    old = _old(place)
    rules: list[AccessRule] = []
    for word in node.args[1:]:
        if word.startswith("#"):
            raise Mistake("FB0263", "No comments are allowed here", word=word)
        if word.lower() == "all":
            rules.append(AccessRule(AccessOp.GRANTED))
        elif word[:4].lower() == "env=":
            name = word[4:]
            names = (name.removeprefix("!"),)
            rules.append(AccessRule(AccessOp.ENV, names, name.startswith("!")))
        else:
            with run.report.mistakes_at(node):
                rules.append(_host(word))
    limits = place.draft.limits
    limited = [replace(_standing(rule, node), limits=limits) for rule in rules]
    if node.name.lower() == "allow":
        _say_old(place, replace(old, allow=(*old.allow, *limited)))
    else:
        _say_old(place, replace(old, deny=(*old.deny, *limited)))


def _host(word: str) -> AccessRule:
    """Of Allow and Deny: an address, a network or a name."""
    try:
        return AccessRule(AccessOp.IP, (network_of(word),))
    except NetworkError as problem:
        text = str(problem)
        if not text and "/" in word:
            text = "An IP address was expected"
        if text:
            raise Mistake("FB0263", text, word=word) from problem
        return AccessRule(AccessOp.HOST, (word.lower(),))


def satisfy(run: Drafts, place: Place, node: Node) -> None:
    """`Satisfy any|all`."""
    old = _old(place)
    word = OldWord(_word(Satisfy, node.args[0]), place.draft.limits)
    _say_old(place, replace(old, satisfies=(*old.satisfies, word)))


def _say_old(place: Place, old: OldAccess) -> None:
    place.draft.say(old_access=old)


def _old(place: Place) -> OldAccess:
    said: OldAccess | None = place.draft.said.get("old_access")
    return said or OldAccess()


def auth_file(run: Drafts, place: Place, node: Node) -> None:
    """`AuthUserFile` and `AuthGroupFile`."""
    path = absolute(run, node.args[0])
    run.auth_files.append((node, path))
    name = node.name.lower()
    if name == "authuserfile":
        place.draft.say(auth_user_file=path)
    else:
        place.draft.say(auth_group_file=path)


def dbm_file(run: Drafts, place: Place, node: Node) -> None:
    """`AuthDBMUserFile` and `AuthDBMGroupFile`."""
    file = DbmFile(absolute(run, node.args[0]))
    run.auth_files.append((node, file.pages))
    if node.name.lower() == "authdbmuserfile":
        place.draft.say(auth_dbm_user_file=file)
    else:
        place.draft.say(auth_dbm_group_file=file)


def auth_name(run: Drafts, place: Place, node: Node) -> None:
    """`AuthName realm`: as it will stand between quotes."""
    text = node.args[0]
    words = f"Cannot parse expression '{text}' in AuthName: "
    said = text_taken(run, node, text, number="FB0304", words=words)
    place.draft.say(auth_name=said or escaped_quotes(text))


def auth_type(run: Drafts, place: Place, node: Node) -> None:
    """`AuthType type`, or a text that says it when it is filled in."""
    text = node.args[0]
    words = f"Cannot parse expression '{text}' in AuthType: "
    said = text_taken(run, node, text, number="FB0304", words=words)
    if said is None:
        set_fields(run, place, node)
    else:
        place.draft.say(auth_type=said)


def escaped_quotes(text: str) -> str:
    """A backslash before each quote that has none."""
    return re.sub(r'(\\.)|"', lambda found: found[1] or r"\"", text, flags=re.DOTALL)


def basic_fake(run: Drafts, place: Place, node: Node) -> None:
    """`AuthBasicFake user [password]` or `AuthBasicFake off`."""
    user, *rest = node.args
    password = (rest[0] if rest else "") or "password"
    fake: str | ComposedUser = ""
    if user.lower() != "off":
        fake = _fake(run, node, user, password)
    place.draft.say(auth_basic_fake=fake)


def _fake(run: Drafts, node: Node, user: str, password: str) -> str | ComposedUser:
    """The field where both are plain text."""
    composed = ComposedUser(
        taken(
            run,
            node,
            user,
            number="FB0304",
            words=f"Could not parse fake username expression '{user}': ",
            is_text=True,
        ),
        taken(
            run,
            node,
            password,
            number="FB0304",
            words="Could not parse fake password expression associated to user"
            f" '{user}': ",
            is_text=True,
        ),
    )
    if not (composed.user.is_plain and composed.password.is_plain):
        return composed
    word = f"{user}:{password}".encode("latin-1")
    return f"Basic {base64.b64encode(word).decode()}"


def anonymous(_run: Drafts, place: Place, node: Node) -> None:
    """`Anonymous user ...` and what is demanded of them."""
    said = place.draft.conf.anonymous or Anonymous()
    name = node.name.lower()
    flag = node.args[0].lower() == "on"
    if name == "anonymous":
        said = replace(said, users=(*said.users, *node.args))
    elif name == "anonymous_mustgiveemail":
        said = replace(said, must_give_email=flag)
    elif name == "anonymous_nouserid":
        said = replace(said, no_user_id=flag)
    elif name == "anonymous_verifyemail":
        said = replace(said, verify_email=flag)
    place.draft.say(anonymous=said)


def digest(_run: Drafts, place: Place, node: Node) -> None:
    """`AuthDigest*` of a section. Those that say the usual make a section's own, too:
    what is said around it holds no more."""
    said = place.draft.conf.auth_digest or Digest()
    name = node.name.lower()
    if name == "authdigestnoncelifetime":
        lifetime_s = auth_digest.LIFETIME.read(node.name, node.args)
        said = replace(said, lifetime_s=lifetime_s)
    elif name == "authdigestnccheck":
        said = replace(said, counts=node.args[0].lower() == "on")
    elif name == "authdigestdomain":
        said = replace(said, domain=(*said.domain, *node.args))
    place.draft.say(auth_digest=said)


def digest_memory(run: Drafts, _place: Place, node: Node) -> None:
    """`AuthDigestShmemSize bytes`: of the process, wherever it stands."""
    size = auth_digest.SIZE.read(node.name, node.args)
    run.process.values["digest_memory_bytes"] = size


def allow_methods(run: Drafts, place: Place, node: Node) -> None:
    """`AllowMethods method ...`; lines of a section add up, `reset` begins anew."""
    said = place.draft.conf.allow_methods or MethodLimit(())
    names = said.names
    known = (*METHODS, *run.process.methods)
    for word in node.args:
        if word.lower() == "reset":
            names = ()
        elif word not in known:
            text = f"AllowMethods: Invalid Method '{word}'"
            run.report.error(node, "FB0261", text, word=word)
            return
        else:
            one = _ONE_METHOD_NAMES if word in _ONE_METHOD else (word,)
            names = (*names, *(name for name in one if name not in names))
    place.draft.say(allow_methods=MethodLimit(names))


HANDLERS: Final[dict[str, Handler]] = {
    "require": require,
    "requireall": container,
    "requireany": container,
    "requirenone": container,
    "order": order,
    "allow": allow_deny,
    "deny": allow_deny,
    "satisfy": satisfy,
    "authuserfile": auth_file,
    "authgroupfile": auth_file,
    "authdbmuserfile": dbm_file,
    "authdbmgroupfile": dbm_file,
    "authtype": auth_type,
    "authname": auth_name,
    "authbasicfake": basic_fake,
    "anonymous": anonymous,
    "anonymous_mustgiveemail": anonymous,
    "anonymous_nouserid": anonymous,
    "anonymous_verifyemail": anonymous,
    **dict.fromkeys(
        (
            *("authdigestqop", "authdigestalgorithm", "authdigestdomain"),
            *("authdigestnoncelifetime", "authdigestnccheck"),
        ),
        digest,
    ),
    "authdigestshmemsize": digest_memory,
    "allowmethods": allow_methods,
}
