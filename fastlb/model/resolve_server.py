"""Scalar directives: of the process, of a server, and of a section.

Each is one row of a table: which field it sets, and how its argument is read. Merging
is the business of `freeze.py`.
"""

from __future__ import annotations

import os.path
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from fastlb.config.tree import Node
from fastlb.model.drafts import Handler, Place, Run
from fastlb.model.server import Compat
from fastlb.model.values import (
    INT_MAX,
    maybe_integer,
    maybe_switch,
    maybe_time_ms,
)


class ValueProblem(ValueError):
    """The argument is refused; the text is the whole complaint."""


# The value that a reader returns goes into a field of its own type, which `replace`
# checks at run time only: hence Any.
Reader = Callable[[Node], Any]


def number(
    least: int, complaint: str = "", most: int = INT_MAX, factor: int = 1
) -> Reader:
    """An integer in least..most, times factor. complaint: Apache's, if it has one."""

    def read(node: Node) -> int:
        value = maybe_integer(node.args[0])
        if value is None:
            raise ValueProblem(
                complaint or f"{node.name}: {node.args[0]!r} is not a number"
            )
        if not least <= value <= most:
            raise ValueProblem(
                complaint or f"{node.name}: {value} is not in {least} to {most}"
            )
        return value * factor

    return read


def time_ms(default_unit: str) -> Reader:
    """A time with an optional unit, in milliseconds."""

    def read(node: Node) -> int:
        value = maybe_time_ms(node.args[0], default_unit)
        if value is None:
            raise ValueProblem(f"{node.name} has wrong format")
        return value

    return read


def switch(complaint: str = "") -> Reader:
    """On or Off."""

    def read(node: Node) -> bool:
        value = maybe_switch(node.args[0])
        if value is None:
            raise ValueProblem(complaint or f"{node.name} must be On or Off")
        return value

    return read


def choice(complaint: str, *spellings: str) -> Reader:
    """One of the words, in any case; the value is the spelling given here."""
    table = {word.lower(): word for word in spellings}

    def read(node: Node) -> str:
        value = table.get(node.args[0].lower())
        if value is None:
            raise ValueProblem(complaint)
        return value

    return read


def text(node: Node) -> str:
    """The argument as it is."""
    return node.args[0]


def _first_line(node: Node) -> int:
    complaint = f'{node.name} "{node.args[0]}" must be a non-negative integer'
    value = maybe_integer(node.args[0])
    if value is None or not 0 <= value <= INT_MAX:
        raise ValueProblem(complaint)
    return value


def _fields(node: Node) -> int:
    value = maybe_integer(node.args[0])
    if value is None or not 0 <= value <= INT_MAX:
        raise ValueProblem(
            f'LimitRequestFields "{node.args[0]}" must be a non-negative integer'
            " (0 = no limit)"
        )
    return value


def _body_limit(node: Node) -> int:
    value = maybe_integer(node.args[0])
    if value is None:
        raise ValueProblem("LimitRequestBody argument is not parsable.")
    if value < 0:
        raise ValueProblem("LimitRequestBody requires a non-negative integer.")
    return value


def _use_canonical_name(node: Node) -> bool:
    word = node.args[0].lower()
    if word not in ("on", "off", "dns"):
        raise ValueProblem("parameter must be 'on', 'off', or 'dns'")
    return word != "off"


def _max_forwards(node: Node) -> int:
    value = maybe_integer(node.args[0])
    if value is None:
        raise ValueProblem(f"{node.name}: {node.args[0]!r} is not a number")
    return max(value, -1)


