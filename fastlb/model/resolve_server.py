"""Scalar directives: of the process, of a server, and of a section.

Each is one row of a table: which field it sets, and how its word is read. The words
were checked by the registry; merging is the business of `merge.py`.
"""

from __future__ import annotations

import os.path
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from fastlb.config import units
from fastlb.config.lexer import filesystem_path
from fastlb.config.tree import Node
from fastlb.facts.server import Compat
from fastlb.facts.vhost import ReadLimit
from fastlb.model.drafts import Handler, Place, Run

# What a reader returns goes into a field of its own type by `replace`, which knows
# the names only at run time: hence Any.
Reader = Callable[[str], Any]


def seconds_as_ms(word: str) -> int:
    """A time, in seconds unless a unit stands behind it."""
    return units.duration_ms(word, "s")


def one_of(*spellings: str) -> Reader:
    """One of the words in any case; the value is the spelling given here."""
    table = {word.lower(): word for word in spellings}
    return lambda word: table[word.lower()]


def is_canonical(word: str) -> bool:
    """UseCanonicalName: DNS is taken as On."""
    return word.lower() != "off"


def is_shown(word: str) -> bool:
    """ProxyStatus: Full is taken as On."""
    return word.lower() != "off"


SERVER_SCALARS: Final[dict[str, tuple[str, Reader]]] = {
    "serveradmin": ("server_admin", str),
    "serverpath": ("server_path", str),
    "timeout": ("timeout_ms", seconds_as_ms),
    "keepalive": ("keepalive", units.flag),
    "keepalivetimeout": ("keepalive_timeout_ms", seconds_as_ms),
    "maxkeepaliverequests": ("max_keepalive_requests", units.integer),
    "limitrequestline": ("limit_request_line", units.integer),
    "limitrequestfields": ("limit_request_fields", units.integer),
    "limitrequestfieldsize": ("limit_request_field_size", units.integer),
    "stricthostcheck": ("strict_host_check", units.flag),
    "mergeslashes": ("merge_slashes", units.flag),
    "allowencodedslashes": ("allow_encoded_slashes", one_of("On", "Off", "NoDecode")),
    "traceenable": ("trace_enable", one_of("on", "off", "extended")),
    "proxytimeout": ("proxy_timeout_ms", seconds_as_ms),
    "proxyvia": ("proxy_via", one_of("Off", "On", "Full", "Block")),
    "proxyrequests": ("proxy_requests", units.flag),
    "proxybadheader": ("proxy_bad_header", one_of("IsError", "Ignore", "StartBody")),
    "proxymaxforwards": ("proxy_max_forwards", units.integer),
    "proxystatus": ("proxy_status", is_shown),
    "proxypassinherit": ("proxy_pass_inherit", units.flag),
    "balancerinherit": ("balancer_inherit", units.flag),
    "proxyiobuffersize": ("proxy_io_buffer_bytes", units.integer),
    "proxyreceivebuffersize": ("proxy_receive_buffer_bytes", units.integer),
    "proxywebsocketidletimeout": ("websocket_idle_ms", seconds_as_ms),
    "proxysourceaddress": ("proxy_source_address", str),
    "errorlog": ("error_log", str),
}

DIR_SCALARS: Final[dict[str, tuple[str, Reader]]] = {
    "proxypreservehost": ("preserve_host", units.flag),
    "proxyaddheaders": ("add_headers", units.flag),
    "proxy100continue": ("expect_continue", units.flag),
    "proxypassinterpolateenv": ("interpolate_env", units.flag),
    "proxywebsocketfallbacktoproxyhttp": ("websocket_fallback", units.flag),
    "redirectrelative": ("redirect_relative", units.flag),
    "limitrequestbody": ("limit_request_body", units.integer),
    "usecanonicalname": ("use_canonical_name", is_canonical),
    "usecanonicalphysicalport": ("use_canonical_physical_port", units.flag),
    "logiotrackttfb": ("track_first_byte", units.flag),
    "serversignature": ("server_signature", one_of("On", "Off", "EMail")),
    "hostnamelookups": ("hostname_lookups", one_of("On", "Off", "Double")),
    "authmerging": ("auth_merging", one_of("Off", "And", "Or")),
}

