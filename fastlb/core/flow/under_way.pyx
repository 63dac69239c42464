"""Which requests are under way, told in the table to whoever asks any worker
(SetHandler server-status).

A request costs nothing for that: a tick walks the connections, takes the exchanges that
have been longest under way, and writes down where each stands. With many connections
not every tick does, so that a walk takes the same small part of the time.

A path says what is asked for; what follows a `?` or a `;` says who asks, as often as
not (a session, a token), and is no part of it.
"""
# uses: ground/text, io/writer, io/watch, balance/table, plan/plan, plan/facts,
#       flow/exchange, flow/engine, flow/follow

cdef enum:
    # what one is doing; the order is that of STATES in facts/under_way.py
    UNDER_WAY_READING = 0       # the client sends its body
    UNDER_WAY_DECIDING = 1      # a name, a password or AuthRequest is waited for
    UNDER_WAY_WAITING = 2       # for a member, or a connection to it
    UNDER_WAY_CONNECTING = 3
    UNDER_WAY_ASKED = 4         # the member's answer is waited for
    UNDER_WAY_SENDING = 5
    UNDER_WAY_TUNNEL = 6


cdef void under_way_tell() noexcept nogil:
    cdef (exchange *)[REQUESTS_SHOWN] found
    cdef worker_requests told
    cdef int i, count = 0
    if not plan.extended_status or watch.now_us < engine.under_way_us:
        return
    engine.under_way_us = watch.now_us + UNDER_WAY_PAUSE_US + (
        <long long>engine.downstream_count * UNDER_WAY_LOOK_US)
    memset(&told, 0, sizeof(told))
    if engine.exchange_count:
        count = under_way_longest(watch.now_us - UNDER_WAY_AFTER_US, &found[0])
    for i in range(count):
        under_way_put(found[i], &told.rows[i])
    worker_requests_write(engine.view, engine.slot, &told)


# Those that began before that, the oldest first. returns how many
cdef int under_way_longest(long long before_us, exchange **found) noexcept nogil:
    cdef downstream *d = engine.all
    cdef exchange *x
    cdef int count = 0
    while d != NULL:            # once each: under_way_us says how often
        x = d.x
        d = d.all_next
        if x == NULL or x.facts.started_us > before_us:
            continue
        x = under_way_insert(x, found, count)
        if count < REQUESTS_SHOWN:
            found[count] = x
            count += 1
        elif x.facts.started_us < before_us:
            # there were older ones than that, as many as are shown
            before_us = x.facts.started_us
    return count


# Put it in its place among so many; returns the one for which there is none any more.
cdef exchange *under_way_insert(
        exchange *x, exchange **found, int count) noexcept nogil:
    cdef exchange *other
    cdef int i
    for i in range(count):
        other = found[i]
        if other.facts.started_us > x.facts.started_us:
            found[i] = x
            x = other
    return x


cdef void under_way_put(exchange *x, request_row *row) noexcept nogil:
    cdef writer w
    row.since_us = x.facts.started_us
    row.bytes_out = <uint64_t>x.record.bytes_out
    row.member = -1
    if x.member != NULL:
        row.member = <int32_t>(x.member.slot - engine.view.members)
    row.vhost = x.facts.vhost.index
    row.state = under_way_state(x)
    memcpy(&row.client[0], &x.facts.client.remote[0], sizeof(row.client))
    if x.facts.req.method.length == 0:
        return                  # a head that was refused
    writer_begin(&w, &row.text[0], REQUEST_TEXT_BYTES)
    put_as_far(&w, request_part(&x.facts, x.facts.req.method))
    put_byte(&w, c' ')
    put_as_far(&w, path_alone(request_part(&x.facts, x.facts.req.target)))


# Without a query, and without parameters of its last part.
cdef value path_alone(value target) noexcept nogil:
    cdef const char *end = target.data + target.length
    end = <const char *>memchr_or_end(target.data, c'?', end - target.data)
    end = <const char *>memchr_or_end(target.data, c';', end - target.data)
    return value(target.data, <unsigned int>(end - target.data))


cdef uint32_t under_way_state(const exchange *x) noexcept nogil:
    if x.state == X_TUNNEL:
        return UNDER_WAY_TUNNEL
    if x.state == X_LOCAL or x.state == X_LISTING:
        return UNDER_WAY_SENDING
    if x.state == X_READ_BODY:
        return UNDER_WAY_READING
    if x.question.of != NULL or x.state == X_WAIT_HOST or x.state == X_WAIT_ADDRESS:
        return UNDER_WAY_DECIDING
    if x.state != X_SEND:
        return UNDER_WAY_WAITING
    if x.up == NULL or x.up.state != UP_BUSY:
        return UNDER_WAY_CONNECTING
    if x.res.head_sent:
        return UNDER_WAY_SENDING
    return UNDER_WAY_ASKED if x.body.done else UNDER_WAY_READING
