"""CONNECT: a tunnel to where the client says (RFC 9110 9.3.6).

  access rules -> port allowed? -> addresses -> allowed? -> connected -> 200, X_TUNNEL
                                   X_WAIT_ADDRESS

<Proxy> sections are compared with one spelling of what is asked for (connect_named).
Those that name it as it was written, or an address that it leads to, must allow it
as well: LOCALHOST, localhost., 127.1 and [::ffff:127.0.0.1] are one place.

There is no member. What stands in its place is connect_target, one for the process:
its slot is in memory of our own, so nothing that a CONNECT does is counted for, or
found by, anybody else; the addresses are the exchange's.
"""
# uses: ground/chartable, ground/text, io/writer, ground/address, ground/path,
#       ground/arena, io/timer, io/watch, http/host, http/framing, balance/table,
#       plan/plan, plan/facts, plan/undecided, plan/tls_variables, plan/rules,
#       plan/because, plan/access, plan/decide, flow/exchange, flow/states,
#       flow/member, flow/log_rows, flow/service_log, flow/services, flow/answer,
#       flow/decided, flow/choose

cdef void connect_route(exchange *x) noexcept nogil:
    """The head of a CONNECT has come."""
    cdef int first = x.facts.conf_count
    cdef value asked, named
    cdef decision d
    cdef int what
    if not x.facts.vhost.said.proxy_requests:
        exchange_answer_error(x, 405, NULL)
        return
    if x.body.framing.kind == BODY_CHUNKED or x.body.framing.length:
        # It has no body (RFC 9110 9.3.6): nobody could say where the tunnel begins.
        x.keepalive = False
        exchange_answer_error(x, 400, NULL)
        return
    x.tunnel.addresses = <member_address *>arena_take_struct(
        &x.facts.arena, ADDRESSES_PER_MEMBER_MAX * sizeof(member_address))
    # For messages: as Apache names what was asked for.
    asked = request_part(&x.facts, x.facts.req.target)
    asked = x.facts.decoded = arena_copy(&x.facts.arena, asked.data, asked.length)
    if x.tunnel.addresses == NULL or asked.data == NULL:
        exchange_answer_error(x, 500, NULL)
        return
    x.tunnel.address_count = connect_literal(x, &x.tunnel.addresses[0])
    named = connect_named(x)
    if not connect_sections(x, named):
        d.status = 500
        d.because = BECAUSE_OF_SECTIONS
        exchange_answer_decided(x, DECIDED_ERROR, &d)
        return
    rules_env_if(&x.facts, first, x.facts.conf_count)
    what = request_admit(&x.facts, &d)
    if what != DECIDED_MEMBER:
        exchange_answer_decided(x, what, &d)
        return
    if not connect_others_allow(x, asked):
        connect_deny(x)
        return
    if unlikely(x.down.client.tls_vhost != NULL):
        rules_tls_env(&x.facts)
    rules_env(&x.facts)
    if not connect_port_is_allowed(x):
        say_more(x, &SAY_RETURNED, 0, b"Connect to remote machine blocked", 0)
        exchange_answer_error(x, 403, b"Connect to remote machine blocked")
        return
    x.member = &connect_target
    if x.tunnel.address_count:
        connect_go(x)
        return
    exchange_enter(x, X_WAIT_ADDRESS)
    timer_set(&x.down.c.timer, watch.now_us + x.facts.vhost.said.timeout_us)
    if not service_ask_address(x, connect_port(x)):
        exchange_answer_error(x, 500, NULL)


cdef int connect_port(exchange *x) noexcept nogil:
    """head_check_host has seen that it is there and valid."""
    cdef value target = request_part(&x.facts, x.facts.req.target)
    return port_of_authority(target.data, target.length)


cdef bint connect_port_is_allowed(exchange *x) noexcept nogil:
    cdef plan_vhost *v = x.facts.vhost
    cdef int port = connect_port(x)
    cdef int i
    for i in range(v.connect_port_count):
        if v.connect_ports[2 * i] <= port <= v.connect_ports[2 * i + 1]:
            return True
    return False


