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
