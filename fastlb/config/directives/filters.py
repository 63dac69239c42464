"""mod_filter, mod_deflate, mod_brotli, mod_substitute: bodies of answers that are
changed on their way."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fastlb.base.errors import Severity
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

BROTLI = "mod_brotli.c"
SUBSTITUTE = "mod_substitute.c"

_NOTES = ("ratio", "input", "output")


@dataclass(frozen=True, slots=True)
class _Note(Reader):
    """[type] name. sets: as fields begin; wrong: Apache's sentence."""

    sets: str
    wrong: str

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(self.sets + kind for kind in _NOTES)

    def read(self, name: str, words: tuple[str, ...]) -> dict[str, str]:
        kind = words[0].lower() if len(words) > 1 else "ratio"
        if kind not in _NOTES:
            raise Refused(Complaint(self.wrong.format(word=words[0])))
        return {self.sets + kind: words[-1]}


class _LineLength(Reader):
    """Bytes, with b, k, m or g behind them."""

    __slots__ = ()

    def read(self, name: str, words: tuple[str, ...]) -> int:
        found = re.fullmatch(r"\+?(\d{1,18})([bkmg]?)", words[0], re.IGNORECASE)
        if found is None:
            raise Refused(
                Complaint(
                    "SubstituteMaxLineLength must be a non-negative integer optionally"
                    " suffixed with 'b', 'k', 'm' or 'g'."
                )
            )
        return int(found[1]) * _UNITS[found[2].lower()]


_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_DEFLATE_NOTE = _Note("deflate_note_", "Unknown note type {word}")
_BROTLI_NOTE = _Note("brotli_note_", "Unknown BrotliFilterNote type '{word}'")


def _substitute(name: str, words: tuple[str, ...]) -> Complaint | None:
    try:
        substitution_parts(words[0] if words else "")
    except ValueError as problem:
        return Complaint(str(problem))
    return None


def substitution_parts(line: str) -> tuple[str, str, str]:
    """What is looked for, what takes its place, and flags. ValueError in Apache's
    words. There is no way to write the delimiter within a part."""
    if line[:1].lower() != "s":
        raise ValueError("Bad Substitute format, must be an s/// pattern")
    parts = line[2:].split(line[1:2]) if len(line) > 2 else []
    if len(parts) < 2 or not parts[0]:
        raise ValueError("Bad Substitute format, must be a complete s/// pattern")
    flags = line[1:2].join(parts[2:])
    if flags.lower().strip("infq"):
        raise ValueError("Bad Substitute flag, only s///[infq] are supported")
    return parts[0], parts[1], flags.lower()


