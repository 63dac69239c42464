"""What was decided about a request that no member gets (plan/decide.pxd), is done."""
# uses: io/timer, io/watch, plan/decide, flow/exchange, flow/states, flow/log_rows,
#       flow/service_log, flow/services, flow/answer

cdef void exchange_answer_decided(
        exchange *x, int what, const decision *d) noexcept nogil:
    if what == DECIDED_ERROR:
        say_because(x, d.because)
        exchange_answer_error(x, d.status, NULL)
    elif what == DECIDED_WAIT:
        # A look-up takes its time, and other requests do not wait for it. What is
        # found holds for the connection; then this request is routed again.
        exchange_enter(x, X_WAIT_HOST)
        timer_set(&x.down.c.timer, watch.now_us + x.facts.vhost.said.timeout_us)
        if not service_ask_host(x):
            exchange_answer_error(x, 500, NULL)
    elif what == DECIDED_REDIRECT:
        exchange_answer_redirect(x, &d.moved)
    elif what == DECIDED_HANDLER:
        exchange_answer_handler(x, d.handler)
    elif what == DECIDED_HERE:
        exchange_answer_here(x)
    else:
        exchange_answer_unmapped(x)


cdef void say_because(exchange *x, int because) noexcept nogil:
    if because == BECAUSE_OF_SECTIONS:
        say_more(x, &SAY_SECTIONS, 0, NULL, SECTIONS_MATCHED_MAX)
    elif because == BECAUSE_NOT_ASKED:
        say(x, &SAY_NOT_ASKED)
    elif because == BECAUSE_PLAIN:
        say(x, &SAY_PLAIN)
    elif because == BECAUSE_DENIED:
        say(x, &SAY_DENIED)
    elif because == BECAUSE_MISREAD:
        say(x, &SAY_MISREAD)
    elif because == BECAUSE_CLIMBS:
        say(x, &SAY_CLIMBS)
