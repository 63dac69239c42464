"""What an exchange is (exchange.pxd), and what can be said of it by itself."""
# uses: ground/text, io/buffer, io/writer, ground/arena, io/timer, io/watch,
#       http/fields, http/count, http/hops, http/framing, http/chunked, filters/stage,
#       balance/table, balance/own_cookie, balance/elect, balance/budget,
#       balance/sticky, filters/chain, plan/plan, plan/out_fields, plan/client,
#       plan/facts, plan/variables, plan/logged, flow/kept

# What an exchange of this plan takes, and where in it the values of variables lie.
cdef size_t exchange_bytes = 0
cdef size_t exchange_env_at = 0


cdef void exchange_measure() noexcept nogil:
    """The plan is known: a head has only so many fields, variables have their numbers.
    Declared are the most of both, and thousands of exchanges lie in memory."""
    global exchange_bytes, exchange_env_at
    cdef unsigned int fields = 0
    cdef int i
    for i in range(plan.vhost_count):
        if plan.vhosts[i].has_early:
            fields = FIELD_COUNT_MAX    # early rules may add some
        elif plan.vhosts[i].limits.field_count > fields:
            fields = plan.vhosts[i].limits.field_count
    # facts are the last of an exchange, the head the last of facts, fields of a head.
    exchange_env_at = sizeof(exchange) - (FIELD_COUNT_MAX - fields) * sizeof(field)
    exchange_env_at = (exchange_env_at + STRUCT_ALIGN - 1) & ~<size_t>(STRUCT_ALIGN - 1)
    exchange_bytes = exchange_env_at + sizeof(value) * plan.env_count


cdef char *request_kept(const exchange *x) noexcept nogil:
    """What is kept of the body, x.body.kept bytes; for one step, as request_bytes."""
    return &x.down.input.data[x.body.at]


cdef unsigned int request_end(exchange *x) noexcept nogil:
    """Offset in down.input behind this request: where the next one begins."""
    # Not by the framing: a request that is answered by an ErrorDocument has become a
    # GET without a body, and its body must not be taken for the next request.
    if x.body.at == 0:
        return x.facts.base + x.facts.req.length
    return x.body.raw_at


cdef void exchange_renew(exchange *x) noexcept nogil:
    """Debug builds: exchange every buffer of both sides. It stands where a step begins,
    and where another may have begun before it goes on."""
    if not DEBUG_BUILD:
        return
    buffer_renew(&x.down.input)
    buffer_renew(&x.down.output)
    buffer_renew(&x.body.stream)
    if x.filters != NULL:
        chain_renew(x.filters)
    if x.up != NULL:
        buffer_renew(&x.up.input)
        buffer_renew(&x.up.output)


cdef bint client_closes(const exchange *x) noexcept nogil:
    """Has the client called this request its last (RFC 9112 9.6, 9.3)?"""
    return (x.hop.close or x.facts.req.minor == 9
            or (x.facts.req.minor == 0 and not x.hop.keep_alive))


cdef bint response_reusable(exchange *x) noexcept nogil:
    """May the member's connection serve another request?"""
    if unlikely(x.attempt.codec != NULL):
        return (x.res.reusable and x.attempt.codec.in_step
                and not x.attempt.is_deaf and x.up.output == NULL
                and (x.body.stream == NULL or buffer_held(x.body.stream) == 0))
    return (x.res.reusable and x.attempt.sent and not x.attempt.is_deaf
            and (x.body.done or x.question.of != NULL))


cdef void response_source_done(exchange *x) noexcept nogil:
    """All has come from the member; its timer is for the next request."""
    timer_clear(&x.up.c.timer)


cdef bint request_is_idempotent(exchange *x) noexcept nogil:
    """RFC 9110 9.2.2."""
    cdef int method = x.facts.req.method_id
    return (method == METHOD_GET or method == METHOD_HEAD or method == METHOD_PUT
            or method == METHOD_DELETE or method == METHOD_OPTIONS
            or method == METHOD_TRACE or x.question.of != NULL)


cdef bint request_is_keyed(exchange *x) noexcept nogil:
    """Its client says that whoever gets it twice knows by its key, and does it once.
    (Nothing that httpd looks at.)"""
    return not plan.compat_apache and field_named(
        &x.facts, b"Idempotency-Key", 15).length != 0


cdef bint request_goes_once(exchange *x) noexcept nogil:
    """Nobody could send it again, if its connection ended under it: it is not
    idempotent, or not all of its body will be at hand. (One with a key goes as
    carefully: that spares it the second time, and this is asked of each request.)"""
    if not request_is_idempotent(x):
        return True
    return not x.body.done and x.question.of == NULL and not (
        x.body.framing.kind == BODY_LENGTH
        and x.body.framing.length <= BODY_KEEP_BYTES)


cdef bint request_may_move(exchange *x) noexcept nogil:
    """... to another member, when the one that was asked is lost. As httpd's AJP: what
    has a query may have done something, whatever its method says."""
    if likely(x.attempt.codec == NULL) or x.attempt.bytes_out == 0 \
            or x.attempt.await_continue or x.question.of != NULL:
        return request_can_be_sent_again(x)
    return request_can_be_sent_again(x) and memchr(
        x.facts.target.data, c'?', x.facts.target.length) == NULL


cdef bint request_can_be_sent_again(exchange *x) noexcept nogil:
    """Nothing of it can have been processed twice, and its bytes are at hand."""
    if unlikely(x.attempt.codec != NULL) and x.attempt.body_sent:
        return False    # as httpd: what has read a part of a body is not asked twice
    return request_is_at_hand(x)


cdef bint request_is_at_hand(exchange *x) noexcept nogil:
    """... and nobody may have read of it, since nobody was there any more."""
    return request_rule(x) != AGAIN_NOT


cdef int request_rule(exchange *x) noexcept nogil:
    """AGAIN_*: why it may be sent again, as far as this try has come and no answer has.
    It is looked at when a member is lost, and never before."""
    if x.body.lost:
        return AGAIN_NOT
    if x.attempt.bytes_out == 0 or x.attempt.await_continue:
        return AGAIN_UNSENT     # its body was held back for a 100 that never came
    return request_rule_sent(x)


cdef int request_rule_sent(exchange *x) noexcept nogil:
    """... of one that a member may have read."""
    if request_is_idempotent(x):
        return AGAIN_IDEMPOTENT
    return AGAIN_KEYED if request_is_keyed(x) else AGAIN_NOT
