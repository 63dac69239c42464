"""What a try at a member says of it (balance/eject.pxd), and what the log says then."""
# uses: io/watch, balance/eject, flow/exchange, flow/engine, flow/service_log

cdef void member_weighed(exchange *x, int status) noexcept nogil:
    """It has answered so; 0: it has not. Asked only where ejecton= stands."""
    cdef int what
    if status and not eject_is_failure(status):
        eject_passed(x.member.slot)
        return
    what = eject_failed(
        engine.view, x.choice.balancer, x.member.slot, watch.now_us, &ejected)
    if likely(what == EJECT_NOT):
        return
    say_ejected(x, what, status)
