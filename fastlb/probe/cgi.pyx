"""Wrappers of what applications behind a gateway are told, and answer."""

FASTCGI_RESULTS = {
    FASTCGI_MORE: "more", FASTCGI_SAID: "said", FASTCGI_ENDED: "ended",
    FASTCGI_VERSION: "version", FASTCGI_NUMBER: "number", FASTCGI_RECORD: "record",
}


cdef list_from(cgi_list *all, variables, list kept):
    """Pairs of bytes; ("name", "value", "field") are fields of a head."""
    all.count = 0
    all.overflow = False
    for one in variables:
        name, content = one[:2]
        kept.append((name, content))
        if len(one) > 2:
            cgi_add_field(all, name, <unsigned int>len(name), content,
                          <unsigned int>len(content))
        else:
            cgi_add(all, name, <unsigned int>len(name), content,
                    <unsigned int>len(content))


def cgi_pairs(variables, sets=(), unsets=()):
    """The list as names and values, behind cgi_set and cgi_unset."""
    cdef cgi_list *all = <cgi_list *>malloc(sizeof(cgi_list))
    cdef char[EDITED_VALUE_BYTES_MAX] room
    cdef writer w
    cdef int i
    kept = []
    list_from(all, variables, kept)
    for name, content in sets:
        cgi_set(all, name, <unsigned int>len(name), content,
                <unsigned int>len(content))
    for name in unsets:
        cgi_unset(all, name, <unsigned int>len(name))
    out = []
    for i in range(all.count):
        writer_begin(&w, &room[0], sizeof(room))
        put_pair_name(&w, &all.pairs[i])
        out.append((
            w.begin[:w.p - w.begin],
            all.pairs[i].content[:all.pairs[i].content_length]))
    overflow = bool(all.overflow)
    free(all)
    return out, overflow


def cgi_packed(str how, variables, size_t room, bint keep=False, int body=0):
    """As it goes out; None where it found no room, False where uwsgi cannot say it."""
    cdef cgi_list *all = <cgi_list *>malloc(sizeof(cgi_list))
    cdef writer w
    cdef bint fits = True
    cdef Fence fence = Fence(bytes(room))
    kept = []
    list_from(all, variables, kept)
    writer_begin(&w, fence.data, room)
    if how == "fcgi":
        put_fastcgi_begin(&w, keep)
        put_fastcgi_params(&w, all)
    elif how == "scgi":
        put_scgi(&w, all, body)
    else:
        fits = put_uwsgi(&w, all)
    free(all)
    if not fits:
        return False
    return None if w.full else w.begin[:w.p - w.begin]


def fastcgi_body(bytes data, size_t room):
    cdef writer w
    cdef Fence fence = Fence(bytes(room))
    writer_begin(&w, fence.data, room)
    put_fastcgi_body(&w, data, <unsigned int>len(data))
    return None if w.full else w.begin[:w.p - w.begin]


def fastcgi_stdin_head(unsigned int size):
    cdef char[BUFFER_HEADROOM] room
    cdef int length = fastcgi_head_before(room + BUFFER_HEADROOM, size)
    return (<char *>room)[BUFFER_HEADROOM - length:BUFFER_HEADROOM]


def fastcgi_decoded(pieces):
    """(output, what STDERR said, events, end, bytes used, whether the output ended)."""
    cdef fastcgi_decoder d
    cdef Fence fence
    cdef char *out
    cdef char *at
    cdef value said
    cdef int result = FASTCGI_MORE
    output = bytearray()
    errors = bytearray()
    events = []
    used = 0
    fastcgi_begin(&d)
    for data in pieces:
        fence = Fence(data)
        out = at = fence.data
        while True:
            result = fastcgi_decode(&d, &out, &at, fence.data + fence.length, &said)
            assert fence.data <= out <= at <= fence.data + fence.length
            if result == FASTCGI_SAID:
                errors += said.data[:said.length]
                continue
            if result == FASTCGI_RECORD:
                events.append(d.odd)
                continue
            break
        used += at - fence.data
        output += fence.data[:out - fence.data]
        if result != FASTCGI_MORE:
            if result != FASTCGI_ENDED:
                events.append(d.odd)
            break
        assert at == fence.data + fence.length
    return (bytes(output), bytes(errors), events, FASTCGI_RESULTS[result], used,
            bool(d.output_ended))


def script_head(bytes data, pieces=None):
    """(what it becomes, bytes that it had, what its body should have); None: it is not
    whole; or a code."""
    cdef unsigned int scanned = 0
    cdef unsigned int looked = 0
    cdef int length = AGAIN
    cdef int result
    cdef long long announced
    cdef char *begin
    cdef Fence fence = Fence(b"-" * SCRIPT_HEAD_ROOM + data)
    cdef char *at = fence.data + SCRIPT_HEAD_ROOM
    for piece in pieces or [len(data)]:
        looked += piece
        length = script_head_find_end(at, looked, &scanned)
        if length != AGAIN:
            break
    if length == AGAIN:
        return None
    assert length <= looked
    result = script_head_to_http(at, <unsigned int>length, &begin, &announced)
    if result < 0:
        return result
    assert begin >= fence.data
    assert begin + result == at + length
    return begin[:result], length, announced
