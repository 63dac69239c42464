"""Names of filters: those whose absence shows nothing and opens nothing."""

from __future__ import annotations

from dataclasses import dataclass

from fastlb.config.registry import Complaint

# What they do to a body is undone, or looked through, by whoever gets it without them.
HARMLESS = (
    "deflate inflate brotli_compress includes cache cache_save cache_out buffer"
    " proxy-html xml2enc none"
)
_HARMLESS = frozenset(HARMLESS.split())


@dataclass(frozen=True, slots=True)
class Named:
    """A list `filter;filter` as the argument at index; others might hide or limit."""

    index: int

    def __call__(self, name: str, words: tuple[str, ...]) -> Complaint | None:
        if self.index >= len(words):
            return None
        for one in words[self.index].split(";"):
            if one.strip().lower() not in (*_HARMLESS, ""):
                return Complaint(
                    f"{name} {one}: fastlb has no such filter",
                    "bodies that it would have changed, limited or held back would be"
                    " passed on as they are",
                    "let the members do it, or a server behind fastlb, then delete the"
                    " line",
                    "FB0116",
                    word=self.index,
                )
        return None
