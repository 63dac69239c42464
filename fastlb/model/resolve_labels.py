"""What is said of answers by mod_mime and mod_expires, and the file of types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Final

from fastlb.config.directives.labels import expiry_of
from fastlb.config.tree import Node
from fastlb.facts.labels import Expires, Mime, MimeField, table_of_types
from fastlb.facts.mime_table import EXTENSION_MAX, VALUE_MAX
from fastlb.facts.vhost import VHost, every_conf
from fastlb.model.drafts import Drafts, Handler, Place
from fastlb.model.resolve_server import absolute

DEFAULT_FILES: Final = ("conf/mime.types", "/etc/mime.types")
BYTES_MAX: Final = 4 << 20
"""Of a file of types; a Debian one has 72 KiB."""

_LOADS: Final = "mime_module"


def _mime(place: Place) -> Mime:
    """What is said so far, but for `types`."""
    said: Mime | None = place.draft.said.get("mime")
    return said or Mime()


def _extension(word: str) -> str:
    return word.removeprefix(".").lower()


def _add(_run: Drafts, place: Place, node: Node) -> None:
    """AddType, AddCharset, AddEncoding, AddLanguage."""
    field = MimeField(node.name[3:].lower())
    value = node.args[0].lower()
    for word in node.args[1:]:
        place.draft.types[_extension(word), field] = value
    place.draft.say(mime=replace(_mime(place)))


def _remove(_run: Drafts, place: Place, node: Node) -> None:
    """RemoveCharset, RemoveEncoding, RemoveLanguage, RemoveType."""
    field = MimeField(node.name[6:].lower())
    keys = [(_extension(word), field) for word in node.args]
    if field is MimeField.TYPE:
        place.draft.types |= dict.fromkeys(keys, "")
        place.draft.say(mime=replace(_mime(place)))
    else:
        removed = _mime(place).removed | frozenset(keys)
        place.draft.say(mime=replace(_mime(place), removed=removed))


def _default_language(_run: Drafts, place: Place, node: Node) -> None:
    place.draft.say(mime=replace(_mime(place), default_language=node.args[0]))


def _use_path_info(_run: Drafts, place: Place, node: Node) -> None:
    said = node.args[0].lower() == "on"
    place.draft.say(mime=replace(_mime(place), use_path_info=said))


def _types_config(run: Drafts, place: Place, node: Node) -> None:
    """Of a virtual host it says nothing, as in httpd."""
    if place.server.is_main:
        run.types_config = node


def _expires(place: Place) -> Expires:
    return place.draft.conf.expires or Expires()


def _expires_active(_run: Drafts, place: Place, node: Node) -> None:
    said = node.args[0].lower() == "on"
    place.draft.say(expires=replace(_expires(place), active=said))


def _expires_default(_run: Drafts, place: Place, node: Node) -> None:
    said = replace(_expires(place), default=expiry_of(node.args[0]))
    place.draft.say(expires=said)


def _expires_by_type(_run: Drafts, place: Place, node: Node) -> None:
    kind, code = node.args
    said = {**dict(_expires(place).by_type), kind.lower(): expiry_of(code)}
    expires = replace(_expires(place), by_type=tuple(said.items()))
    place.draft.say(expires=expires)


def members_have_types(run: Drafts, vhosts: Iterable[VHost]) -> bool:
    """Whether the file of types says something of members' answers, too: where httpd
    would have to load mod_mime for this configuration."""
    return (
        run.types_config is not None
        or _LOADS in run.modules
        or any(conf.mime for vhost in vhosts for conf in every_conf(vhost))
    )


def packed_types(run: Drafts) -> bytes:
    """What the file says that TypesConfig names, as the core looks into it."""
    node = run.types_config
    names = list(DEFAULT_FILES)
    if node is not None:
        names.insert(0, node.args[0])
    for name in names:
        try:
            with open(absolute(run, name), "rb") as file:
                text = file.read(BYTES_MAX + 1)
        except OSError as problem:
            if node is None or name != node.args[0]:
                continue
            run.report.warn(
                node,
                "FB0340",
                f"AH01597: could not open mime types config file"
                f" {absolute(run, name)}: {problem.strerror}",
                why="httpd does not start then; here the usual file is read",
                word=name,
            )
            continue
        return _packed(text[:BYTES_MAX])
    return _packed(b"")


@lru_cache(maxsize=2)
def _packed(text: bytes) -> bytes:
    """A reload hardly ever finds another text."""
    return table_of_types(dict(_types(text.decode("latin-1"))))


def _types(text: str) -> Iterator[tuple[str, str]]:
    for line in text.split("\n"):
        words = line.split()
        if line.startswith("#") or not words or len(words[0]) > VALUE_MAX:
            continue
        for word in words[1:]:
            if len(word) <= EXTENSION_MAX:
                yield word.lower(), words[0]


HANDLERS: Final[dict[str, Handler]] = {
    **{f"add{kind}": _add for kind in ("type", "charset", "encoding", "language")},
    **{f"remove{k}": _remove for k in ("type", "charset", "encoding", "language")},
    "defaultlanguage": _default_language,
    "modmimeusepathinfo": _use_path_info,
    "typesconfig": _types_config,
    "addhandler": _add,
    "removehandler": _remove,
    "expiresactive": _expires_active,
    "expiresdefault": _expires_default,
    "expiresbytype": _expires_by_type,
}
