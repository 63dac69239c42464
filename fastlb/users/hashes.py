"""Is that the password? The formats of htpasswd.

    $2y$ $2a$ $2b$   bcrypt              the package bcrypt
    $apr1$           Apache's MD5        libpass
    {SHA}            SHA-1 in base64     hashlib
    all else         crypt(3)            the system's libcrypt, as httpd; else libpass

bcrypt and libcrypt give the interpreter free while they count. Everything here blocks.
"""

from __future__ import annotations

import base64
import ctypes
import ctypes.util
import hashlib
import hmac
import re
import threading
from collections.abc import Callable
from typing import Any, Final

import bcrypt
from passlib.hash import (
    apr_md5_crypt,
    des_crypt,
    md5_crypt,
    sha256_crypt,
    sha512_crypt,
)

BCRYPT_BYTES: Final = 72  # of a password; what follows never counted
CRYPT_DATA_BYTES: Final = 1 << 18  # struct crypt_data: 131232 of glibc, the largest


def matches(password: bytes, stored: bytes) -> bool:
    """stored: what stands behind the colon. False for a form that nobody knows."""
    if b"\0" in password or b"\0" in stored:
        return False
    if stored.startswith(b"$apr1$"):
        return _by_libpass(password, stored, (apr_md5_crypt,))
    if stored.startswith((b"$2y$", b"$2a$", b"$2b$")):
        try:
            return bcrypt.checkpw(password[:BCRYPT_BYTES], stored)
        except ValueError:
            return False
    if stored.startswith(b"{SHA}"):
        found = base64.b64encode(hashlib.sha1(password).digest())
        return hmac.compare_digest(found, stored[5:])
    return CRYPT(password, stored)


def is_known(stored: bytes) -> bool:
    """Has it one of the forms? A clear password has none, most often."""
    if stored.startswith((b"$apr1$", b"$2y$", b"$2a$", b"$2b$", b"{SHA}")):
        return True
    # crypt(3): "$id$...", "_...", or 13 letters of DES
    return (
        stored.startswith((b"$", b"_"))
        or re.fullmatch(rb"[./0-9A-Za-z]{13}", stored) is not None
    )


def is_digest(stored: bytes) -> bool:
    """Of htdigest: the MD5 of user, realm and password."""
    return re.fullmatch(rb"[0-9a-fA-F]{32}", stored) is not None


def _by_libpass(password: bytes, stored: bytes, kinds: tuple[Any, ...]) -> bool:
    text = stored.decode("ascii", "replace")
    for kind in kinds:
        if kind.identify(text):
            try:
                return bool(kind.verify(password, text))
            except ValueError:
                return False
    return False


def crypt_of_system() -> Callable[[bytes, bytes], bool] | None:
    """crypt_r(3); None: there is no such library."""
    name = ctypes.util.find_library("crypt")
    try:
        function = ctypes.CDLL(name).crypt_r if name else None
    except (OSError, AttributeError):
        return None
    if function is None:
        return None
    function.restype = ctypes.c_char_p
    function.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)
    rooms = threading.local()

    def check(password: bytes, stored: bytes) -> bool:
        if not hasattr(rooms, "room"):
            rooms.room = ctypes.create_string_buffer(CRYPT_DATA_BYTES)
        found = function(password, stored, rooms.room)
        # "*0" says that it failed
        return bool(
            found and not found.startswith(b"*") and hmac.compare_digest(found, stored)
        )

    return check


def crypt_of_libpass(password: bytes, stored: bytes) -> bool:
    """The same where there is no libcrypt."""
    kinds = (sha512_crypt, sha256_crypt, md5_crypt, des_crypt)
    return _by_libpass(password, stored, kinds)


CRYPT: Final = crypt_of_system() or crypt_of_libpass
