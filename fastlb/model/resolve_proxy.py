"""ProxyPass, <Proxy>, BalancerMember, ProxySet: who is behind us, and what goes there.

Apache's messages and the order in which it finds them: mod_proxy.c add_pass,
add_member, set_proxy_param, proxysection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from fastlb.config.tree import Node
from fastlb.model.balancer_params import (
    LBMETHODS,
    LBMETHODS_LATER,
    BalancerParams,
    balancer_param_names,
    set_balancer_param,
)
from fastlb.model.drafts import (
    BalancerDraft,
    Handler,
    MappingDraft,
    MemberDraft,
    Place,
    Run,
    ServerDraft,
)
from fastlb.model.globs import glob_to_regex
from fastlb.model.member_params import (
    MemberParams,
    member_param_names,
    set_member_param,
)
from fastlb.model.regex import compile_pcre
from fastlb.model.report import did_you_mean, place_of
from fastlb.model.targets import (
    Target,
    TargetError,
    is_balancer_url,
    is_leading_part,
    parse_target,
    split_balancer_url,
)
from fastlb.model.vhost import SectionKind

_NOT_SERVED: Final = {
    "https": "TLS towards members comes later; http:// members are served",
    "wss": "TLS towards members comes later; ws:// members are served",
    "ajp": "AJP is not supported; use the member's HTTP connector",
    "h2": "HTTP/2 towards members is not supported; use http://",
    "h2c": "HTTP/2 towards members is not supported; use http://",
    "fcgi": "FastCGI is not supported; put an HTTP server before the application",
    "scgi": "SCGI is not supported; put an HTTP server before the application",
    "uwsgi": "uwsgi is not supported; use the application server's HTTP port",
    "ftp": "FTP is not supported",
    "fdpass": "passing sockets to another process is not supported",
}
_SERVED: Final = ("http", "ws")

MAPPING_WORDS: Final = ("nocanon", "noquery", "interpolate")
PASS_NAME: Final = "ProxyPass|ProxyPassMatch"


def proxy_pass(run: Run, place: Place, node: Node) -> None:
    """ProxyPass and ProxyPassMatch, in a server or a <Location>."""
    is_regex = node.name.lower() == "proxypassmatch"
    words = list(node.args)
    section = place.section
    pattern: str | None = None
    if section is not None:
        # Differs from Apache: the pattern of <LocationMatch> is always a regex
        # (there it is one only when it holds one of * ? [ \).
        is_regex = is_regex or section.kind is SectionKind.LOCATION_MATCH
        is_regex = is_regex or section.is_regex or section.is_glob
        pattern = section.pattern
        if section.is_glob:
            pattern = glob_to_regex(pattern, slash_is_special=True)
    if words and words[0] == "~":
        if is_regex and section is None:
            run.report.error(
                node, "FB0220", "ProxyPassMatch invalid syntax ('~' usage)."
            )
            return
        is_regex = True
        del words[0]
    if pattern is None and words:
        pattern = words.pop(0)
    target = words.pop(0) if words else None
    if pattern is None or target is None:
        run.report.error(
            node,
            "FB0220",
            f"{PASS_NAME} needs a path when not defined in a location",
            cure=f"write {node.name} /path http://host/path",
        )
        return
    flags: set[str] = set()
    encoded = False
    params: list[tuple[str, str]] = []
    for word in words:
        key, equals, value = word.partition("=")
        if word.lower() in MAPPING_WORDS:
            flags.add(word.lower())
        elif not equals:
            _not_a_pair(run, place, node, target, word)
            return
        elif key.lower() == "mapping":
            if value.lower() not in ("encoded", "servlet"):
                run.report.error(node, "FB0220", "unknown mapping", word=word)
                return
            encoded = True
            if value.lower() == "servlet":
                run.report.warn(
                    node,
                    "FB0221",
                    "mapping=servlet is taken as mapping=encoded",
                    why="path parameters are not dropped for matching",
                    word=word,
                )
        else:
            params.append((key, value))
    if is_regex and section is None and not _regex_compiles(run, node, pattern):
        return
    draft = MappingDraft(
        pattern=pattern,
        is_regex=is_regex,
        target=target,
        target_path="",
        balancer=None,
        worker=None,
        nocanon="nocanon" in flags,
        noquery="noquery" in flags,
        interpolate="interpolate" in flags,
        encoded=encoded,
        node=node,
    )
    if target != "!" and not _bind_target(run, place, node, draft, params):
        return
    if section is None:
        place.server.mappings.append(draft)
    elif not place.inert:
        place.draft.mapping = draft


def _not_a_pair(run: Run, place: Place, node: Node, target: str, word: str) -> None:
    if place.section is not None and target.startswith("/"):
        run.report.error(
            node,
            "FB0220",
            f"{PASS_NAME} can not have a path when defined in a location.",
            why=f"the path is that of <{place.section.kind.value}>",
            cure=f"leave out {target}",
            word=target,
        )
    else:
        run.report.error(
            node,
            "FB0220",
            f"Invalid {PASS_NAME} parameter."
            " Parameter must be in the form 'key=value'.",
            why=f"{word!r} has no '='",
            cure=did_you_mean(word, MAPPING_WORDS),
            word=word,
        )


def _regex_compiles(run: Run, node: Node, pattern: str) -> bool:
    try:
        compile_pcre(pattern)
    except re.error as problem:
        run.report.error(
            node,
            "FB0222",
            "Regular expression could not be compiled.",
            why=str(problem),
            word=pattern,
        )
        return False
    return True


def _bind_target(
    run: Run,
    place: Place,
    node: Node,
    draft: MappingDraft,
    params: list[tuple[str, str]],
) -> bool:
    """Connect a mapping with its balancer or worker; False when it has neither."""
    text = draft.target
    server = place.server
    if is_balancer_url(text):
        try:
            name, path = split_balancer_url(text)
        except TargetError as problem:
            run.report.error(node, "FB0223", f"ProxyPass {problem}", word=text)
            return False
        draft.balancer = name
        draft.target_path = path
        draft.target = name + path
        balancer = balancer_of(server, name, node)
        for key, value in params:
            _balancer_param(run, node, balancer, key, value, prefix="ProxyPass ")
        if params:
            balancer.is_defined = balancer.is_defined or bool(balancer.members)
        return True
    target = _member_target(run, node, text, "ProxyPass")
    if target is None:
        return False
    if "$" in text[: len(text) - len(target.path)] and draft.is_regex:
        run.report.error(
            node,
            "FB0224",
            f"ProxyPass {text}: the host may not come from the request",
            why="whoever sends the request would choose where it goes",
            cure="write the host, and a slash before the first $",
            word=text,
        )
        return False
    values = MemberParams(status="I")
    for key, value in params:
        _member_param(run, node, values, key, value, prefix="ProxyPass ")
    if "$" in target.path and not values.reuse_written and draft.is_regex:
        # Apache: such a worker keeps no connections unless enablereuse=on. Ours
        # binds the authority at load, so that its connections can be kept.
        values.disable_reuse = False
    draft.worker = _shared_worker(server, MemberDraft(target, values, node))
    draft.target = target.url
    draft.target_path = target.path
    return True


def _shared_worker(server: ServerDraft, wanted: MemberDraft) -> MemberDraft:
    """One worker for all mappings to one authority with equal parameters.

    Differs from Apache, where a URL that begins with an earlier worker's URL takes
    that worker with its parameters (AH01146): here parameters follow the rule.
    """
    for worker in server.workers:
        if (
            worker.target.authority_url == wanted.target.authority_url
            and worker.params == wanted.params
        ):
            return worker
    server.workers.append(wanted)
    return wanted


def _member_target(run: Run, node: Node, text: str, directive: str) -> Target | None:
    try:
        target = parse_target(text)
    except TargetError as problem:
        cure = ""
        if "://" not in text and re.fullmatch(r"[A-Za-z0-9_.-]+(:[0-9]+)?(/.*)?", text):
            cure = f"write http://{text}"
        run.report.error(node, "FB0223", f"{directive} {problem}", cure=cure, word=text)
        return None
    if target.scheme not in _SERVED:
        run.report.error(
            node,
            "FB0225",
            f"{directive} {text}: "
            + _NOT_SERVED.get(
                target.scheme, f"the scheme {target.scheme}:// is not known"
            ),
            cure="" if target.scheme in _NOT_SERVED else "write http://",
            word=text,
        )
        return None
    return target


def balancer_of(server: ServerDraft, name: str, node: Node) -> BalancerDraft:
    """The server's draft of a balancer, made when this is its first mention."""
    draft = server.balancers.get(name)
    if draft is None:
        draft = server.balancers[name] = BalancerDraft(name, node)
    return draft


