"""Wrappers of the HTTP chapters: bytes in, plain Python values or a code out."""

from libc.stdlib cimport free, malloc
from posix.mman cimport (
    MAP_ANONYMOUS, MAP_FAILED, MAP_PRIVATE, PROT_NONE, PROT_READ, PROT_WRITE,
    mmap, mprotect, munmap,
)

FIELD_IDS = {
    "other": FIELD_OTHER,
    "host": FIELD_HOST,
    "connection": FIELD_CONNECTION,
    "keep-alive": FIELD_KEEP_ALIVE,
    "proxy-connection": FIELD_PROXY_CONNECTION,
    "proxy-authenticate": FIELD_PROXY_AUTHENTICATE,
    "proxy-authorization": FIELD_PROXY_AUTHORIZATION,
    "te": FIELD_TE,
    "trailer": FIELD_TRAILER,
    "transfer-encoding": FIELD_TRANSFER_ENCODING,
    "upgrade": FIELD_UPGRADE,
    "content-length": FIELD_CONTENT_LENGTH,
    "expect": FIELD_EXPECT,
    "cookie": FIELD_COOKIE,
    "via": FIELD_VIA,
    "max-forwards": FIELD_MAX_FORWARDS,
    "x-forwarded-for": FIELD_X_FORWARDED_FOR,
    "x-forwarded-host": FIELD_X_FORWARDED_HOST,
    "x-forwarded-server": FIELD_X_FORWARDED_SERVER,
    "referer": FIELD_REFERER,
    "user-agent": FIELD_USER_AGENT,
    "content-type": FIELD_CONTENT_TYPE,
    "date": FIELD_DATE,
    "server": FIELD_SERVER,
    "location": FIELD_LOCATION,
    "content-location": FIELD_CONTENT_LOCATION,
    "uri": FIELD_URI,
    "destination": FIELD_DESTINATION,
    "set-cookie": FIELD_SET_COOKIE,
    "last-modified": FIELD_LAST_MODIFIED,
    "expires": FIELD_EXPIRES,
    "www-authenticate": FIELD_WWW_AUTHENTICATE,
    "retry-after": FIELD_RETRY_AFTER,
}
METHOD_IDS = {
    "GET": METHOD_GET, "HEAD": METHOD_HEAD, "POST": METHOD_POST, "PUT": METHOD_PUT,
    "DELETE": METHOD_DELETE, "OPTIONS": METHOD_OPTIONS, "TRACE": METHOD_TRACE,
    "CONNECT": METHOD_CONNECT, "PATCH": METHOD_PATCH,
}
WHYS = {
    WHY_NONE: "none", WHY_FIELD_SIZE: "field size", WHY_FIELD_COUNT: "field count",
    WHY_REQUEST_LINE: "request line", WHY_FIELD_SYNTAX: "field syntax",
    WHY_HOST: "host", WHY_FRAMING: "framing", WHY_VERSION: "version",
}
BODY_KINDS = {
    BODY_NONE: "none", BODY_LENGTH: "length", BODY_CHUNKED: "chunked",
    BODY_UNTIL_CLOSE: "until close",
}


ctypedef int (*head_parser)(
    head *out, char *data, unsigned int length,
    const head_limits *limits) noexcept nogil

cdef head probed                # one is looked at at a time
cdef long PAGE_BYTES = 4096