SERVER_SCALARS: Final[dict[str, tuple[str, Reader]]] = {
    "serveradmin": ("server_admin", text),
    "serverpath": ("server_path", text),
    "timeout": ("timeout_ms", number(0, factor=1000)),
    "keepalive": ("keepalive", switch()),
    "keepalivetimeout": ("keepalive_timeout_ms", time_ms("s")),
    "maxkeepaliverequests": ("max_keepalive_requests", number(0)),
    "limitrequestline": ("limit_request_line", _first_line),
    "limitrequestfields": ("limit_request_fields", _fields),
    "limitrequestfieldsize": ("limit_request_field_size", _first_line),
    "stricthostcheck": ("strict_host_check", switch()),
    "mergeslashes": ("merge_slashes", switch()),
    "allowencodedslashes": (
        "allow_encoded_slashes",
        choice(
            "AllowEncodedSlashes must be On, Off, or NoDecode", "On", "Off", "NoDecode"
        ),
    ),
    "traceenable": (
        "trace_enable",
        choice(
            "TraceEnable must be one of 'on', 'off', or 'extended'",
            "on",
            "off",
            "extended",
        ),
    ),
    "proxytimeout": (
        "proxy_timeout_ms",
        number(1, "Proxy Timeout must be at least 1 second.", factor=1000),
    ),
    "proxyvia": (
        "proxy_via",
        choice(
            "ProxyVia must be one of: off | on | full | block",
            "Off",
            "On",
            "Full",
            "Block",
        ),
    ),
    "proxyrequests": ("proxy_requests", switch()),
    "proxybadheader": (
        "proxy_bad_header",
        choice(
            "ProxyBadHeader must be one of: IsError | Ignore | StartBody",
            "IsError",
            "Ignore",
            "StartBody",
        ),
    ),
    "proxymaxforwards": ("proxy_max_forwards", _max_forwards),
    "proxypassinherit": ("proxy_pass_inherit", switch()),
    "balancerinherit": ("balancer_inherit", switch()),
    "proxyiobuffersize": (
        "proxy_io_buffer_bytes",
        number(0, "ProxyIOBufferSize must be >= 512 bytes, or 0 for system default."),
    ),
    "proxyreceivebuffersize": (
        "proxy_receive_buffer_bytes",
        number(
            0, "ProxyReceiveBufferSize must be >= 512 bytes, or 0 for system default."
        ),
    ),
    "proxysourceaddress": ("proxy_source_address", text),
    "errorlog": ("error_log", text),
}

DIR_SCALARS: Final[dict[str, tuple[str, Reader]]] = {
    "proxypreservehost": ("preserve_host", switch()),
    "proxyaddheaders": ("add_headers", switch()),
    "proxy100continue": ("expect_continue", switch()),
    "proxypassinterpolateenv": ("interpolate_env", switch()),
    "proxywebsocketfallbacktoproxyhttp": ("websocket_fallback", switch()),
    "redirectrelative": ("redirect_relative", switch()),
    "limitrequestbody": ("limit_request_body", _body_limit),
    "usecanonicalname": ("use_canonical_name", _use_canonical_name),
    "serversignature": (
        "server_signature",
        choice("ServerSignature: use one of: off | on | email", "On", "Off", "EMail"),
    ),
    "hostnamelookups": (
        "hostname_lookups",
        choice("parameter must be 'on', 'off', or 'double'", "On", "Off", "Double"),
    ),
    "authmerging": (
        "auth_merging",
        choice("AuthMerging must be one of: Off | And | Or", "Off", "And", "Or"),
    ),
}

PROCESS_NUMBERS: Final[dict[str, tuple[str, int, int]]] = {
    # directive: field, least, most
    "startservers": ("start_servers", 1, 20_000),
    "maxrequestworkers": ("max_request_workers", 1, INT_MAX),
    "maxclients": ("max_request_workers", 1, INT_MAX),
    "maxconnectionsperchild": ("max_connections_per_child", 0, INT_MAX),
    "maxrequestsperchild": ("max_connections_per_child", 0, INT_MAX),
    "listenbacklog": ("listen_backlog", 1, INT_MAX),
    "gracefulshutdowntimeout": ("graceful_shutdown_timeout_s", 0, INT_MAX),
    "listentcpdeferaccept": ("defer_accept_s", 0, INT_MAX),
    "sendbuffersize": ("send_buffer_bytes", 0, INT_MAX),
    "receivebuffersize": ("receive_buffer_bytes", 0, INT_MAX),
}

PROCESS_TEXTS: Final = {
    "user": "user",
    "group": "group",
    "pidfile": "pid_file",
    "defaultruntimedir": "runtime_dir",
}

_TOKENS: Final = {
    "full": "Full",
    "os": "OS",
    "min": "Min",
    "minimal": "Min",
    "minor": "Minor",
    "major": "Major",
    "prod": "Prod",
    "productonly": "Prod",
}


def _server_scalar(run: Run, place: Place, node: Node) -> None:
    field, reader = SERVER_SCALARS[node.name.lower()]
    try:
        value = reader(node)
    except ValueProblem as problem:
        run.report.error(node, "FB0201", str(problem))
        return
    place.server.settings = replace(place.server.settings, **{field: value})


def _dir_scalar(run: Run, place: Place, node: Node) -> None:
    field, reader = DIR_SCALARS[node.name.lower()]
    try:
        value = reader(node)
    except ValueProblem as problem:
        run.report.error(node, "FB0201", str(problem))
        return
    place.draft.conf = replace(place.draft.conf, **{field: value})


