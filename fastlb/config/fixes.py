"""From a place in a directive to what `fastlb lint --fix` changes in its file.

A column is 0 where the text of the file is not what was read: behind a variable, in a
line that was continued, in a macro. Nothing is changed there; and whoever applies a fix
looks whether the file has at that place what is to be replaced.
"""

from __future__ import annotations

from fastlb.base.errors import Fix
from fastlb.config.draft import Draft
from fastlb.config.lexer import BLANKS, Word, next_word, quote, split_words
from fastlb.config.tree import Node

Fixes = tuple[Fix, ...]


def of_name(draft: Draft, new: str) -> Fixes:
    """Another name for a directive; a section would need one at its end as well."""
    if not draft.start or draft.is_section:
        return ()
    return (Fix(draft.file, draft.line, draft.start, draft.name, new),)


def of_word(draft: Draft, word: Word, new: str) -> Fixes:
    """Another argument, in the quotes that it has."""
    return _replaced(draft, word.offset, *_exchange(draft.raw, word, new))


def of_rest(draft: Draft, offset: int, new: str = "") -> Fixes:
    """What stands from offset on; with the blanks before it where all of it goes."""
    kept = draft.raw[:offset]
    if not new:
        kept = kept.rstrip(BLANKS)
    return _replaced(draft, len(kept), draft.raw[len(kept) :], new)


def of_comment(draft: Draft, offset: int) -> Fixes:
    """A comment behind a directive goes to the line before it."""
    rest = of_rest(draft, offset)
    if not (rest and draft.start):
        return ()
    comment = draft.raw[offset:]
    return (Fix(draft.file, draft.line, draft.start, "", f"{comment}\n"), *rest)


def of_line(draft: Draft) -> Fixes:
    """The directive goes."""
    name = of_name(draft, "")
    rest = _replaced(draft, 0, draft.raw, "") if draft.raw else ()
    return (*name, *rest) if name and (rest or not draft.raw) else ()


def of_node(node: Node, word: str, new: str) -> Fixes:
    """Another argument, or another part of one, where only one can be meant."""
    if not (node.column and word):
        return ()
    whole = [one for one in split_words(node.raw) if one.text == word]
    if len(whole) == 1:
        offset = whole[0].offset
        old, text = _exchange(node.raw, whole[0], new)
    elif not whole and node.raw.count(word) == 1:
        offset, old, text = node.raw.find(word), word, new
    else:
        return ()
    return (Fix(node.file, node.line, node.column + offset, old, text),)


def _exchange(raw: str, word: Word, new: str) -> tuple[str, str]:
    """(the word as it is written, the other one written likewise)"""
    end = next_word(raw, word.offset)[1]
    old = raw[word.offset : end].rstrip(BLANKS)
    if not word.quoted:
        return old, quote(new)
    mark = old[0]
    escaped = new.replace("\\", "\\\\").replace(mark, f"\\{mark}")
    return old, f"{mark}{escaped}{mark}"


def _replaced(draft: Draft, offset: int, old: str, new: str) -> Fixes:
    if not draft.column:
        return ()
    return (Fix(draft.file, draft.line, draft.column + offset, old, new),)
