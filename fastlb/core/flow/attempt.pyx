"""Tries at a member: who was asked for one request.

Every member that was tried stays busy until the client's request ends, as in Apache.
Most requests try one; a balancer of thousands may have one try them all, so what has no
room in the exchange goes into pieces of its own.
"""
# uses: io/buffer, io/watch, balance/table, balance/ledger, plan/plan, flow/exchange,
#       flow/engine, flow/member


cdef void attempt_begin(exchange *x, bint fresh) noexcept nogil:
    """x.member is asked, for the first time or once more."""
    ASSERT(x.up == NULL)
    # A chunk of which the last member took a part is framed anew.
    buffer_drop(&x.body.stream)
    memset(&x.attempt, 0, sizeof(attempt))
    memset(&x.res, 0, sizeof(response_side))
    x.attempt.fresh = fresh
    x.attempt.framed = x.body.chunked_out
    if unlikely(x.choice.balancer != NULL and x.choice.balancer.is_timed):
        x.attempt.due_from_us = watch.now_us


cdef void attempt_answered(exchange *x) noexcept nogil:
    """The head of the answer is here; an interim one is none."""
    if unlikely(x.attempt.due_from_us):
        ledger_answered(
            x.member.slot, watch.now_us, watch.now_us - x.attempt.due_from_us)
        x.attempt.due_from_us = 0


cdef void attempt_unanswered(exchange *x, bint is_lost) noexcept nogil:
    """It ends without one; is_lost: by the member."""
    if unlikely(x.attempt.due_from_us):
        ledger_unanswered(
            x.member.slot, watch.now_us, watch.now_us - x.attempt.due_from_us, is_lost)
        x.attempt.due_from_us = 0


cdef bint tried_add(exchange *x) noexcept nogil:
    """x.member is busy with x until the end. False: no memory to remember it."""
    cdef int at = x.tried_count
    cdef tried_piece *piece
    if likely(at < TRIED_IN_EXCHANGE):
        x.tried[at] = x.member.index
    else:
        at = (at - TRIED_IN_EXCHANGE) % TRIED_IN_PIECE
        if at == 0:
            piece = <tried_piece *>malloc(sizeof(tried_piece))
            if piece == NULL:
                return False
            piece.next = x.tried_more
            x.tried_more = piece
        x.tried_more.members[at] = x.member.index
    x.tried_count += 1
    pool_of(x.member).busy += 1
    ledger_up(table_share(engine.view, engine.slot, x.member.slot))
    return True


cdef void tried_settle(exchange *x) noexcept nogil:
    """The request is over for everybody who was asked."""
    cdef tried_piece *piece
    cdef int in_piece
    while unlikely(x.tried_count > TRIED_IN_EXCHANGE):
        piece = x.tried_more
        in_piece = (x.tried_count - TRIED_IN_EXCHANGE - 1) % TRIED_IN_PIECE + 1
        tried_release(&piece.members[0], in_piece)
        x.tried_count -= in_piece
        x.tried_more = piece.next
        free(piece)
    tried_release(&x.tried[0], x.tried_count)
    x.tried_count = 0


cdef inline void tried_release(const int *members, int count) noexcept nogil:
    cdef int i
    for i in range(count):
        ASSERT(pool_of(&plan.members[members[i]]).busy > 0)
        pool_of(&plan.members[members[i]]).busy -= 1
        ledger_down(table_share(
            engine.view, engine.slot, plan.members[members[i]].slot))
