"""The client's side of AuthType Digest: what is said to a challenge (RFC 7616 3.4)."""

import hashlib
import re

PAIR = re.compile(r'(\w+)=(?:"((?:\\.|[^"\\])*)"|([^,]*))')
NONCES = re.compile(r'\b(nonce|nextnonce|opaque|rspauth|response)="[^"]*"')


def md5(*parts: str) -> str:
    return hashlib.md5(":".join(parts).encode("latin-1")).hexdigest()


def without_nonces(value: str) -> str:
    """A challenge, or an answer to one, without what is made anew each time."""
    return NONCES.sub(r'\1="<\1>"', value)


def challenge_of(text: str) -> dict[str, str]:
    """The parameters of a challenge."""
    found = PAIR.findall(text.partition(" ")[2])
    return {
        name: re.sub(r"\\(.)", r"\1", quoted) or bare for name, quoted, bare in found
    }


def authorization(
    challenge: dict[str, str],
    *,
    method: str,
    target: str,
    user: str,
    password: str,
    more: dict[str, str],
) -> str:
    """The field; more: what is said otherwise, and "" leaves it out."""
    said = {
        "username": user,
        "realm": challenge.get("realm", ""),
        "nonce": challenge.get("nonce", ""),
        "uri": target,
        "cnonce": "0a4f113b",
        "nc": "00000001",
        "qop": "auth",
        "opaque": challenge.get("opaque", ""),
        "algorithm": "MD5",
        **more,
    }
    proof = md5(
        md5(user, challenge.get("realm", ""), password),
        said["nonce"],
        said["nc"],
        said["cnonce"],
        said["qop"],
        md5(method, said["uri"]),
    )
    said.setdefault("response", proof)
    quoted = {name: re.sub(r'(["\\])', r"\\\1", value) for name, value in said.items()}
    bare = ("nc", "qop", "algorithm")
    return "Authorization: Digest " + ", ".join(
        f"{name}={value}" if name in bare else f'{name}="{value}"'
        for name, value in quoted.items()
        if value
    )
