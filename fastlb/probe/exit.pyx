"""The writer and the exit, in memory that ends where an unreadable page begins."""

COMPOSE_WAYS = ("put", "value", "name", "target", "lower", "number", "hex")


def compose(str how, bytes data not None, unsigned int room):
    """(what was written, whether something found no room)."""
    cdef writer w
    cdef Fence fence = Fence(b"\xdd" * room)
    cdef const char *p = data
    cdef size_t length = len(data)
    writer_begin(&w, fence.data, room)
    if how == "put":
        put(&w, p, length)
    elif how == "value":
        put_value(&w, p, length)
    elif how == "name":
        put_name(&w, p, length)
    elif how == "target":
        put_target(&w, p, length)
    elif how == "lower":
        put_lower(&w, p, length)
    elif how == "number":
        put_number(&w, int(data))
    else:
        put_hex(&w, int(data))
    assert writer_held(&w) + writer_room(&w) == room
    return fence.data[:writer_held(&w)], bool(w.full)


def json_text(bytes data not None, unsigned int most):
    """A string of JSON, with at most so many bytes between its quotes."""
    cdef writer w
    cdef unsigned int room = most + len(b'"..."')    # with what stands for the rest
    cdef Fence given = Fence(data)
    cdef Fence fence = Fence(b"\xdd" * room)
    writer_begin(&w, fence.data, room)
    put_json_text(&w, given.data, given.length, most)
    assert not w.full
    return fence.data[:writer_held(&w)]


def is_terminated(bytes data not None, unsigned int room):
    """copy_terminated into exactly that room: the bytes, or None."""
    cdef Fence fence = Fence(b"\xdd" * room)
    if not copy_terminated(fence.data, room, data, len(data)):
        return None
    return fence.data[:len(data) + 1]


def write_date(long long seconds):
    """A date as it is sent."""
    cdef writer w
    cdef Fence fence = Fence(b"\xdd" * 29)
    writer_begin(&w, fence.data, 29)
    put_date(&w, seconds)
    assert not w.full
    return fence.data[:29]


def read_date(bytes data not None):
    """Seconds since 1970, or -1."""
    cdef Fence fence = Fence(data)
    return date_of(fence.data, <unsigned int>len(data))


def read_ranges(bytes data not None, long long size):
    """([(first, last), ...], overlaps, reversals); "whole" or "none" for the list."""
    cdef Fence fence = Fence(data)
    cdef byte_range *out = <byte_range *>malloc(sizeof(byte_range) * RANGES_MAX)
    cdef int overlaps, reversals, i
    cdef int count = ranges_read(
        fence.data, <unsigned int>len(data), size, out, &overlaps, &reversals)
    try:
        if count <= 0:
            return ("none" if count else "whole"), overlaps, reversals
        found = [(out[i].first, out[i].last) for i in range(count)]
        return found, overlaps, reversals
    finally:
        free(out)


def judge_conditions(dict asked, bytes etag, long long modified_s, long long request_s):
    """(200, 304 or 412, whether Range is looked at). asked: by the field's name"""
    cdef conditions c
    cdef validators v
    cdef list kept = []
    cdef value *places = &c.if_match
    memset(&c, 0, sizeof(c))
    for i, name in enumerate((
            "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since",
            "If-Range")):
        if name in asked:
            fence = Fence(asked[name])
            kept.append(fence)
            places[<int>i] = value(
                (<Fence>fence).data, <unsigned int>len(asked[name]))
    c.has_range = "Range" in asked
    c.is_read = asked.get("method", b"GET") != b"POST"
    v.etag = value(NULL, 0)
    if etag is not None:
        v.etag = value(etag, <unsigned int>len(etag))
    v.modified_s = modified_s
    v.request_s = request_s
    return conditions_judge(&c, &v), bool(range_is_meant(&c, &v))