cdef class Fence:
    """A copy of bytes that ends exactly where an unreadable page begins.

    A function that reads a single byte too many dies of it.
    """
    cdef char *mapping
    cdef size_t mapped
    cdef char *data
    cdef unsigned int length

    def __cinit__(self, bytes data):
        cdef size_t room = (len(data) // PAGE_BYTES + 1) * PAGE_BYTES
        self.mapped = room + PAGE_BYTES
        self.mapping = <char *>mmap(
            NULL, self.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
            -1, 0,
        )
        if self.mapping == <char *>MAP_FAILED:
            self.mapping = NULL
            raise MemoryError
        if mprotect(self.mapping + room, PAGE_BYTES, PROT_NONE) != 0:
            raise OSError("mprotect")
        self.length = <unsigned int>len(data)
        self.data = self.mapping + room - self.length
        memcpy(self.data, <const char *>data, self.length)

    def __dealloc__(self):
        if self.mapping != NULL:
            munmap(self.mapping, self.mapped)


cdef head_limits limits_from(dict options):
    cdef head_limits limits
    limits.line_bytes = options.get("line_bytes", 8190)
    limits.field_bytes = options.get("field_bytes", 8190)
    limits.field_count = options.get("field_count", 100)
    limits.strict = options.get("strict", True)
    limits.allow_http09 = options.get("allow_http09", True)
    limits.compat_apache = options.get("compat_apache", False)
    limits.ignore_bad_fields = options.get("ignore_bad_fields", False)
    return limits


cdef bytes piece(const char *data, unsigned int offset, unsigned int length):
    return data[offset:offset + length]


cdef object framing_facts(head *h, framing *f, int result):
    if result != 0:
        return result, WHYS[h.why]
    return {
        "body": BODY_KINDS[f.kind], "length": f.length,
        "close_after": bool(f.close_after),
    }


cdef list fields_of(head *h, const char *data, bint with_dropped):
    return [
        (
            piece(data, h.fields[i].name, h.fields[i].name_length),
            piece(data, h.fields[i].value, h.fields[i].value_length),
        )
        for i in range(h.field_count)
        if with_dropped or not h.fields[i].dropped
    ]


cdef object check_index(head *h, const char *data):
    """first and seen must tell the same as a walk over the fields."""
    cdef int id
    cdef field *f
    names = {number: name for name, number in FIELD_IDS.items()}
    assert len(names) == FIELD_ID_COUNT
    indexes = {}
    for i in range(h.field_count):
        indexes.setdefault(h.fields[i].id, i)
        name = piece(data, h.fields[i].name, h.fields[i].name_length).lower()
        expected = FIELD_IDS.get(name.decode("latin-1"), FIELD_OTHER)
        assert h.fields[i].id == expected, name
        assert h.fields[i].dropped == 0
    for id in range(FIELD_ID_COUNT):
        f = head_field(h, id)
        assert (f != NULL) == (id in indexes), names[id]
        if f != NULL:
            assert f == &h.fields[indexes[id]]


cdef object head_facts(head *h, Fence fence, int result):
    """What a parser found, (code, why), or AGAIN."""
    if result == AGAIN:
        return AGAIN
    if result < 0:
        return result, WHYS[h.why]
    assert result == <int>h.length
    check_index(h, fence.data)
    return {
        "minor": h.minor,
        "length": h.length,
        "fields_at": h.fields_at,
        "fields": fields_of(h, fence.data, True),
        "bytes": fence.data[:fence.length],
    }


def find_end(bytes data, pieces=None):
    """Length of the head, or AGAIN; fed in pieces that end at the given offsets.

    Each call sees a copy that ends at an unreadable page.
    """
    cdef unsigned int scanned = 0
    cdef int result = AGAIN
    cdef Fence fence
    if pieces is None:
        pieces = [len(data)]
    for stop in pieces:
        fence = Fence(data[:stop])
        result = head_find_end(fence.data, fence.length, &scanned)
        if result != AGAIN:
            return result
    return result


def exceeds(bytes data, pieces, **options):
    """(offset, why) of the first piece by which a limit is exceeded, or None.

    pieces: offsets at which what has come so far ends.
    """
    cdef head_limits limits = limits_from(options)
    cdef head_count counted
    cdef Fence fence
    cdef int why
    memset(&counted, 0, sizeof(counted))
    for stop in pieces:
        fence = Fence(data[:stop])
        why = head_exceeds(fence.data, fence.length, &counted, &limits)
        if why != WHY_NONE:
            return stop, WHYS[why]
    return None


def parse_request(bytes data, **options):
    """A dict of what was found, or (status negated, why) for a refusal, or AGAIN.

    bytes: the input as it is afterwards; kept: the fields that are not hop by hop. Host
    and framing may be refusals of their own; there is no path without a host.
    """
    cdef head_limits limits = limits_from(options)
    cdef Fence fence = Fence(data)
    cdef head *h = &probed
    cdef framing body
    cdef hop_facts facts
    cdef span host, path
    cdef int result
    memset(h, 0xEE, sizeof(head))
    found = head_facts(
        h, fence, head_parse_request(h, fence.data, fence.length, &limits))
    if not isinstance(found, dict):
        return found
    found["method"] = piece(fence.data, h.method.offset, h.method.length)
    found["method_id"] = h.method_id
    found["target"] = piece(fence.data, h.target.offset, h.target.length)
    result = head_check_host(h, fence.data, limits.strict, &host, &path)
    if result < 0:
        found["host"] = result, WHYS[h.why]
    else:
        found["host"] = piece(fence.data, host.offset, host.length)
        found["path"] = piece(fence.data, path.offset, path.length)
    found["framing"] = framing_facts(
        h, &body, framing_of_request(h, fence.data, &limits, &body))
    found["hops"] = head_drop_hop_by_hop(h, fence.data, &facts)
    found["kept"] = fields_of(h, fence.data, False)
    found["close"] = bool(facts.close)
    found["keep_alive"] = bool(facts.keep_alive)
    found["upgrade"] = bool(facts.upgrade)
    return found


def parse_response(bytes data, method="GET", **options):
    """As parse_request; framing is that of the answer to a request of the method."""
    cdef head_limits limits = limits_from(options)
    cdef Fence fence = Fence(data)
    cdef head *h = &probed
    cdef framing body
    memset(h, 0xEE, sizeof(head))
    found = head_facts(
        h, fence, head_parse_response(h, fence.data, fence.length, &limits))
    if isinstance(found, dict):
        found["status"] = h.status
        found["reason"] = piece(fence.data, h.reason.offset, h.reason.length)
        found["framing"] = framing_facts(h, &body, framing_of_response(
            h, fence.data, METHOD_IDS.get(method, METHOD_OTHER), &body))
    return found


def has_token(bytes value, bytes token):
    cdef Fence fence = Fence(value)
    return bool(value_has_token(
        fence.data, fence.length, <const char *>token, <unsigned int>len(token)
    ))


def decode_chunks(pieces):
    """(payload, bytes consumed of all pieces, "done" | "more" | "broken")."""
    cdef chunk_decoder decoder
    cdef unsigned int payload, consumed
    cdef Fence fence
    cdef int result
    out = bytearray()
    total = 0
    chunk_begin(&decoder)
    for data in pieces:
        fence = Fence(data)
        result = chunk_decode(&decoder, fence.data, fence.length, &payload, &consumed)
        out += fence.data[:payload]
        total += consumed
        if result < 0:
            assert result == -400
            return bytes(out), total, "broken"
        assert payload <= consumed <= fence.length
        assert decoder.done or consumed == fence.length
        if decoder.done:
            return bytes(out), total, "done"
    return bytes(out), total, "more"


def chunk_head(unsigned long long size):
    cdef char[BUFFER_HEADROOM] room
    cdef int length = chunk_head_before(room + BUFFER_HEADROOM, size)
    return (<char *>room)[BUFFER_HEADROOM - length:BUFFER_HEADROOM]


def scan(str what, bytes data):
    """Offset at which that scan of scan.h stops; None for NULL."""
    cdef Fence fence = Fence(data)
    cdef const char *end = fence.data + fence.length
    cdef const char *stop
    if what == "value":
        stop = scan_value(fence.data, end)
    elif what == "target":
        stop = scan_target(fence.data, end)
    elif what == "visible":
        stop = scan_visible(fence.data, end)
    elif what == "colon":
        stop = scan_colon(fence.data, end)
    else:
        stop = scan_empty_line(fence.data, end)
    return None if stop == NULL else stop - fence.data


def time_head(bytes data, str what, int rounds):
    """Nanoseconds per head: "find", "parse", "judge" (Host, framing, hops) or "all"."""
    cdef head_limits limits = limits_from({})
    cdef head *h = &probed
    cdef char *buffer = <char *>malloc(len(data))
    cdef unsigned int length = <unsigned int>len(data)
    cdef unsigned int scanned = 0
    cdef framing body
    cdef hop_facts facts
    cdef span host, path
    cdef long long begun
    cdef bint find = what in ("find", "all")
    cdef bint parses = what in ("parse", "all")
    cdef bint judge = what in ("judge", "all")
    cdef bint is_response = data.startswith(b"HTTP/")
    cdef head_parser parse = head_parse_response if is_response else head_parse_request
    cdef int _round
    cdef int failed = 0
    memcpy(buffer, <const char *>data, length)
    try:
        failed |= parse(h, buffer, length, &limits) < 0
        begun = clock_us()
        with nogil:
            for _round in range(rounds):
                if find:
                    scanned = 0
                    failed |= head_find_end(buffer, length, &scanned) < 0
                if parses:
                    failed |= parse(h, buffer, length, &limits) < 0
                if judge:
                    if is_response:
                        failed |= framing_of_response(h, buffer, METHOD_GET, &body) < 0
                    else:
                        failed |= head_check_host(h, buffer, True, &host, &path) < 0
                        failed |= framing_of_request(h, buffer, &limits, &body) < 0
                    head_drop_hop_by_hop(h, buffer, &facts)
        if failed:
            raise ValueError("not a good head")
        return (clock_us() - begun) * 1000 / <double>rounds
    finally:
        free(buffer)