def balancer_member(run: Run, place: Place, node: Node) -> None:
    """BalancerMember [balancer-url] url [key=value ...]."""
    words: list[str] = []
    params: list[tuple[str, str]] = []
    inside = place.section is not None and place.section.kind in (
        SectionKind.PROXY,
        SectionKind.PROXY_MATCH,
    )
    path = place.section.pattern if place.section is not None and inside else None
    for word in node.args:
        key, equals, value = word.partition("=")
        if equals and not _looks_like_url(word):
            params.append((key, value))
        elif len(words) < (1 if inside else 2):
            words.append(word)
        elif inside and is_balancer_url(words[0]):
            run.report.error(
                node,
                "FB0226",
                "BalancerMember can not have a balancer name when defined in a"
                " location",
                cure=f"leave out {words[0]}",
            )
            return
        else:
            run.report.error(
                node,
                "FB0226",
                "Invalid BalancerMember parameter. Parameter must be in the form"
                " 'key=value'",
                why=f"{word!r} has no '='",
                cure=did_you_mean(word, member_param_names()),
                word=word,
            )
            return
    if not inside:
        path = words.pop(0) if words else None
    if path is None:
        run.report.error(
            node,
            "FB0226",
            "BalancerMember must define balancer name when outside <Proxy > section",
        )
        return
    if not words:
        hint = "" if is_balancer_url(path) else _LOST_PROXY
        run.report.error(
            node,
            "FB0226",
            "BalancerMember must define remote proxy server",
            why=hint,
            cure=f"write BalancerMember balancer://name {path}" if hint else "",
        )
        return
    try:
        name, _ = split_balancer_url(path)
    except TargetError as problem:
        run.report.error(node, "FB0223", f"BalancerMember {problem}")
        return
    if not is_balancer_url(path):
        run.report.error(
            node,
            "FB0226",
            f"BalancerMember {path} is not the name of a balancer",
            cure="write <Proxy balancer://name> around the members",
            word=path,
        )
        return
    target = _member_target(run, node, words[0], "BalancerMember")
    values = MemberParams()
    for key, value in params:
        _member_param(run, node, values, key, value, prefix="BalancerMember ")
    balancer = balancer_of(place.server, name, node)
    balancer.is_defined = True
    if target is None:
        balancer.is_broken = True
        return
    for member in balancer.members:
        if is_leading_part(member.target, target):
            run.report.warn(
                node,
                "FB0227",
                f"AH01148: Defined worker '{member.target.url}' for balancer"
                f" '{name}' is shared by {target.url}; the line is ignored",
                why=f"its URL begins with that of {place_of(member.node)}, so Apache"
                " takes the two for one member",
                cure="remove the line, or put the longer URL first",
            )
            return
    balancer.members.append(MemberDraft(target, values, node))


