"""The declarations, one file per Apache module (or family of modules).

Each file has a constant DIRECTIVES, and MODULE, which is the module of those that name
none. Declarations are data: nothing here reads a
file or knows how a directive is served.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from fastlb.config.directives import (
    access,
    alias,
    auth_digest,
    auth_ldap,
    balancer,
    core,
    core_explained,
    files,
    filters,
    gateways,
    hcheck,
    headers,
    html,
    labels,
    listing,
    log,
    mpm,
    names,
    others,
    own,
    proxy,
    remoteip,
    rewrite,
    sections,
    ssl,
    status,
    tracing,
)
from fastlb.config.registry import Directive

FILES = (
    core,
    core_explained,
    files,
    sections,
    mpm,
    proxy,
    gateways,
    balancer,
    hcheck,
    ssl,
    alias,
    headers,
    labels,
    listing,
    access,
    auth_digest,
    auth_ldap,
    log,
    status,
    filters,
    html,
    remoteip,
    rewrite,
    own,
    tracing,
    names,
    others,
)


@cache
def declarations() -> tuple[Directive, ...]:
    """Every declaration, in the order of the manual."""
    return tuple(
        replace(declared, module=declared.module or file.MODULE)
        for file in FILES
        for declared in file.DIRECTIVES
    )
