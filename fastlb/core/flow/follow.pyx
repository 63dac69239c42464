"""What happens to requests that somebody follows, step by step (balance/follow.pyx).

Any other request costs a look at one word of the table when it begins, and at each step
one at a flag of its exchange.
"""
# uses: ground/text, io/writer, ground/address, ground/path, io/watch, balance/table,
#       balance/follow, balance/ledger, balance/lbmethods/method, balance/elect,
#       plan/build, plan/plan, plan/client, plan/facts, plan/decide, plan/numbered,
#       flow/exchange, flow/engine

cdef enum:
    # what an event tells; facts/trace.py has the same names
    FOLLOW_BEGAN = 1        # subject: of the virtual host; text: method and target
    FOLLOW_CLIENT = 2       # text: its address; count: over TLS
    FOLLOW_HOST = 3         # text: that is asked for
    FOLLOW_ID = 4           # text: of the request (RequestID)
    FOLLOW_PATH = 5         # text: that rules have made
    FOLLOW_DECIDED = 6      # subject: DECIDED_*; count: status; text: what it leads to
    FOLLOW_MAPPED = 7       # subject, count: as mapping_number; text: what is asked for
    FOLLOW_SESSION = 8      # text: its route; count: FOLLOW_FROM_*
    FOLLOW_SEEN = 9         # subject: slot; count: flags; more: a candidate; text: why
    FOLLOW_ELECTED = 10     # subject: slot, -1: none; count: FOLLOW_BY_*; more: ELECT_*
    FOLLOW_ASKED = 11       # subject: slot; count: tries so far; more: AuthRequest
    FOLLOW_CONNECTED = 12   # subject: slot; count: requests before it, 0: a new one
    FOLLOW_STATE = 13       # subject: X_*
    FOLLOW_ANSWERED = 14    # subject: slot; count: status; more: AuthRequest
    FOLLOW_SAID = 15        # text: a line for the error log, with module and level
    FOLLOW_ENDED = 16       # count: status; more: cut off; figure: bytes to the client

cdef enum:
    FOLLOW_FROM_COOKIE = 0
    FOLLOW_FROM_URL = 1
    FOLLOW_FROM_OWN = 2     # stickycookie=

cdef enum:
    FOLLOW_BY_ROUTE = 1
    FOLLOW_BY_FORCE = 2     # all were in error
    FOLLOW_BY_FEWER = 4     # among those that it has not tried

cdef follow_desk follow_sought      # as this worker has seen it last
cdef uint32_t follow_number = 0


cdef void follow_prepare() noexcept nogil:
    """Nothing is known of this table's desk."""
    memset(&follow_sought, 0, sizeof(follow_desk))
    follow_sought.version = 1       # nobody who has ended writing leaves an odd one


cdef inline void follow_begin(exchange *x) noexcept nogil:
    """A head has been understood: is it one of those?"""
    if unlikely(follow_is_on(engine.view, watch.now_us)) and follow_is_sought(x) \
            and follow_has_room(engine.view, engine.slot):
        follow_began(x)


cdef bint follow_is_sought(exchange *x) noexcept nogil:
    cdef follow_desk *s = &follow_sought
    cdef value v
    cdef network of
    if not follow_wanted(engine.view, s):
        return False
    v = request_part(&x.facts, x.facts.req.method)
    if s.method[0] and (
            strlen(s.method) != v.length or memcmp(s.method, v.data, v.length)):
        return False
    v = request_part(&x.facts, x.facts.host)
    if s.host[0] and not glob_match(
            s.host, <unsigned int>strlen(s.host), v.data, v.length, False, True):
        return False
    v = request_part(&x.facts, x.facts.path)
    if strlen(s.path) > v.length or memcmp(s.path, v.data, strlen(s.path)):
        return False
    of.bits = <unsigned char>min(s.bits, 128)
    memcpy(of.address, s.network, sizeof(s.network))
    return of.bits == 0 or network_holds(&of, &x.facts.client.remote[0])


cdef void follow_began(exchange *x) noexcept nogil:
    global follow_number
    cdef char[FOLLOW_TEXT_BYTES] room
    cdef writer w
    follow_number += 1
    if follow_number == 0:
        follow_number = 1
    x.followed = follow_number
    writer_begin(&w, &room[0], FOLLOW_TEXT_BYTES)
    put_as_far(&w, request_part(&x.facts, x.facts.req.method))
    put_as_far(&w, value(b" ", 1))
    put_as_far(&w, request_part(&x.facts, x.facts.req.target))
    follow_note(
        x, FOLLOW_BEGAN, x.facts.vhost.index, 0, 0, value(&room[0], writer_held(&w)))
    client_learn_remote(x.facts.client)
    follow_note(
        x, FOLLOW_CLIENT, 0, x.facts.client.tls_vhost != NULL, 0,
        value(&x.facts.client.remote_text[0], x.facts.client.remote_text_length))
    follow_note(
        x, FOLLOW_HOST, 0, 0, 0, request_part(&x.facts, x.facts.host))
    if x.facts.vhost.said.request_id != REQUEST_ID_OFF:
        follow_note(
            x, FOLLOW_ID, 0, 0, 0, env_of(&x.facts, plan_ids[<int>ID_REQUEST]))


