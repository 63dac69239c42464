"""Names of filters: those that are served, and those whose absence opens nothing."""

from __future__ import annotations

from dataclasses import dataclass

from fastlb.base.errors import Severity
from fastlb.config.registry import Complaint
from fastlb.facts.filters import Filter

# What they do to a body is undone by whoever gets it, or spares somebody work.
HARMLESS = "deflate inflate brotli_compress cache cache_save cache_out buffer none"
# What they do to a body is seen in it, and withholds nothing.
SEEN = "includes xml2enc"
_HARMLESS = frozenset(HARMLESS.split())
_SEEN = frozenset(SEEN.split())
_NOTED = (_HARMLESS | _SEEN) - {"none"}
_KNOWN = {one.value: one for one in Filter}
_SERVED = _KNOWN.keys() - _SEEN


_OF_OUTPUT = (
    *("SetOutputFilter", "AddOutputFilter", "AddOutputFilterByType"),
    "FilterProvider",
)


def named(words: str) -> list[tuple[str, Filter | None]]:
    """Filters of a list `filter;filter`, as spelled; None: it changes nothing here."""
    spelled = [one.strip() for one in words.split(";")]
    return [(one, _KNOWN.get(one.lower())) for one in spelled if one]


@dataclass(frozen=True, slots=True)
class Named:
    """A list `filter;filter` as the argument at index; others might hide or limit."""

    index: int

    def __call__(self, name: str, words: tuple[str, ...]) -> Complaint | None:
        if self.index >= len(words):
            return None
        named = [one.strip().lower() for one in words[self.index].split(";")]
        is_output = name in _OF_OUTPUT
        for one in named:
            if is_output and one in _SERVED:
                continue
            if not is_output and one == "deflate":
                return Complaint(
                    f"{name} {one}: bodies of requests are not unpacked",
                    "a member would get them as clients have packed them",
                    "let the member do it, whom Content-Encoding tells, then delete the"
                    " line",
                    "FB0116",
                    word=self.index,
                )
            if one not in (*_HARMLESS, *_SEEN, ""):
                return Complaint(
                    f"{name} {one}: fastlb has no such filter",
                    "bodies that it would have changed, limited or held back would be"
                    " passed on as they are",
                    "let the members do it, or a server behind fastlb, then delete the"
                    " line",
                    "FB0116",
                    word=self.index,
                )
        # By the ending of a name, includes looks at files alone (Options Includes).
        seen = _SEEN if name != "AddOutputFilter" else frozenset[str]()
        for one in named:
            if one in seen:
                return Complaint(
                    f"{name} {one}: fastlb has no such filter",
                    "bodies that it would have changed are passed on as they are",
                    "let the members do it, or a server behind fastlb",
                    "FB0117",
                    Severity.WARNING,
                    self.index,
                )
        for one in named:
            if is_output and one not in _SERVED and one in _NOTED:
                return Complaint(
                    f"{name} {one}: fastlb has no such filter",
                    "bodies go on as they are, and say the same",
                    "",
                    "FB0117",
                    Severity.NOTE,
                    self.index,
                )
        return None


@dataclass(frozen=True, slots=True)
class Switch:
    """Off changes nothing; reason: what is not done when it is on."""

    reason: str
    cure: str

    def __call__(self, name: str, words: tuple[str, ...]) -> Complaint | None:
        if words[0].lower() in ("off", "none"):
            return None
        text = f"{name} {words[0]} is not supported: {self.reason}"
        return Complaint(text, "", self.cure, "FB0117", Severity.WARNING)
