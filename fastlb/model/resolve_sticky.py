"""Sessions by a cookie of the balancer's own: the secret, and names of members.

Servers that are to know each other's cookies, and one after its restart, have the same
secret (stickykey=) and the same names of members.
"""

from __future__ import annotations

import hashlib
from typing import Final

from fastlb.base.regular import open_regular
from fastlb.model.drafts import Drafts
from fastlb.model.report import Mistake
from fastlb.model.resolve_server import absolute
from fastlb.model.targets import Target

KEY_BYTES_MIN: Final = 16
KEY_BYTES_MAX: Final = 4096
_CURE: Final = (
    "write one with: openssl rand -hex 32 > FILE, and let nobody else read it"
)


def key_of(run: Drafts, path: str) -> str:
    """What is made of the file's bytes, in hex. Raises a Mistake."""
    word = f"stickykey={path}"
    try:
        with open_regular(absolute(run, path)) as file:
            data = file.read(KEY_BYTES_MAX + 1).strip()
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or str(problem)
        text = f"{word}: the file cannot be read"
        raise Mistake("FB0344", text, why=why, cure=_CURE, word=word) from None
    if not KEY_BYTES_MIN <= len(data) <= KEY_BYTES_MAX:
        raise Mistake(
            "FB0344",
            f"{word}: the file has {len(data)} bytes, and a secret"
            f" {KEY_BYTES_MIN} to {KEY_BYTES_MAX}",
            why="who guesses it can make cookies",
            cure=_CURE,
            word=word,
        )
    return hashlib.blake2b(data, digest_size=16, person=b"stickycookie").hexdigest()


def made_route(target: Target) -> str:
    """The route of a member that has none: where it is, which nobody reads in it.

    Without the scheme: ws:// and http:// to one place are one member to a session.
    """
    place = f"{target.host}:{target.port}{target.path} {target.unix_path or ''}"
    return hashlib.blake2b(place.encode(), digest_size=8).hexdigest()
