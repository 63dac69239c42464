"""Which mapping takes a path: the first, of ten thousand as of ten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fastlb._pcre2 import PatternLimitError
from fastlb.facts.regex import compile_pcre
from fastlb.model.drafts import MappingDraft
from fastlb.model.rewrite_words import literal_prefix


class Takers:
    """Mappings in their order, to be asked for a path with all that is under it.

    Prefixes are looked up, and so is what a path begins with that a regular expression
    matches: only those that say nothing of it are tried one by one.
    """

    def __init__(self, ordered: Sequence[MappingDraft]) -> None:
        self.ordered = ordered
        self._places: dict[str, int] = {}  # the first of each prefix
        self._regexes: dict[str, list[int]] = {}  # places by literal_prefix
        for place, mapping in enumerate(ordered):
            if mapping.is_regex:
                begin = literal_prefix(mapping.pattern)
                self._regexes.setdefault(begin, []).append(place)
            else:
                self._places.setdefault(mapping.pattern, place)

    def first(self, path: str, before: int | None = None) -> MappingDraft | None:
        """The first that takes the path and everything under it.

        before: only those in front of this place are looked at.
        """
        none = len(self.ordered) if before is None else before
        best = min(
            (self._places.get(prefix, none) for prefix in _prefixes(path)), default=none
        )
        best = min(best, none)
        for place in self._tried(path):
            if place >= best:
                break
            if takes_all(self.ordered[place], path):
                best = place
        return self.ordered[best] if best < none else None

    def _tried(self, path: str) -> list[int]:
        """Places of regular expressions that may match."""
        if not self._regexes:
            return []
        begins = (path[:end] for end in range(len(path) + 1))
        return sorted(n for begin in begins for n in self._regexes.get(begin, ()))


def takes_all(mapping: MappingDraft, path: str) -> bool:
    """True when a mapping takes the path and everything under it."""
    if mapping.is_regex:
        regex = compile_pcre(mapping.pattern)
        probes = (path, path.rstrip("/") + "/x", path.rstrip("/") + "/x/y.html")
        try:
            return all(regex.search(p.encode("latin-1", "replace")) for p in probes)
        except PatternLimitError:
            return False
    return is_under(path, mapping.pattern)


def is_under(path: str, prefix: str) -> bool:
    """True when prefix matches path at the border of a segment."""
    if not path.startswith(prefix):
        return False
    return prefix.endswith("/") or path[len(prefix) :][:1] in ("", "/")


def _prefixes(path: str) -> Iterator[str]:
    """All for which is_under holds."""
    yield path
    for place, char in enumerate(path):
        if char == "/":
            yield path[:place]
            yield path[: place + 1]
