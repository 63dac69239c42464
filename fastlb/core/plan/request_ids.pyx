"""What a request is called: UNIQUE_ID, REQUEST_ID, its trace (request_ids.pxd)."""
# uses: ground/chartable, ground/text, ground/arena, plan/build, plan/plan,
#       plan/facts, plan/variables, plan/unique_id, plan/trace_context

cdef bint request_id_is_sound(value id) noexcept nogil:
    """May a client's id go into logs and on to members?"""
    cdef unsigned int i
    if not 0 < id.length <= REQUEST_ID_BYTES_MAX:
        return False
    for i in range(id.length):
        if not char_class[<unsigned char>id.data[i]] & (CHAR_DIGIT | CHAR_ALPHA) \
                and memchr(b"-._~+/=:", id.data[i], 8) == NULL:
            return False
    return True


cdef void request_id_learn(request_facts *r) noexcept nogil:
    cdef value id = value(NULL, 0)
    if r.vhost.said.request_id == REQUEST_ID_KEEP:
        id = request_field(r, &r.vhost.request_id_header)
    if id.data != NULL and request_id_is_sound(id):
        # The buffer of the head may be exchanged.
        id = arena_copy(&r.arena, id.data, id.length)
    else:
        id = unique_id_make(r)
    request_id_set(r, ID_REQUEST, id)


cdef void request_ids_learn(request_facts *r) noexcept nogil:
    request_id_set(r, ID_UNIQUE, unique_id_make(r))
    if r.vhost.said.request_id != REQUEST_ID_OFF:
        request_id_learn(r)
    if r.vhost.said.trace_context:
        trace_learn(r)