PROCESS_NUMBERS: Final = {
    "startservers": "start_servers",
    "maxrequestworkers": "max_request_workers",
    "maxclients": "max_request_workers",
    "maxclientconnections": "max_client_connections",
    "maxtunnelservers": "max_tunnel_servers",
    "maxconnectionsperchild": "max_connections_per_child",
    "maxrequestsperchild": "max_connections_per_child",
    "listenbacklog": "listen_backlog",
    "gracefulshutdowntimeout": "graceful_shutdown_timeout_s",
    "listentcpdeferaccept": "defer_accept_s",
    "sendbuffersize": "send_buffer_bytes",
    "receivebuffersize": "receive_buffer_bytes",
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

_PROTOCOL_OPTIONS: Final[dict[str, tuple[str, bool]]] = {
    "strict": ("strict", True),
    "unsafe": ("strict", False),
    "registeredmethods": ("registered_methods_only", True),
    "lenientmethods": ("registered_methods_only", False),
    "allow0.9": ("allow_http09", True),
    "require1.0": ("allow_http09", False),
}

ALL_ERRORS: Final = tuple(range(400, 600))


def _server_scalar(_run: Run, place: Place, node: Node) -> None:
    field, reader = SERVER_SCALARS[node.name.lower()]
    changes: dict[str, Any] = {field: reader(node.args[0])}
    place.server.settings = replace(place.server.settings, **changes)


def _proxy_requests(run: Run, place: Place, node: Node) -> None:
    _server_scalar(run, place, node)
    place.server.forward = node


def _dir_scalar(_run: Run, place: Place, node: Node) -> None:
    field, reader = DIR_SCALARS[node.name.lower()]
    changes: dict[str, Any] = {field: reader(node.args[0])}
    place.draft.conf = replace(place.draft.conf, **changes)


def _process_number(run: Run, _place: Place, node: Node) -> None:
    run.process.numbers[PROCESS_NUMBERS[node.name.lower()]] = units.integer(
        node.args[0]
    )


def _async_factor(run: Run, _place: Place, node: Node) -> None:
    # Apache keeps it so, and takes less than 1 for 1.
    run.process.numbers["async_factor"] = max(int(float(node.args[0]) * 16), 16)


def read_limit(value: str) -> ReadLimit:
    """`t[-max][,MinRate=r]` of RequestReadTimeout, checked by the registry."""
    times, _, rate = value.lower().partition(",minrate=")
    first, _, most = times.partition("-")
    return ReadLimit(int(first), int(most or 0), int(rate or 0))


def _request_read_timeout(_run: Run, place: Place, node: Node) -> None:
    changes: dict[str, Any] = {}
    for word in node.args:
        stage, _, value = word.partition("=")
        changes[f"read_{stage.lower()}"] = read_limit(value)
    place.server.settings = replace(place.server.settings, **changes)


def _process_text(run: Run, _place: Place, node: Node) -> None:
    run.process.texts[PROCESS_TEXTS[node.name.lower()]] = node.args[0]


def _document_root(run: Run, place: Place, node: Node) -> None:
    if place.server.is_main and place.section is None:
        run.process.texts["document_root"] = node.args[0]


def _extended_status(run: Run, _place: Place, node: Node) -> None:
    run.process.extended_status = units.flag(node.args[0])


def _server_tokens(run: Run, _place: Place, node: Node) -> None:
    run.process.server_tokens = _TOKENS[node.args[0].lower()]


def _compat(run: Run, _place: Place, node: Node) -> None:
    run.process.compat = Compat(node.args[0].lower())


def _register_http_method(run: Run, _place: Place, node: Node) -> None:
    known = run.process.methods
    known.extend(word for word in node.args if word not in known)


def _http_protocol_options(_run: Run, place: Place, node: Node) -> None:
    changes: dict[str, Any] = dict(
        _PROTOCOL_OPTIONS[word.lower()] for word in node.args
    )
    place.server.settings = replace(place.server.settings, **changes)


def _error_override(_run: Run, place: Place, node: Node) -> None:
    codes = tuple(units.integer(word) for word in node.args[1:])
    if not units.flag(node.args[0]):
        codes = ()
    elif not codes:
        codes = ALL_ERRORS
    place.draft.conf = replace(place.draft.conf, error_override=codes)


def absolute(run: Run, path: str) -> str:
    """A path of the configuration on this system; relative ones under ServerRoot."""
    return filesystem_path(os.path.normpath(os.path.join(run.server_root, path)))


def _handlers() -> dict[str, Handler]:
    table: dict[str, Handler] = dict.fromkeys(SERVER_SCALARS, _server_scalar)
    table.update(dict.fromkeys(DIR_SCALARS, _dir_scalar))
    table.update(dict.fromkeys(PROCESS_NUMBERS, _process_number))
    table.update(dict.fromkeys(PROCESS_TEXTS, _process_text))
    table.update(
        {
            "asyncrequestworkerfactor": _async_factor,
            "requestreadtimeout": _request_read_timeout,
            "documentroot": _document_root,
            "extendedstatus": _extended_status,
            "servertokens": _server_tokens,
            "compat": _compat,
            "httpprotocoloptions": _http_protocol_options,
            "registerhttpmethod": _register_http_method,
            "proxyerroroverride": _error_override,
            "proxyrequests": _proxy_requests,
        }
    )
    return table


HANDLERS: Final = _handlers()