cdef int connect_literal(exchange *x, member_address *out) noexcept nogil:
    """The host as an address, in any spelling that resolvers take for one: 1, or 0."""
    cdef value host = request_part(&x.facts, x.facts.host)
    cdef char[ADDRESS_SPELLED_BYTES] literal
    cdef bint bracketed = host.length > 2 and host.data[0] == c'['
    memset(out, 0, sizeof(member_address))
    out.port = <uint16_t>connect_port(x)
    if not copy_terminated(
            &literal[0], sizeof(literal), host.data + bracketed,
            host.length - 2 * bracketed):
        return 0
    if bracketed:
        out.family = AF_INET6
        if inet_pton(AF_INET6, &literal[0], &out.bytes[0]) != 1:
            return 0
    else:
        out.family = AF_INET
        # 127.1, 0x7f000001 and 2130706433, too.
        if inet_aton(&literal[0], <in_addr *>&out.bytes[0]) != 1:
            return 0
    connect_unmap(out)
    return 1


cdef void connect_unmap(member_address *a) noexcept nogil:
    """::ffff:a.b.c.d reaches a.b.c.d, and is that."""
    if a.family != AF_INET6 or not address_is_four(&a.bytes[0]):
        return
    memmove(&a.bytes[0], &a.bytes[12], 4)
    memset(&a.bytes[4], 0, 12)
    a.family = AF_INET


cdef value connect_named(exchange *x) noexcept nogil:
    """What is asked for, in the one spelling that rules are compared with: an address
    as it is usually written, a name in lower case without its last dot, the port
    without leading zeros."""
    cdef value host = request_part(&x.facts, x.facts.host)
    cdef writer w
    if x.tunnel.address_count:
        return connect_spelled(x, &x.tunnel.addresses[0])
    arena_write(&x.facts.arena, &w)
    put_lower(&w, host.data, host.length)
    put_byte(&w, c':')
    put_number(&w, connect_port(x))
    return arena_written(&x.facts.arena, &w)


cdef value connect_spelled(exchange *x, const member_address *a) noexcept nogil:
    cdef writer w
    arena_write(&x.facts.arena, &w)
    put_host(&w, a)
    put_byte(&w, c':')
    put_number(&w, a.port)
    return arena_written(&x.facts.arena, &w)


cdef void put_host(writer *w, const member_address *a) noexcept nogil:
    """The address as the host of an authority."""
    cdef char[ADDRESS_TEXT_BYTES] text
    if inet_ntop(a.family, &a.bytes[0], &text[0], sizeof(text)) == NULL:
        return
    if a.family == AF_INET6:
        put_byte(w, c'[')
    put(w, &text[0], strlen(&text[0]))
    if a.family == AF_INET6:
        put_byte(w, c']')


# Rules ---------------------------------------------------------------------------

cdef bint connect_sections(exchange *x, value target) noexcept nogil:
    """Add the <Proxy> sections that name what is asked for ("host:port"). False: too
    many."""
    cdef plan_vhost *v = x.facts.vhost
    cdef int i
    for i in range(v.section_count):
        if not connect_section_names(&v.sections[i], x, target):
            continue
        if x.facts.conf_count == SECTIONS_MATCHED_MAX:
            return False
        x.facts.confs[x.facts.conf_count] = &v.sections[i].conf
        x.facts.conf_count += 1
    return True


cdef bint connect_section_names(
        plan_section *s, exchange *x, value target) noexcept nogil:
    """As proxy_section_names; there is no path, and a host's case means nothing."""
    cdef unsigned int host
    if s.kind < SECTION_PROXY:
        return False
    if s.regex >= 0:
        return request_matches(
            &x.facts, s.regex, True, target.data, target.length, NULL) > 0
    if not s.is_glob:
        return target.length >= s.pattern.length and bytes_equal_nocase(
            s.pattern.data, target.data, s.pattern.length)
    host = connect_literal_of(&s.pattern, target)
    if host:
        # "[::1]:*" is no class of characters where an address can stand.
        target.data += host
        target.length -= host
        host = <unsigned int>(<const char *>memchr_or_end(
            s.pattern.data, c']', s.pattern.length) - s.pattern.data) + 1
        return glob_match(s.pattern.data + host, s.pattern.length - host, target.data,
                          target.length, False, True) or host == s.pattern.length
    return glob_match(
        s.pattern.data, s.pattern.length, target.data, target.length, False, True)