cdef void put_as_far(writer *w, value v) noexcept nogil:
    """As much as there is room for."""
    cdef size_t room = writer_room(w)
    put(w, v.data, v.length if v.length < room else room)


cdef void follow_put(
        exchange *x, uint32_t kind, int subject, int count, int more,
        long long figure, value said) noexcept nogil:
    cdef follow_event e
    cdef writer w
    memset(&e, 0, sizeof(e))
    e.request = x.followed
    e.at_us = clock_us()
    e.kind = kind
    e.subject = subject
    e.count = count
    e.more = more
    e.figure = figure
    writer_begin(&w, &e.text[0], FOLLOW_TEXT_BYTES)
    put_as_far(&w, said)
    follow_write(engine.view, engine.slot, &e)


cdef void follow_note(
        exchange *x, uint32_t kind, int subject, int count, int more,
        value said) noexcept nogil:
    follow_put(x, kind, subject, count, more, 0, said)


cdef int follow_slot(const plan_member *m) noexcept nogil:
    """-1: none of the table's, as what CONNECT reaches."""
    cdef ssize_t slot
    if m == NULL:
        return -1
    slot = m.slot - engine.view.members
    return <int>slot if 0 <= slot < <ssize_t>engine.view.members_max else -1


cdef void follow_decided(exchange *x, int what, const decision *d) noexcept nogil:
    cdef value led = value(NULL, 0)
    cdef int status = 0
    if x.facts.original.data != NULL:
        follow_note(x, FOLLOW_PATH, 0, 0, 0, x.facts.decoded)
    if what == DECIDED_WAIT:
        return
    if what == DECIDED_REDIRECT:
        led = d.moved.location
        status = d.moved.status
    elif what == DECIDED_HANDLER:
        led = value(d.handler.data, d.handler.length)
    elif what == DECIDED_FILE:
        led = x.facts.file.name
    elif what == DECIDED_ERROR:
        status = d.status
    follow_note(x, FOLLOW_DECIDED, what, status, 0, led)


cdef void follow_mapped(exchange *x) noexcept nogil:
    cdef int section, number
    mapping_number(&x.facts, x.facts.mapping, &section, &number)
    follow_note(x, FOLLOW_MAPPED, section, number, 0, x.facts.target)


cdef void follow_elected(exchange *x, int chosen, bint of_fewer) noexcept nogil:
    """What elect_seen holds, and why the others were no candidates."""
    cdef const balancer_plan *b = x.choice.balancer
    cdef const election *e = &x.choice.election
    cdef int i
    elect_seen.wanted = False
    if not e.by_route:
        for i in range(elect_seen.count):
            follow_candidate(x, i)
    for i in range(min(b.member_count, FOLLOW_MEMBERS_MAX)):
        if e.by_route or not follow_is_candidate(i):
            follow_note(
                x, FOLLOW_SEEN, <int>(b.members[i] - engine.view.members),
                <int>member_flags_now(engine.view, b.members[i]), 0, value(NULL, 0))
    elect_seen.count = 0
    follow_note(
        x, FOLLOW_ELECTED,
        -1 if chosen < 0 else <int>(b.members[chosen] - engine.view.members),
        (FOLLOW_BY_ROUTE if e.by_route else 0)
        | (FOLLOW_BY_FORCE if e.forced_recovery else 0)
        | (FOLLOW_BY_FEWER if of_fewer else 0),
        e.why, value(NULL, 0))


cdef bint follow_is_candidate(int position) noexcept nogil:
    cdef int i
    for i in range(elect_seen.count):
        if elect_seen.positions[i] == position:
            return True
    return False


cdef void follow_candidate(exchange *x, int i) noexcept nogil:
    """... with what the method compared."""
    cdef const member_slot *m = x.choice.balancer.members[elect_seen.positions[i]]
    cdef char[FOLLOW_TEXT_BYTES] room
    cdef const lb_score *score
    cdef writer w
    cdef int k
    writer_begin(&w, &room[0], FOLLOW_TEXT_BYTES)
    for k in range(elect_seen.score_counts[i]):
        score = &elect_seen.scores[i][k]
        if k:
            put(&w, b", ", 2)
        put(&w, score.name, strlen(score.name))
        put(&w, b" -" if score.number < 0 else b" ", 2 if score.number < 0 else 1)
        put_number(
            &w, <unsigned long long>(
                -score.number if score.number < 0 else score.number))
    follow_note(
        x, FOLLOW_SEEN, <int>(m - engine.view.members),
        <int>member_flags_now(engine.view, m), 1, value(&room[0], writer_held(&w)))


cdef inline void follow_state(exchange *x, unsigned char state) noexcept nogil:
    """What it waits for; the other states are told by what is done in them."""
    if state != X_DECIDE and state != X_SEND and state != X_CALLED \
            and state != X_LOCAL:
        follow_note(x, FOLLOW_STATE, state, 0, 0, value(NULL, 0))


cdef void follow_ended(exchange *x) noexcept nogil:
    follow_put(
        x, FOLLOW_ENDED, 0, x.status, x.record.aborted, x.record.bytes_out,
        value(NULL, 0))
    x.followed = 0
