"""A session by a cookie of the balancer's own (stickycookie=): whom a client asks for,
what of that the member sees, and when an answer sets it."""
# uses: ground/text, io/writer, ground/arena, io/date, http/fields,
#       balance/own_cookie, balance/elect, plan/plan, plan/out_fields, plan/facts,
#       plan/own_name, flow/exchange

cdef long long session_now_s(exchange *x) noexcept nogil:
    http_date()                 # refreshes the offset
    return (x.facts.started_us + wall_offset_us) // 1000000


cdef inline bint session_is_ours(const exchange *x) noexcept nogil:
    return x.choice.balancer != NULL and x.choice.balancer.own_cookie != NULL


cdef void session_learn(exchange *x) noexcept nogil:
    """The member that the client's cookie names; once per request. From here on it is
    a route that is asked for, as by any other cookie."""
    cdef balancer_plan *b = x.choice.balancer
    cdef const char *head = request_bytes(&x.facts)
    cdef long long now_s = session_now_s(x)
    cdef int tries = OWN_COOKIES_TRIED_MAX
    cdef cookie_said *said = &x.choice.session.said
    cdef const text *route
    cdef field *f
    cdef int i
    for i in range(x.facts.req.field_count):
        f = &x.facts.req.fields[i]
        if f.id == FIELD_COOKIE and own_cookie_find(
                b.own_cookie, value(head + f.value, f.value_length), now_s, &tries,
                said):
            break
    if said.member == 0:
        return
    route = &plan.members[b.member_index[said.position]].route
    x.choice.sticky.value = b.own_cookie.name.data
    x.choice.sticky.value_length = b.own_cookie.name.length
    x.choice.sticky.route = route.data
    x.choice.sticky.route_length = route.length
    env_set(&x.facts, ENV_BALANCER_SESSION_STICKY, b.own_cookie.name.data,
            b.own_cookie.name.length)
    env_set(&x.facts, ENV_BALANCER_SESSION_ROUTE, route.data, route.length)


cdef void session_elected(exchange *x, int chosen) noexcept nogil:
    """Whom the cookie has to name now; for each try."""
    cdef own_session *s = &x.choice.session
    s.member = x.choice.balancer.own_cookie.members[chosen]
    s.is_due = s.member != s.said.member or s.said.is_old
    if s.member != s.said.member:
        env_set(&x.facts, ENV_BALANCER_ROUTE_CHANGED, b"1", 1)


cdef void session_hide(exchange *x, out_list *out) noexcept nogil:
    """A member never sees the cookie."""
    cdef value left
    cdef int i = 0
    while i < out.count:
        if out.fields[i].id == FIELD_COOKIE:
            left = own_cookie_left_out(
                x.choice.balancer.own_cookie, &x.facts.arena,
                value(out.fields[i].value, out.fields[i].value_length))
            if left.data != NULL and left.length == 0:
                out_remove_at(out, i)
                continue
            out_set(&out.fields[i], left)
        i += 1


cdef void session_say(exchange *x, out_list *out) noexcept nogil:
    """Set it."""
    cdef own_cookie *c = x.choice.balancer.own_cookie
    cdef char[OWN_COOKIE_BYTES] letters
    cdef value line
    cdef writer w
    own_cookie_letters(
        c, <uint64_t>session_now_s(x), x.choice.session.member, &letters[0])
    arena_write(&x.facts.arena, &w)
    put(&w, c.name.data, c.name.length)
    put_byte(&w, c'=')
    put(&w, &letters[0], OWN_COOKIE_BYTES)
    put(&w, c.attributes.data, c.attributes.length)
    if c.secure or (c.secure_on_tls and client_speaks_tls(&x.facts)):
        put(&w, b"; Secure", 8)
    line = arena_written(&x.facts.arena, &w)
    if line.data == NULL:
        return                  # no memory: the request is answered with an error
    out_add(out, b"Set-Cookie", 10, line.data, line.length, FIELD_SET_COOKIE, False)
