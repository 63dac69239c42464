"""mod_filter, mod_deflate: bodies of answers that are changed on their way."""

from __future__ import annotations

from fastlb.config import filters
from fastlb.config.checks import Integer, word_of
from fastlb.config.registry import (
    SV,
    SVD,
    Args,
    Complaint,
    Directive,
    Reader,
    Refused,
)
from fastlb.facts.filters import AlterETag

MODULE = "mod_deflate.c"
CORE = "core.c"
FILTER = "mod_filter.c"

_NOTES = {
    "ratio": "deflate_note_ratio",
    "input": "deflate_note_input",
    "output": "deflate_note_output",
}


class _Note(Reader):
    """[type] name."""

    __slots__ = ()

    def read(self, name: str, words: tuple[str, ...]) -> dict[str, str]:
        kind = words[0].lower() if len(words) > 1 else "ratio"
        if kind not in _NOTES:
            raise Refused(Complaint(f"Unknown note type {words[0]}"))
        return {_NOTES[kind]: words[-1]}


_CODED = (
    "A body that a member has coded already, a part of one (Content-Range), and one of"
    " up to 68 bytes go as they are. A strong ETag gets the suffix -gzip."
)

DIRECTIVES = (
    Directive(
        "SetOutputFilter",
        SVD,
        "filter[;filter...]",
        "filters that every body of an answer passes",
        takes=Args.ONE,
        module=CORE,
        manual=(
            "DEFLATE compresses, INFLATE unpacks what a member has compressed. The"
            " last section that says it holds. Pages that are made here pass no filter."
        ),
        check=filters.Named(0),
    ),
    Directive(
        "AddOutputFilterByType",
        SVD,
        "filter[;filter...] type [type] ...",
        "filters that bodies of some content types pass",
        takes=Args.ONE_AND_LIST,
        module=FILTER,
        manual=(
            "Letters of a type count in their case, and its parameters do not count."
            " Answers with another status than 200 pass none of them, unless the"
            " variable filter-errordocs is set."
        ),
        check=filters.Named(0),
    ),
    Directive(
        "DeflateCompressionLevel",
        SV,
        "level",
        "how hard DEFLATE tries, 1 to 9",
        manual=_CODED,
        check=Integer(1, 9, "Compression Level must be between 1 and 9"),
        sets="deflate_level",
        default="6",
    ),
    Directive(
        "DeflateMemLevel",
        SV,
        "level",
        "how much memory a compressor takes, 1 to 9",
        default="9",
        check=Integer(1, 9, "DeflateMemLevel must be between 1 and 9"),
        sets="deflate_memory",
    ),
    Directive(
        "DeflateWindowSize",
        SV,
        "bits",
        "how far back a compressor looks, 1 to 15",
        default="15",
        check=Integer(1, 15, "DeflateWindowSize must be between 1 and 15"),
        sets="deflate_window",
        differs="Less than 9 bits are 9: zlib has no smaller window in gzip's form.",
    ),
    Directive(
        "DeflateBufferSize",
        SV,
        "bytes",
        "how much INFLATE unpacks before it looks at its limits",
        default="8096",
        unit="bytes",
        check=Integer(1, 2**31 - 1, "DeflateBufferSize should be positive"),
        sets="deflate_buffer",
        differs="What DEFLATE makes is sent in larger pieces.",
    ),
    Directive(
        "DeflateFilterNote",
        SV,
        "[Input|Output|Ratio] name",
        "notes for the access log: bytes before and behind DEFLATE, percent that is"
        " left",
        manual="%{name}n shows one; - stands where nothing was compressed.",
        check=_Note(),
        sets=tuple(_NOTES.values()),
    ),
    Directive(
        "DeflateAlterETag",
        SV,
        "AddSuffix|NoChange|Remove",
        "what becomes of the ETag of a body that was coded",
        default="AddSuffix",
        check=word_of(
            AlterETag,
            "DeflateAlterETAG accepts only 'NoChange', 'AddSuffix', and 'Remove'",
        ),
        sets="deflate_etag",
    ),
    Directive(
        "DeflateInflateRatioLimit",
        SVD,
        "ratio",
        "how many times as large as it was INFLATE may make a body",
        shown_default="200",
        check=Integer(1, 2**31 - 1, "DeflateInflateRatioLimit must be positive"),
        sets="inflate_ratio_limit",
    ),
    Directive(
        "DeflateInflateRatioBurst",
        SVD,
        "pieces",
        "how many pieces in a row may be beyond DeflateInflateRatioLimit",
        shown_default="3",
        check=Integer(1, 2**31 - 1, "DeflateInflateRatioBurst must be positive"),
        sets="inflate_ratio_burst",
    ),
)