_LOST_PROXY: Final = (
    "it looks as if <Proxy balancer://...> and </Proxy> around the members were lost"
)


def _looks_like_url(word: str) -> bool:
    """True for `http://h/?a=b`: an "=" after "://" makes no parameter of a URL."""
    place = word.find("://")
    return 0 <= place < word.find("=")


def proxy_set(run: Run, place: Place, node: Node) -> None:
    """ProxySet [url] key=value ..."""
    words = list(node.args)
    section = place.section
    inside = section is not None and section.kind in (
        SectionKind.PROXY,
        SectionKind.PROXY_MATCH,
    )
    name = section.pattern if inside and section is not None else ""
    if not inside:
        name = words.pop(0) if words else ""
    if is_balancer_url(name):
        try:
            key_name, _ = split_balancer_url(name)
        except TargetError as problem:
            run.report.error(node, "FB0223", f"ProxySet {problem}")
            return
        if not inside and key_name not in place.server.balancers:
            known = place.server.balancers
            run.report.error(
                node,
                "FB0228",
                f"ProxySet can not find '{name}' Balancer.",
                cure=did_you_mean(key_name, known),
                word=name,
            )
            return
        balancer = balancer_of(place.server, key_name, node)
        balancer.is_defined = True
        for key, value in _pairs(run, node, words, "ProxySet"):
            _balancer_param(
                run, node, balancer, key, value, prefix="ProxySet: ", name=name
            )
        return
    worker = _worker_by_url(place.server, name)
    if worker is None and not inside:
        hint = _LOST_PROXY if "=" in name and "://" not in name else ""
        run.report.error(
            node, "FB0228", f"ProxySet can not find '{name}' Worker.", why=hint
        )
        return
    if worker is None:
        target = _member_target(run, node, name, "ProxySet")
        if target is None:
            return
        worker = MemberDraft(target, MemberParams(status="I"), node)
        place.server.workers.append(worker)
    for key, value in _pairs(run, node, words, "ProxySet"):
        _member_param(
            run, node, worker.params, key, value, prefix="ProxySet: ", name=name
        )


