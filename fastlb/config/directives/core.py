"""Directives of the core and of mod_unixd's neighbours that serve requests."""

from __future__ import annotations

import re
from dataclasses import replace

from fastlb.base.errors import Severity
from fastlb.base.levels import LEVELS, Level
from fastlb.config import modules
from fastlb.config.checks import Choice, Duration, Integer, word_of
from fastlb.config.hosts import port_number, split_host_port
from fastlb.config.registry import (
    SV,
    SVD,
    Args,
    Complaint,
    Directive,
    Reader,
    Refused,
    S,
    Scope,
    Status,
    V,
)
from fastlb.config.suggest import nearest, only_nearest
from fastlb.facts.words import EncodedSlashes, NameLookups, Signature, Trace

MODULE = "core.c"
_LEVEL_WRONG = (
    "Log level keyword must be one of"
    " emerg/alert/crit/error/warn/notice/info/debug/trace1/.../trace8"
)
_HTTP = "clients are served with http/1.1"
_RECURSION_WRONG = "The recursion limit must be greater than zero."
_PROTOCOL_OPTIONS = {
    "Strict": ("strict", True),
    "Unsafe": ("strict", False),
    "RegisteredMethods": ("registered_methods_only", True),
    "LenientMethods": ("registered_methods_only", False),
    "Allow0.9": ("allow_http09", True),
    "Require1.0": ("allow_http09", False),
}


class _LogLevel(Reader):
    """[module:]level ...: a level alone takes back those of modules before it."""

    def read(self, name: str, words: tuple[str, ...]) -> dict[str, object]:
        said: dict[str, object] = {}
        of_modules: dict[str, Level] = {}
        for index, word in enumerate(words):
            module, colon, level = word.rpartition(":")
            if level.lower() not in LEVELS:
                best = nearest(level, LEVELS)
                prefix = f"{word}: " if colon else ""
                cure = f"did you mean {module}{colon}{best}?" if best else ""
                sure = only_nearest(level, LEVELS)
                complaint = Complaint(
                    prefix + _LEVEL_WRONG,
                    "",
                    cure,
                    word=index,
                    instead=sure and f"{module}{colon}{sure}",
                )
                raise Refused(complaint)
            if colon and not modules.is_known(module):
                best = nearest(module, modules.EMULATED)
                cure = f"did you mean {best}:{level}?" if best else ""
                text = f"Cannot find module {module}"
                raise Refused(Complaint(text, "", cure, word=index))
            if colon:
                of_modules[modules.base_name(module)] = Level[level.upper()]
            else:
                said["log_level"] = Level[level.upper()]
                of_modules.clear()
        return said | {"log_levels": tuple(of_modules.items())}


class _ProtocolOptions(Reader):
    def read(self, name: str, words: tuple[str, ...]) -> dict[str, bool]:
        known = {word.lower(): said for word, said in _PROTOCOL_OPTIONS.items()}
        for index, word in enumerate(words):
            if word.lower() not in known:
                best = nearest(word, tuple(_PROTOCOL_OPTIONS))
                complaint = Complaint(
                    "HttpProtocolOptions accepts 'Unsafe' or 'Strict' (default),"
                    " 'RegisteredMethods' or 'LenientMethods' (default), and"
                    " 'Require1.0' or 'Allow0.9' (default)",
                    f"'{word}' is none of them",
                    f"did you mean {best}?" if best else "",
                    word=index,
                    instead=only_nearest(word, _PROTOCOL_OPTIONS),
                )
                raise Refused(complaint)
        return dict(known[word.lower()] for word in words)


def _error_document(name: str, words: tuple[str, ...]) -> Complaint | None:
    if not re.fullmatch(r"[1-5][0-9][0-9]", words[0]):
        return Complaint(f"Unsupported HTTP response code {words[0]}")
    return None


def _recursion(name: str, words: tuple[str, ...]) -> Complaint | None:
    """LimitInternalRecursion n [n]."""
    for index, word in enumerate(words):
        found = Integer(1, None, _RECURSION_WRONG)(name, (word,))
        if found is not None:
            return replace(found, word=index)
    return None


