"""The fields that end at the next hop (RFC 9110 5.6.1, 7.6.1)."""
# uses: ground/chartable, ground/list, http/fields

cdef int head_drop_hop_by_hop(
    head *h, const char *data, hop_facts *facts
) noexcept nogil:
    cdef unsigned int i
    cdef int left = CONNECTION_OPTIONS_MAX
    cdef field *f
    facts.close = facts.keep_alive = facts.upgrade = False
    if not h.seen & HOP_BY_HOP_IDS:
        return 0
    for i in range(h.field_count):
        f = &h.fields[i]
        if f.id < 32 and <unsigned int>1 << f.id & HOP_BY_HOP_IDS:
            f.dropped = 1
            if f.id == FIELD_CONNECTION:
                left = drop_named_fields(h, data, f, facts, left)
                if left < 0:
                    return FAILED
    return 0


# left: how many options may still come. returns how many then; < 0: there were more
cdef int drop_named_fields(
    head *h, const char *data, field *connection, hop_facts *facts, int left
) noexcept nogil:
    cdef const char *p = data + connection.value
    cdef const char *end = p + connection.value_length
    cdef const char *begin
    cdef unsigned int size
    cdef unsigned int i
    cdef field *f
    while next_list_member(&p, end, &begin, &size):
        if size == 5 and bytes_equal_nocase(begin, "close", 5):
            facts.close = True
        elif size == 10 and bytes_equal_nocase(begin, "keep-alive", 10):
            facts.keep_alive = True
        elif size == 7 and bytes_equal_nocase(begin, "upgrade", 7):
            facts.upgrade = True
        else:
            # Each option costs a walk over the fields: so many are an attack.
            left -= 1
            if left < 0:
                break
            for i in range(h.field_count):
                f = &h.fields[i]
                # Host is for every recipient: it decides where the request goes.
                if f.name_length == size and f.id != FIELD_HOST and (
                    bytes_equal_nocase(data + f.name, begin, size)
                ):
                    f.dropped = 1
    return left
