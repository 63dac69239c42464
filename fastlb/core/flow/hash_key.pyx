"""What a request is hashed by (hashkey=), for lbmethod=byhash.

Any client can choose a header, a cookie or a URI, and so the member that serves it; how
much of one member's load that can make is bounded (hashload=).
"""
# uses: ground/text, ground/hash, http/fields, balance/elect, balance/sticky,
#       plan/variables, flow/exchange

cdef uint64_t hash_key_of(exchange *x, const balancer_plan *b) noexcept nogil:
    """0: the request has none, or the balancer asks for none."""
    cdef value found = hash_value_of(x, b)
    if found.length == 0:
        return 0
    return hash_of(found.data, found.length) | 1


cdef value hash_value_of(exchange *x, const balancer_plan *b) noexcept nogil:
    """The bytes of the request that its key is made of."""
    cdef value target = x.facts.target
    if b.hash_by == HASH_BY_IP:
        return value(<const char *>&x.down.client.remote[0], ADDRESS_BYTES)
    if b.hash_by == HASH_BY_URI:
        return target
    if b.hash_by == HASH_BY_PATH:
        return value(target.data, <unsigned int>(<const char *>memchr_or_end(
            target.data, c'?', target.length) - target.data))
    if b.hash_by == HASH_BY_HEADER:
        return field_named(&x.facts, b.hash_name, b.hash_name_length)
    if b.hash_by == HASH_BY_COOKIE:
        return hash_cookie_of(x, b)
    return value(NULL, 0)


cdef value hash_cookie_of(exchange *x, const balancer_plan *b) noexcept nogil:
    cdef value cookies = field_by_id(&x.facts, FIELD_COOKIE, b"Cookie", 6)
    cdef value found = value(NULL, 0)
    if cookies.length:
        found.data = sticky_cookie_value(
            cookies.data, cookies.data + cookies.length, b.hash_name,
            b.hash_name_length, &found.length)
    return found
