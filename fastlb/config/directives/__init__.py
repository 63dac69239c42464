"""The declarations, one file per Apache module (or family of modules).

Each file has a constant DIRECTIVES, and MODULE, which is the module of those that name
none. Declarations are data: nothing here reads a
file or knows how a directive is served.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fastlb.config.directives import (
    access,
    alias,
    balancer,
    core,
    core_explained,
    hcheck,
    headers,
    log,
    mpm,
    others,
    own,
    proxy,
    remoteip,
    rewrite,
    sections,
    ssl,
    status,
)
from fastlb.config.registry import Directive

FILES = (
    core,
    core_explained,
    sections,
    mpm,
    proxy,
    balancer,
    hcheck,
    ssl,
    alias,
    headers,
    access,
    log,
    status,
    remoteip,
    rewrite,
    own,
    others,
)


def declarations() -> Iterator[Directive]:
    """Every declaration, in the order of the manual."""
    for file in FILES:
        for declared in file.DIRECTIVES:
            yield replace(declared, module=declared.module or file.MODULE)
