"""Apache's modules, and what fastlb makes of each.

A module has two names: the identifier of LoadModule (`proxy_module`) and its file
(`mod_proxy.c`); `<IfModule>` takes both. Names here are without prefix and suffix.
"""

from __future__ import annotations

import enum

from fastlb.base.errors import Severity
from fastlb.config.registry import Complaint

# Always there, in Apache as here: `-l`, `-M` as (static).
BUILT_IN = ("core", "so", "watchdog", "http", "log_config", "logio", "version", "unixd")

# What fastlb serves; `<IfModule>` is true with or without LoadModule.
EMULATED = (
    *BUILT_IN,
    "env",
    "headers",
    "setenvif",
    "alias",
    "dir",
    "status",
    "ssl",
    "socache_shmcb",
    "slotmem_shm",
    "proxy",
    "proxy_http",
    "proxy_balancer",
    "proxy_hcheck",
    "proxy_wstunnel",
    "proxy_ajp",
    "proxy_fcgi",
    "proxy_scgi",
    "proxy_uwsgi",
    "proxy_connect",
    "lbmethod_byrequests",
    "lbmethod_bytraffic",
    "lbmethod_bybusyness",
    "lbmethod_heartbeat",
    "heartmonitor",
    "remoteip",
    "reqtimeout",
    "rewrite",
    "authz_core",
    "authz_host",
    "authz_user",
    "authz_groupfile",
    "authz_dbm",
    "authn_core",
    "authn_file",
    "authn_anon",
    "authn_dbm",
    "auth_basic",
    "auth_digest",
    "authnz_ldap",
    "ldap",
    "allowmethods",
    "macro",
    "access_compat",
    "unique_id",
    "filter",
    "deflate",
    "mime",
    "autoindex",
    "expires",
    "brotli",
    "substitute",
    "proxy_html",
    "ratelimit",
)

# One of them answers <IfModule>: the one that LoadModule names, else the first.
PROCESS_MODELS = ("mpm_prefork", "mpm_worker", "mpm_event")

# Known, not there, harmless without their directives.
_OUT_OF_SCOPE = """
actions asis auth_form
authn_dbd authn_socache authnz_fcgi authz_dbd
authz_owner bucketeer buffer
cache cache_disk cache_socache case_filter case_filter_in cern_meta cgi cgid
charset_lite data dav dav_fs dav_lock dbd dialup dumpio echo
ext_filter file_cache heartbeat http2 ident imagemap include info
log_debug log_forensic lua md mime_magic negotiation optional_fn
proxy_express proxy_fdpass proxy_ftp proxy_http2
reflector request sed session session_cookie
session_crypto session_dbd slotmem_plain socache_dbm socache_dc socache_memcache
socache_redis speling suexec systemd tls userdir usertrack vhost_alias
xml2enc perl php php5 php7 python wsgi fcgid xsendfile auth_openidc auth_mellon
auth_kerb auth_gssapi
"""
OUT_OF_SCOPE = frozenset(_OUT_OF_SCOPE.split())

# Not there, and a server without them would route or protect otherwise.
_ROUTES_OR_PROTECTS = """
jk proxy_cluster cluster_slotmem manager advertise security2 evasive evasive20
evasive24 qos
"""
ROUTES_OR_PROTECTS = frozenset(_ROUTES_OR_PROTECTS.split())

# Static modules have file names of their own.
_FILE_NAMES = {
    "core": "core.c",
    "http": "http_core.c",
    "mpm_prefork": "prefork.c",
    "mpm_worker": "worker.c",
    "mpm_event": "event.c",
    "ldap": "util_ldap.c",
}


class Verdict(enum.Enum):
    """What LoadModule of an identifier means."""

    SERVED = "served"
    OUT_OF_SCOPE = "out of scope"
    REFUSED = "refused"
    UNKNOWN = "unknown"


def verdict(identifier: str) -> Verdict:
    """Of `x_module` as LoadModule names it."""
    name = identifier.removesuffix("_module")
    if name in EMULATED or name in PROCESS_MODELS:
        return Verdict.SERVED
    if name in OUT_OF_SCOPE:
        return Verdict.OUT_OF_SCOPE
    if name in ROUTES_OR_PROTECTS:
        return Verdict.REFUSED
    return Verdict.UNKNOWN


def load_complaint(identifier: str, path: str) -> Complaint | None:
    """What there is to say about `LoadModule identifier path`."""
    name = identifier.removesuffix("_module")
    kind = verdict(identifier)
    if kind is Verdict.OUT_OF_SCOPE:
        return Complaint(
            f"mod_{name} is not part of fastlb",
            "its directives are refused, or taken and explained, each at its place",
            number="FB0112",
            severity=Severity.NOTE,
            about=f"mod_{name}",
        )
    if kind is Verdict.REFUSED:
        return Complaint(
            f"mod_{name} routes or protects requests, and fastlb does not have it",
            "a server without it would do something else than this file says",
            "delete the line when another server does its work",
            "FB0115",
        )
    if kind is Verdict.UNKNOWN:
        return Complaint(
            f"{identifier} ({path}) is not a module that fastlb knows",
            "nothing is loaded, and its directives are refused",
            number="FB0114",
            severity=Severity.WARNING,
        )
    return None


def base_name(written: str) -> str:
    """`mod_proxy.c`, `proxy_module` and `mod_proxy.cpp` as `proxy`."""
    for name, file in _FILE_NAMES.items():
        if written == file:
            return name
    if written.endswith("_module"):
        return written.removesuffix("_module")
    return written.removeprefix("mod_").removesuffix(".c")


def is_known(written: str) -> bool:
    """Whether LogLevel may name it: `proxy`, `proxy_module` or `mod_proxy.c`."""
    name = base_name(written)
    return name in EMULATED or name in PROCESS_MODELS or name in OUT_OF_SCOPE


def is_there(written: str, loaded: tuple[str, ...]) -> bool:
    """Whether <IfModule written> is true; loaded: identifiers of LoadModule so far.

    What LoadModule names is there for httpd, so what stands in its <IfModule> is read:
    each directive is served, refused or explained at its place, and none vanishes.
    """
    name = base_name(written)
    if name in PROCESS_MODELS:
        return name == process_model(loaded)
    return name in EMULATED or f"{name}_module" in loaded


def is_unloaded(written: str, loaded: tuple[str, ...]) -> bool:
    """Whether <IfModule written> is false only because no LoadModule names it."""
    name = base_name(written)
    known = name in OUT_OF_SCOPE or name in ROUTES_OR_PROTECTS
    return known and not is_there(written, loaded)


def process_model(loaded: tuple[str, ...]) -> str:
    """The process model that counts as loaded."""
    named = [item.removesuffix("_module") for item in loaded]
    chosen = [name for name in named if name in PROCESS_MODELS]
    return chosen[-1] if chosen else PROCESS_MODELS[0]