def _process_number(run: Run, _place: Place, node: Node) -> None:
    field, least, most = PROCESS_NUMBERS[node.name.lower()]
    try:
        run.process.numbers[field] = number(least, most=most)(node)
    except ValueProblem as problem:
        run.report.error(node, "FB0201", str(problem))


def _process_text(run: Run, _place: Place, node: Node) -> None:
    run.process.texts[PROCESS_TEXTS[node.name.lower()]] = node.args[0]


def _extended_status(run: Run, _place: Place, node: Node) -> None:
    value = maybe_switch(node.args[0])
    if value is None:
        run.report.error(node, "FB0201", "ExtendedStatus must be On or Off")
    else:
        run.process.extended_status = value


def _server_tokens(run: Run, _place: Place, node: Node) -> None:
    word = _TOKENS.get(node.args[0].lower())
    if word is None:
        run.report.error(
            node,
            "FB0201",
            "ServerTokens takes 1 argument: 'Prod(uctOnly)', 'Major', 'Minor',"
            " 'Min(imal)', 'OS', or 'Full'",
        )
    else:
        run.process.server_tokens = word


def _compat(run: Run, _place: Place, node: Node) -> None:
    word = node.args[0].lower()
    if word in ("apache", "better"):
        run.process.compat = Compat(word)
    else:
        run.report.error(node, "FB0201", "Compat must be one of: apache | better")


def _proxy_status(run: Run, place: Place, node: Node) -> None:
    word = node.args[0].lower()
    if word not in ("off", "on", "full"):
        run.report.error(node, "FB0201", "ProxyStatus must be one of: off | on | full")
        return
    place.server.settings = replace(place.server.settings, proxy_status=word != "off")


def _http_protocol_options(run: Run, place: Place, node: Node) -> None:
    changes: dict[str, Any] = {}
    for word in node.args:
        change = {
            "strict": ("strict", True),
            "unsafe": ("strict", False),
            "registeredmethods": ("registered_methods_only", True),
            "lenientmethods": ("registered_methods_only", False),
            "allow0.9": ("allow_http09", True),
            "require1.0": ("allow_http09", False),
        }.get(word.lower())
        if change is None:
            run.report.error(
                node,
                "FB0201",
                "HttpProtocolOptions accepts 'Unsafe' or 'Strict' (default),"
                " 'RegisteredMethods' or 'LenientMethods' (default), and"
                " 'Require1.0' or 'Allow0.9' (default)",
                word=word,
            )
            return
        changes[change[0]] = change[1]
    place.server.settings = replace(place.server.settings, **changes)


def _error_override(run: Run, place: Place, node: Node) -> None:
    value = maybe_switch(node.args[0])
    problem = ""
    codes: list[int] = []
    if value is None:
        problem = "ProxyErrorOverride first parameter must be one of: off | on"
    elif not value and len(node.args) > 1:
        problem = "ProxyErrorOverride: status codes must follow a value of 'on'"
    for word in node.args[1:]:
        code = maybe_integer(word)
        if code is None:
            problem = "ProxyErrorOverride: status codes to intercept must be numeric"
        elif not 400 <= code < 600:
            problem = (
                "ProxyErrorOverride: status codes to intercept must be valid HTTP"
                " Status Codes >=400 && <600"
            )
        else:
            codes.append(code)
    if problem:
        run.report.error(node, "FB0201", problem)
        return
    if value and not codes:
        codes = list(range(400, 600))
    place.draft.conf = replace(place.draft.conf, error_override=tuple(codes))


def absolute(run: Run, path: str) -> str:
    """A path of the configuration; relative ones are under ServerRoot."""
    return os.path.normpath(os.path.join(run.server_root, path))


def _handlers() -> dict[str, Handler]:
    table: dict[str, Handler] = dict.fromkeys(SERVER_SCALARS, _server_scalar)
    table.update(dict.fromkeys(DIR_SCALARS, _dir_scalar))
    table.update(dict.fromkeys(PROCESS_NUMBERS, _process_number))
    table.update(dict.fromkeys(PROCESS_TEXTS, _process_text))
    table.update(
        {
            "extendedstatus": _extended_status,
            "servertokens": _server_tokens,
            "compat": _compat,
            "proxystatus": _proxy_status,
            "httpprotocoloptions": _http_protocol_options,
            "proxyerroroverride": _error_override,
        }
    )
    return table


HANDLERS: Final = _handlers()