class _ServerName(Reader):
    """[scheme://]name[:port]: Apache complains of the port, then of the whole."""

    def read(self, name: str, words: tuple[str, ...]) -> dict[str, str | int | None]:
        scheme, separator, rest = words[0].partition("://")
        if not separator:
            scheme, rest = "", words[0]
        _, colon, port = rest.rpartition("]")[2].rpartition(":")
        if colon and port_number(port) is None:
            text = f'The port number "{words[0]}" is outside the appropriate range'
            raise Refused(Complaint(f"{text} (i.e., 1..65535)."))
        parts = split_host_port(rest)
        if parts is None:
            text = f'Invalid ServerName "{words[0]}" to ServerName.'
            raise Refused(Complaint(text, number="FB0213"))
        host, port = parts
        if not host:  # a name of digits only is a name
            host, port = rest, ""
        return {
            "server_name": host,
            "server_scheme": scheme.lower() or None,
            "server_port": port_number(port),
        }


def _protocols(_name: str, words: tuple[str, ...]) -> Complaint | None:
    """Others than http/1.1; beside it, a client that may speak another need not."""
    spoken = "http/1.1" in (word.lower() for word in words)
    for index, word in enumerate(words):
        if word.lower() != "http/1.1":
            return Complaint(
                f"{word} is not supported: {_HTTP}",
                cure="leave it out; a server in front of fastlb may speak it",
                number="FB0117",
                severity=Severity.NOTE if spoken else Severity.WARNING,
                word=index,
            )
    return None