def _worker_by_url(server: ServerDraft, text: str) -> MemberDraft | None:
    try:
        wanted = parse_target(text)
    except TargetError:
        return None
    for worker in server.workers:
        if is_leading_part(worker.target, wanted):
            return worker
    return None


def section_params(run: Run, place: Place, node: Node) -> None:
    """The key=value words of `<Proxy balancer://name key=value>` itself."""
    section = place.section
    words = list(node.args[1:])
    if section is None or not words:
        return
    if section.is_glob or section.is_regex:
        run.report.error(
            node, "FB0229", "<Proxy> arguments are not supported for wildchar url."
        )
        return
    if "://" not in section.pattern:
        run.report.error(
            node, "FB0229", "<Proxy> arguments are not supported for non url."
        )
        return
    if place.balancer is not None:
        balancer = balancer_of(place.server, place.balancer, node)
        balancer.is_defined = True
        for key, value in _pairs(run, node, words, "Proxy"):
            _balancer_param(
                run,
                node,
                balancer,
                key,
                value,
                prefix="Proxy ",
                name=section.pattern,
            )
        return
    target = _member_target(run, node, section.pattern, "<Proxy>")
    if target is None:
        return
    worker = _worker_by_url(place.server, section.pattern)
    if worker is None:
        worker = MemberDraft(target, MemberParams(status="I"), node)
        place.server.workers.append(worker)
    for key, value in _pairs(run, node, words, "Proxy"):
        _member_param(
            run, node, worker.params, key, value, prefix="Proxy ", name=section.pattern
        )


def sticky_session(run: Run, place: Place, node: Node) -> None:
    """A bare `Stickysession NAME` in <Proxy>: no directive, but plain enough."""
    if place.balancer is None or not node.args:
        return
    balancer = balancer_of(place.server, place.balancer, node)
    _balancer_param(
        run, node, balancer, "stickysession", node.args[0], prefix="ProxySet: "
    )


def _pairs(
    run: Run, node: Node, words: Iterable[str], directive: str
) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            run.report.error(
                node,
                "FB0226",
                f"Invalid {directive} parameter. Parameter must be in the form"
                " 'key=value'",
                why=f"{word!r} has no '='",
                word=word,
            )
            break
        pairs.append((key, value))
    return pairs