def _filter_name(name: str, words: tuple[str, ...]) -> Complaint | None:
    """FilterDeclare name [type]."""
    known = ("resource", "content_set", "protocol", "connection", "network")
    if len(words) > 1 and words[1].lower() not in known:
        # httpd takes any other word for RESOURCE.
        return Complaint(
            f"{name}: {words[1]} is no type of a filter",
            "it counts as RESOURCE",
            "write RESOURCE, CONTENT_SET, PROTOCOL, CONNECTION or NETWORK",
            "FB0117",
            Severity.WARNING,
            1,
        )
    return None


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
            "DEFLATE and BROTLI_COMPRESS compress, INFLATE unpacks what a member has"
            " compressed, SUBSTITUTE does what Substitute says, RATE_LIMIT sends no"
            " faster than the variable rate-limit says (KiB a second;"
            " rate-initial-burst: so many KiB at once before). The last section that"
            " says it holds. Pages that are made here pass no filter."
        ),
        check=filters.Named(0),
    ),
    Directive(
        "AddOutputFilter",
        SVD,
        "filter[;filter...] extension [extension] ...",
        "filters that files of some endings pass",
        takes=Args.ONE_AND_LIST,
        module="mod_mime.c",
        manual="Answers of members are no files: it says nothing of them, as in httpd.",
        check=filters.Named(0),
    ),
    Directive(
        "RemoveOutputFilter",
        SVD,
        "extension [extension] ...",
        "endings of files whose AddOutputFilter does not hold here",
        module="mod_mime.c",
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
        check=_DEFLATE_NOTE,
        sets=_DEFLATE_NOTE.fields,
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
    Directive(
        "FilterDeclare",
        SVD,
        "name [type]",
        "a smart filter, and its place among filters",
        module=FILTER,
        manual="RESOURCE, CONTENT_SET, PROTOCOL, CONNECTION and NETWORK follow each"
        " other in this order.",
        check=_filter_name,
    ),
    Directive(
        "FilterProvider",
        SVD,
        "name filter expression",
        "who does the work of a smart filter, and for which answers",
        module=FILTER,
        manual="What is written last is asked first; the first whose expression holds"
        " does the work.",
        check=filters.Named(1),
    ),
    Directive(
        "FilterChain",
        SVD,
        "[+=-@!]name ...",
        "smart filters that answers pass",
        module=FILTER,
        manual="+ puts a name at the end, as no sign does, @ at the beginning; - takes"
        " it out, = begins anew with it, ! leaves nothing.",
    ),
    Directive(
        "BrotliCompressionQuality",
        SV,
        "quality",
        "how hard BROTLI_COMPRESS tries, 0 to 11",
        module=BROTLI,
        default="5",
        manual=_CODED.replace("-gzip", "-br").replace(
            ", and one of up to 68 bytes", ""
        ),
        check=Integer(0, 11, "BrotliCompressionQuality must be between 0 and 11"),
        sets="brotli_quality",
    ),
    Directive(
        "BrotliCompressionWindow",
        SV,
        "bits",
        "how far back BROTLI_COMPRESS looks, 10 to 24",
        module=BROTLI,
        default="18",
        check=Integer(10, 24, "BrotliCompressionWindow must be between 10 and 24"),
        sets="brotli_window",
    ),
    Directive(
        "BrotliCompressionMaxInputBlock",
        SV,
        "bits",
        "the largest block that BROTLI_COMPRESS codes, 16 to 24",
        module=BROTLI,
        shown_default="that of the library",
        check=Integer(
            16, 24, "BrotliCompressionMaxInputBlock must be between 16 and 24"
        ),
        sets="brotli_block",
    ),
    Directive(
        "BrotliFilterNote",
        SV,
        "[Input|Output|Ratio] name",
        "notes for the access log, as DeflateFilterNote",
        module=BROTLI,
        check=_BROTLI_NOTE,
        sets=_BROTLI_NOTE.fields,
    ),
    Directive(
        "BrotliAlterETag",
        SV,
        "AddSuffix|NoChange|Remove",
        "what becomes of the ETag of a body that was coded",
        module=BROTLI,
        default="AddSuffix",
        check=word_of(
            AlterETag,
            "BrotliAlterETag accepts only 'AddSuffix', 'NoChange' and 'Remove'",
        ),
        sets="brotli_etag",
    ),
    Directive(
        "Substitute",
        SVD,
        "s/wanted/replacement/[infq]",
        "text that takes the place of other text in each line of a body",
        module=SUBSTITUTE,
        manual=(
            "It holds where SUBSTITUTE is among the filters. i: letters count in no"
            " case; n: what is looked for is text, not a pattern. $0 to $9 are groups."
            " At most 64 hold for one answer. Its lines take 2 s of processor time for"
            " each MiB, beside half a second, and all lines of a worker 64 MiB: an"
            " answer that takes more is broken off, or is 503."
        ),
        differs="q is taken and does what f does.",
        check=_substitute,
    ),
    Directive(
        "SubstituteMaxLineLength",
        SVD,
        "bytes[b|k|m|g]",
        "how long a line may be; a longer one breaks the answer off",
        module=SUBSTITUTE,
        shown_default="1m",
        differs="It is 16m at most.",
        check=_LineLength(),
        sets="substitute_line_bytes",
    ),
    Directive(
        "SubstituteInheritBefore",
        SVD,
        "On|Off",
        "whether what other sections substitute comes before what this one does",
        module=SUBSTITUTE,
        shown_default="Off",
        sets="substitute_inherit_before",
    ),
)