DIRECTIVES = (
    Directive(
        "ServerName",
        SV,
        "[scheme://]name[:port]",
        "the name by which a host is asked for",
        shown_default="the machine's name",
        manual=(
            "Decides which virtual host of an address serves a request, and the name"
            " in URLs that the server makes when UseCanonicalName is On."
        ),
        check=_ServerName(),
        sets=("server_name", "server_scheme", "server_port"),
    ),
    Directive(
        "ServerAlias",
        V,
        "name [name] ...",
        "more names of a virtual host, * and ? allowed",
        manual="* stands for any run of letters, dots included.",
        misplaced="ServerAlias only used in <VirtualHost>",
    ),
    Directive(
        "ServerPath",
        SV,
        "path",
        "path by which clients without a Host header reach a virtual host",
        sets="server_path",
    ),
    Directive(
        "ServerAdmin",
        SV,
        "address|URL",
        "whom error pages name",
        sets="server_admin",
    ),
    Directive(
        "ServerSignature",
        SVD,
        "On|Off|EMail",
        "the line at the foot of error pages",
        default="Off",
        check=word_of(Signature, "ServerSignature: use one of: off | on | email"),
        sets="server_signature",
    ),
    Directive(
        "ServerTokens",
        S,
        "Full|OS|Minimal|Minor|Major|Prod",
        "how much the Server header tells",
        default="Full",
        check=Choice(
            ("Full", "OS", "Min", "Minimal", "Minor", "Major", "Prod", "ProductOnly"),
            "ServerTokens takes 1 argument: 'Prod(uctOnly)', 'Major', 'Minor',"
            " 'Min(imal)', 'OS', or 'Full'",
            values=("Full", "OS", "Min", "Min", "Minor", "Major", "Prod", "Prod"),
        ),
        sets="server_tokens",
    ),
    Directive(
        "UseCanonicalName",
        SVD,
        "On|Off|DNS",
        "which name URLs made by the server carry",
        default="Off",
        check=Choice(
            ("On", "Off", "DNS"),
            "parameter must be 'on', 'off', or 'dns'",
            values=(True, False, True),
        ),
        sets="use_canonical_name",
    ),
    Directive(
        "UseCanonicalPhysicalPort",
        SVD,
        "On|Off",
        "whether the socket's port counts as the server's own",
        takes=Args.ONE,
        default="Off",
        manual=(
            "In URLs and pages that the server makes: before the port of ServerName,"
            " or behind it with UseCanonicalName On. A port that the client names in"
            " Host comes first unless UseCanonicalName is On."
        ),
        check=Choice(
            ("On", "Off"), "parameter must be 'on' or 'off'", values=(True, False)
        ),
        sets="use_canonical_physical_port",
    ),
    Directive(
        "StrictHostCheck",
        SV,
        "On|Off",
        "whether an unknown Host is answered with 400",
        default="Off",
        sets="strict_host_check",
    ),
    Directive(
        "Timeout",
        SV,
        "seconds",
        "how long to wait for the client, and for members without a time of their own",
        default="60",
        unit="s",
        differs=(
            "What is not a number is an error; Apache takes it as 0. Units are"
            " understood (500ms); Apache ignores what follows the number."
        ),
        check=Duration("s"),
        sets="timeout_ms",
    ),
    Directive(
        "KeepAlive",
        SV,
        "On|Off",
        "whether a client may send several requests over one connection",
        default="On",
        sets="keepalive",
    ),
    Directive(
        "KeepAliveTimeout",
        SV,
        "n[ms]",
        "how long to wait for the next request of a client",
        default="5",
        unit="s",
        manual=(
            "Until the next request names its host, the value of the first virtual"
            " host of the address holds."
        ),
        check=Duration("s", 0, "{name} has wrong format"),
        sets="keepalive_timeout_ms",
    ),
    Directive(
        "MaxKeepAliveRequests",
        SV,
        "n",
        "how many requests one connection may carry; 0 for any number",
        default="100",
        check=Integer(0),
        sets="max_keepalive_requests",
    ),
    Directive(
        "LimitRequestLine",
        SV,
        "bytes",
        "longest request line",
        default="8190",
        unit="bytes",
        check=Integer(0, None, '{name} "{word}" must be a non-negative integer'),
        sets="limit_request_line",
    ),
    Directive(
        "LimitRequestFields",
        SV,
        "n",
        "most header fields of a request; 0 for the built-in bound",
        default="100",
        check=Integer(
            0, None, '{name} "{word}" must be a non-negative integer (0 = no limit)'
        ),
        sets="limit_request_fields",
    ),
    Directive(
        "LimitRequestFieldSize",
        SV,
        "bytes",
        "longest header field of a request",
        default="8190",
        unit="bytes",
        check=Integer(
            0, None, 'LimitRequestFieldsize "{word}" must be a non-negative integer'
        ),
        sets="limit_request_field_size",
    ),
    Directive(
        "LimitRequestBody",
        SVD,
        "bytes",
        "largest request body; 0 for any size",
        default="1073741824",
        unit="bytes",
        check=Integer(0, None, "{name} requires a non-negative integer."),
        sets="limit_request_body",
    ),
    Directive(
        "LimitInternalRecursion",
        SV,
        "n [n]",
        "how often error documents may lead to one another",
        default="10",
        check=_recursion,
        status=Status.EXPLAINED,
        reason=(
            "an error document is the only internal redirect, and its own errors lead"
            " to no other one"
        ),
    ),
    Directive(
        "HttpProtocolOptions",
        SV,
        "[Strict|Unsafe] [RegisteredMethods|LenientMethods] [Allow0.9|Require1.0]",
        "how strictly requests are read",
        takes=Args.LIST,
        default="Strict LenientMethods Allow0.9",
        check=_ProtocolOptions(),
        differs=(
            "HTTP/0.9 is answered with 400, and versions other than 1.0 and 1.1 with"
            " 505, unless Compat apache is set."
        ),
        sets=("strict", "registered_methods_only", "allow_http09"),
    ),
    Directive(
        "RegisterHttpMethod",
        S,
        "method [method] ...",
        "methods that RegisteredMethods and Require method know besides HTTP's own",
    ),
    Directive(
        "Protocols",
        SV,
        "protocol [protocol] ...",
        "protocols that clients may use",
        status=Status.EXPLAINED,
        default="http/1.1",
        reason=_HTTP,
        check=_protocols,
        silent=True,
    ),
    Directive(
        "ProtocolsHonorOrder",
        SV,
        "On|Off",
        "whether the server's order of Protocols counts",
        takes=Args.ONE,
        status=Status.EXPLAINED,
        default="On",
        reason="there is one protocol, http/1.1, so their order changes nothing",
    ),
    Directive(
        "TraceEnable",
        SV,
        "on|off|extended",
        "how TRACE requests are answered",
        default="on",
        check=word_of(Trace, "TraceEnable must be one of 'on', 'off', or 'extended'"),
        sets="trace_enable",
    ),
    Directive(
        "AllowEncodedSlashes",
        SV,
        "On|Off|NoDecode",
        "what happens to %2F in a path",
        default="Off",
        check=word_of(
            EncodedSlashes, "AllowEncodedSlashes must be On, Off, or NoDecode"
        ),
        sets="allow_encoded_slashes",
    ),
    Directive(
        "MergeSlashes",
        SV,
        "On|Off",
        "whether // in a path counts as / when it is matched",
        default="On",
        sets="merge_slashes",
    ),
    Directive(
        "MergeTrailers",
        SV,
        "On|Off",
        "whether trailers of a request are fields of its head, too",
        default="Off",
        manual=(
            "Logs, and rules for the answer, find them as fields of the request then,"
            " but for those that are not passed on either (ProxyPassTrailers)."
            " A member has got the head before, so it gets them as trailers or not at"
            " all."
        ),
        sets="merge_trailers",
    ),
    Directive(
        "HostnameLookups",
        SVD,
        "On|Off|Double",
        "whether clients' names are looked up for logs",
        default="Off",
        manual=(
            "%h is then the client's name, with Double only if that name leads back to"
            " the address. Names are looked up beside the requests: nobody waits for a"
            " name server but the log's line, for five seconds at most; then it has the"
            " address. A name is kept for a minute. Rules see addresses: SetEnvIf"
            " Remote_Host does not look names up, and Require host always does."
        ),
        check=word_of(NameLookups, "parameter must be 'on', 'off', or 'double'"),
        sets="hostname_lookups",
    ),
    Directive(
        "ErrorDocument",
        SVD,
        "code text|path|URL|default",
        "a status and what to answer with it",
        manual=(
            "Text in quotes is sent as it is; a path is requested internally; an"
            " absolute URL is answered as a redirect; default is the canned page. All"
            " of them may have %{...}, as expressions have it."
        ),
        check=_error_document,
    ),
    Directive(
        "ErrorLog",
        SV,
        'file|"|command"|syslog[:facility[:tag]]',
        "where errors are written",
        default="logs/error_log",
        sets="error_log",
    ),
    Directive(
        "ErrorLogFormat",
        SV,
        "[connection|request] format",
        "form of a line in the error log, or of one that goes before the first",
        manual=(
            "Letters and flags are Apache's (docs/logs.md). A virtual host takes each"
            " of the three kinds from the main server where it has none of its own."
        ),
        differs="%F is empty; %T is the number that the system gives a thread.",
    ),
    Directive(
        "LogLevel",
        SVD,
        "[module:]level ...",
        "how much the error log tells",
        default="warn",
        check=_LogLevel(),
        sets=("log_level", "log_levels"),
        scope=Scope.SERVER,
    ),
    Directive(
        "SetHandler",
        SVD,
        "name|none|proxy:url",
        "who answers: server-status, metrics, server-info, none, proxy:URL",
        manual=(
            "metrics is ours: what the server counts, for Prometheus."
            ' What ProxyPass takes it does not get. "%{...}" is an expression\'s text.'
            " With proxy: a member is asked for the file that the path would name:"
            " DocumentRoot, and the path as far as it exists, with one part more; use"
            " ProxyPass in the section where that is not meant. scheme, host and port"
            " are to be written out, and <Proxy> sections do not hold there."
        ),
    ),
    Directive(
        "DefaultRuntimeDir",
        S,
        "directory",
        "where run-time files are, unless they name a place",
        default="logs",
        manual="Base of the pid file and of hb.dat.",
        sets="runtime_dir",
    ),
)
