"""A request is sent again: by a rule (request_rule), within a budget (budget.pxd), and
to a member that it has not tried.

  nothing of it was sent       whatever it is; httpd does so, too, and it costs nobody
                               more than the request itself: no budget is asked
  it may have been read        its method is idempotent, or it carries Idempotency-Key,
                               and no byte of an answer has come; once, so that what
                               takes one member down does not take them all
  it was answered              ... with one of retryonstatus=, of which nothing has gone
                               out; as often as maxattempts= allows

Always only while all of its body is at hand. None of this is asked of a request that
its first member answers.
"""
# uses: io/watch, balance/elect, balance/budget, plan/plan, flow/exchange,
#       flow/engine, flow/log_rows, flow/service_log, flow/elected

cdef bint again_is_granted(exchange *x, int rule) noexcept nogil:
    """Is it not the one too many?"""
    cdef const balancer_plan *b = x.choice.balancer
    cdef long long bound = 0
    cdef int left
    if b == NULL:
        return True
    if rule != AGAIN_UNSENT:
        left = budget_take(b, watch.now_us, &bound)
        if left == BUDGET_SPENT_NOW:
            say_more(x, &SAY_BUDGET, 0, NULL, <long>bound)
        if left != BUDGET_LEFT:
            again_count(b, AGAIN_SPENT)
            return False
    return True


cdef void again_leave(exchange *x, int rule, int status) noexcept nogil:
    """It was granted that another one than x.member is asked: who it is, if there is
    anybody, is still to be found, and may have to be waited for."""
    x.choice.left = x.member
    x.choice.left_rule = <signed char>rule
    x.choice.left_status = status
    if rule != AGAIN_UNSENT:
        x.choice.was_taken = True


cdef void again_sent(exchange *x) noexcept nogil:
    """x.member is the other one."""
    cdef plan_member *to = x.member
    again_count(
        x.choice.balancer, AGAIN_STATUS if x.choice.left_status else x.choice.left_rule)
    x.member = x.choice.left
    say_moved(x, x.choice.left_rule, x.choice.left_status)
    x.member = to
    x.choice.left = NULL


cdef void again_unsent(exchange *x) noexcept nogil:
    """There is nobody: it spends nothing."""
    if x.choice.left != NULL and x.choice.left_rule != AGAIN_UNSENT:
        budget_give_back(x.choice.balancer)
    x.choice.left = NULL


cdef bint again_coded(exchange *x, int rule) noexcept nogil:
    """What a member that does not speak HTTP may have read goes to one more, too, and
    not to all; httpd asks them all."""
    if likely(rule == AGAIN_UNSENT or plan.compat_apache):
        return True
    x.choice.lost += 1
    return x.choice.lost <= LOST_AGAIN_MAX


cdef void again_pass_over(exchange *x) noexcept nogil:
    """Those that it has tried are no candidates."""
    cdef const balancer_plan *b = x.choice.balancer
    cdef int count = x.tried_count
    cdef tried_piece *piece = x.tried_more
    cdef int in_piece, i
    elect_others_begin(b)
    for i in range(min(count, TRIED_IN_EXCHANGE)):
        elect_pass_over(b, x.tried[i])
    count -= TRIED_IN_EXCHANGE
    while count > 0:
        in_piece = (count - 1) % TRIED_IN_PIECE + 1
        for i in range(in_piece):
            elect_pass_over(b, piece.members[i])
        count -= in_piece
        piece = piece.next


cdef bint again_elect(exchange *x, int rule, int status) noexcept nogil:
    """x.member: another one than those that were tried. False: nobody is left, or it
    would be one too many; nothing has changed then. status: of the answer whose place
    another one takes; 0: there was none."""
    cdef election before = x.choice.election
    cdef bint is_lost = rule != AGAIN_UNSENT and status == 0
    cdef bint found = False
    if is_lost and x.choice.lost >= LOST_AGAIN_MAX:
        return False
    again_pass_over(x)
    if elect_leaves_another(engine.view, x.choice.balancer) \
            and again_is_granted(x, rule):
        again_leave(x, rule, status)
        found = member_elect(x)
    elect_others_end()
    if not found:
        again_unsent(x)
        x.choice.election = before
    elif is_lost:
        x.choice.lost += 1
    return found


cdef bint again_choose(exchange *x) noexcept nogil:
    """x.member, for one that has waited, maybe since it has left another one. False:
    there is nobody (x.choice.election). It does not come back to whom it has tried,
    unless none of them can have read it and no other has a place."""
    cdef bint found
    if likely(x.tried_count == 0):
        return member_elect(x)
    again_pass_over(x)
    found = member_elect(x)
    elect_others_end()
    if found or x.choice.was_taken:
        return found
    return member_elect(x)
