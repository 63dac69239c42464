"""What is due (due.pxd): one step ends before another begins, so one place will do."""
# uses: flow/exchange

cdef due_step due


cdef void due_note(
        exchange *x, unsigned char what, int status, const char *detail,
        bint mark_error) noexcept nogil:
    ASSERT(due.what == DUE_NOTHING)
    due.x = x
    due.what = what
    due.status = status
    due.detail = detail
    due.mark_error = mark_error


cdef bint due_error(exchange *x, int status, const char *detail) noexcept nogil:
    """Always returns False, as due_lost does."""
    due_note(x, DUE_ERROR, status, detail, False)
    return False


cdef bint due_lost(
        exchange *x, int status, const char *detail, bint mark_error) noexcept nogil:
    due_note(x, DUE_LOST, status, detail, mark_error)
    return False


cdef void due_elect(exchange *x) noexcept nogil:
    due_note(x, DUE_ELECT, 0, NULL, False)


cdef bint due_route(exchange *x) noexcept nogil:
    """Always returns False."""
    due_note(x, DUE_ROUTE, 0, NULL, False)
    return False


cdef void due_ask(exchange *x) noexcept nogil:
    due_note(x, DUE_ASK, 0, NULL, False)


cdef void due_connect(exchange *x) noexcept nogil:
    due_note(x, DUE_CONNECT, 0, NULL, False)