cdef unsigned int connect_literal_of(const text *pattern, value target) noexcept nogil:
    """Bytes of the target's host, if the pattern begins with that address in brackets;
    0: it does not."""
    cdef member_address address
    cdef char[ADDRESS_SPELLED_BYTES] literal
    cdef unsigned int length
    cdef const char *end
    cdef writer w
    if pattern.length < 2 or pattern.data[0] != c'[':
        return 0
    end = <const char *>memchr_or_end(pattern.data, c']', pattern.length)
    length = <unsigned int>(end - pattern.data) - 1
    if not copy_terminated(&literal[0], sizeof(literal), pattern.data + 1, length):
        return 0
    memset(&address, 0, sizeof(address))
    address.family = AF_INET6
    if inet_pton(AF_INET6, &literal[0], &address.bytes[0]) != 1:
        return 0
    connect_unmap(&address)
    writer_begin(&w, &literal[0], sizeof(literal))
    put_host(&w, &address)
    length = writer_held(&w)
    if target.length > length and target.data[length] == c':' and memcmp(
            target.data, &literal[0], length) == 0:
        return length
    return 0


cdef bint connect_others_allow(exchange *x, value target) noexcept nogil:
    """Do the <Proxy> sections that name what is reached, by another spelling than what
    was asked for, let this client through? Each must by itself: a grant for a name is
    none for every address that its owner may give it."""
    cdef plan_vhost *v = x.facts.vhost
    cdef int i, j
    cdef bint judged
    for i in range(v.section_count):
        if not connect_section_names(&v.sections[i], x, target):
            continue
        judged = False
        for j in range(x.facts.conf_count):
            judged = judged or x.facts.confs[j] == &v.sections[i].conf
        if not judged and not connect_conf_allows(x, &v.sections[i].conf):
            return False
    return True


cdef bint connect_conf_allows(exchange *x, plan_conf *c) noexcept nogil:
    """Who the user is has been found out before."""
    if c.old != NULL and not access_old_admits(&x.facts, c.old):
        return False
    return c.access_count == 0 or access_evaluate(
        &x.facts, c.access, True) == ACCESS_IS_GRANTED


cdef bint connect_is_own_machine(const member_address *a) noexcept nogil:
    """127.0.0.0/8, ::1, and the unspecified addresses, which lead there, too."""
    cdef int i
    if a.family == AF_INET:
        return a.bytes[0] == 127 or a.bytes[0] == 0
    for i in range(15):
        if a.bytes[i]:
            return False
    return a.bytes[15] <= 1


cdef bint connect_may_reach(exchange *x, const member_address *a) noexcept nogil:
    """Do the rules allow what is reached there, whatever it was called?"""
    if not connect_others_allow(x, connect_spelled(x, a)):
        return False
    return not connect_is_own_machine(a) or (
        connect_may_ask_for(x, b"localhost", a.port)
        and connect_may_ask_for(x, b"127.0.0.1", a.port)
        and connect_may_ask_for(x, b"[::1]", a.port))


cdef bint connect_may_ask_for(
        exchange *x, const char *host, int port) noexcept nogil:
    cdef writer w
    arena_write(&x.facts.arena, &w)
    put(&w, host, strlen(host))
    put(&w, b":", 1)
    put_number(&w, port)
    return connect_others_allow(x, arena_written(&x.facts.arena, &w))


cdef void connect_go(exchange *x) noexcept nogil:
    """The addresses are known (x.tunnel.addresses). Those that rules deny are left
    out."""
    cdef int i, allowed = 0
    exchange_enter(x, X_DECIDE)
    timer_clear(&x.down.c.timer)
    for i in range(x.tunnel.address_count):
        connect_unmap(&x.tunnel.addresses[i])
        if connect_may_reach(x, &x.tunnel.addresses[i]):
            x.tunnel.addresses[allowed] = x.tunnel.addresses[i]
            allowed += 1
    x.tunnel.address_count = allowed
    if unlikely(x.facts.undecided or x.facts.arena.starved):
        exchange_answer_error(x, 500, NULL)
        return
    if allowed == 0:
        connect_deny(x)
        return
    exchange_connect(x, False)


cdef void connect_deny(exchange *x) noexcept nogil:
    say(x, &SAY_DENIED)
    exchange_answer_error(x, 403, NULL)


cdef void connect_unknown(exchange *x) noexcept nogil:
    """The name has no address, or a look-up took too long."""
    cdef const char *told = service_no_address(x)
    say(x, &SAY_UNRESOLVED)
    say_more(x, &SAY_RETURNED, 0, told, 0)
    exchange_answer_error(x, 502, told)