def _balancer_param(
    run: Run,
    node: Node,
    balancer: BalancerDraft,
    key: str,
    value: str,
    *,
    prefix: str,
    name: str = "",
) -> None:
    """Set one parameter; a complaint reads as Apache's for this directive.

    name: what follows "key=value; " in the forms that show the pair.
    """
    lenient = run.lenient or key.lower() != "routeregex"
    complaint = (
        set_balancer_param(balancer.params, key, value)
        if lenient
        else "unknown Balancer parameter"
    )
    pair = f"{key}={value}"
    if complaint is None:
        _explain_balancer_param(run, node, balancer.params, key.lower(), value)
        return
    tail = f" {pair}; {name}" if name else ""
    why = cure = ""
    if complaint == "unknown Balancer parameter":
        why, cure = _unknown_key(
            key, balancer_param_names(), member_param_names(), "BalancerMember"
        )
        if key.lower() == "routeregex":
            why = "routeregex= is Helicon Ape's"
            cure = "write stickysessionsep= with the character before the route"
    elif complaint == "unknown lbmethod":
        cure = did_you_mean(value, LBMETHODS + LBMETHODS_LATER)
    run.report.error(
        node, "FB0230", prefix + complaint + tail, why=why, cure=cure, word=pair
    )


def _explain_balancer_param(
    run: Run, node: Node, params: BalancerParams, key: str, value: str
) -> None:
    if key == "lbmethod" and params.lbmethod != params.lbmethod_asked:
        run.report.warn(
            node,
            "FB0231",
            f"lbmethod={value} is not built yet; byrequests serves in its place",
            why="requests are shared out by loadfactor only",
            word=f"{key}={value}",
        )
    elif key == "routeregex":
        run.report.warn(
            node,
            "FB0232",
            f"routeregex={value} is an extension (Helicon Ape's); Apache refuses it",
            why="the route is the first group of the first match in the session value",
            cure=_separator_cure(value),
            word=f"{key}={value}",
        )


def _separator_cure(regex: str) -> str:
    match = re.fullmatch(r"\\?(.)\((?:\.\*|\.\+)\)\$?", regex)
    if match is None:
        return ""
    return f"for Apache write stickysessionsep={match[1]}"


def _member_param(
    run: Run,
    node: Node,
    params: MemberParams,
    key: str,
    value: str,
    *,
    prefix: str,
    name: str = "",
) -> None:
    """Set one parameter of a member; see _balancer_param."""
    pair = f"{key}={value}"
    if key.lower() == "status" and value.lower() == "hot_standby" and run.lenient:
        run.report.warn(
            node,
            "FB0233",
            "status=hot_standby is taken as status=+H (hot standby)",
            why="Apache reads the value letter by letter and refuses it:"
            " 'BalancerMember Unknown status parameter option'",
            cure="write status=+H",
            word=pair,
        )
        key, value = "status", "+H"
    complaint = set_member_param(params, key, value)
    if complaint is None:
        _explain_member_param(run, node, key.lower(), value)
        return
    why = cure = ""
    if complaint == "unknown Worker parameter":
        if "proxy_hcheck_module" in run.modules:
            complaint = "unknown Worker hcheck parameter"
        why, cure = _unknown_key(
            key, member_param_names(), balancer_param_names(), "ProxySet"
        )
    elif complaint.startswith("Unknown status"):
        why = "the value is read letter by letter: I N D S H R, with + and -"
        if value.lower() == "hot_standby":
            cure = "write status=+H"
    elif complaint.startswith("LoadFactor"):
        why = "a member without a share would never be elected"
        cure = "write status=+D to keep it out, or status=+H for a hot standby"
    tail = f" {pair}; {name}" if name else ""
    run.report.error(
        node, "FB0230", prefix + complaint + tail, why=why, cure=cure, word=pair
    )


def _explain_member_param(run: Run, node: Node, key: str, value: str) -> None:
    if key.startswith("hc"):
        run.report.warn(
            node,
            "FB0234",
            f"{key}={value} has no effect yet: health checks come later",
            why="a member that refuses connections is probed all the same, with TCP",
            word=f"{key}={value}",
        )


def _unknown_key(
    key: str, known: tuple[str, ...], elsewhere: tuple[str, ...], where: str
) -> tuple[str, str]:
    """(why, cure) of an unknown parameter."""
    if key.lower() in elsewhere:
        return f"{key}= is not known here", f"it belongs to {where}"
    return f"unknown parameter {key!r}", did_you_mean(key, known)


HANDLERS: Final[dict[str, Handler]] = {
    "proxypass": proxy_pass,
    "proxypassmatch": proxy_pass,
    "balancermember": balancer_member,
    "proxyset": proxy_set,
    "stickysession": sticky_session,
}
