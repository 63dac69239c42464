"""The controller: who answers balancer-manager, balancer-api, server-status and
metrics, for all workers: pages that change something, and those that take their time.

Workers pass such requests on, as to any application at a socket (SCGI). That one has a
name that no file has (unix(7), abstract), so that no directory need let workers in; the
controller looks which account connects. An operator's command speaks HTTP to another
socket, which lies beside the pid file.
"""

from __future__ import annotations

import secrets
from hashlib import blake2b
from typing import Final

READERS: Final = ("server-status", "metrics")
"""Of SetHandler: those that only tell something."""

HANDLERS: Final = (*READERS, "balancer-manager", "balancer-api")
"""Of SetHandler: those that the controller answers."""

_pages_path = f"/fastlb-{secrets.token_hex(16)}"  # nobody can take it before

SUN_PATH_BYTES: Final = 108
"""unix(7)"""

CONTROL_SUFFIX: Final = ".control"
"""Behind PidFile: the socket of `fastlb ctl`, where no ControlSocket names another."""

PAGES: Final = "pages"
CONTROL: Final = "control"
"""The two doors, by the names that they are handed on with."""

HOST: Final = "fastlb-controller"
"""In the URL of the member that stands for the controller."""


def pages_path() -> str:
    """The name of the workers' socket: of this process and those that it forks."""
    return _pages_path


def adopt_pages_path(path: str) -> None:
    """That of the program before, whose workers still ask there. Before any model is
    made: members have it in their URLs."""
    global _pages_path
    _pages_path = path


def target() -> str:
    """Where its pages are asked for: scheme and authority of a member."""
    return f"unix:{_pages_path}|scgi://{HOST}"


def host_word(index: int, vhost_id: str) -> str:
    """By which a page is asked for, for a host: a worker that drains after a reload
    asks who has another model, in which that index may be another host's."""
    key = blake2b(vhost_id.encode("utf-8", "surrogateescape"), digest_size=8)
    return f"{index}-{key.hexdigest()}"


def abstract_name(path: str) -> bytes:
    """The name to bind and to connect to: all of sun_path counts."""
    return b"\0" + path[1:].encode("latin-1").ljust(SUN_PATH_BYTES - 1, b"\0")
