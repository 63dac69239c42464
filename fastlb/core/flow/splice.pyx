"""splice(2): a body from socket to socket through a pipe, without a copy."""
# uses: io/buffer, flow/exchange, flow/log_rows, flow/service_log, flow/pipes,
#       flow/settle

cdef bint splice_in(exchange *x) noexcept nogil:
    """Member's socket -> pipe. Returns False when the exchange is over."""
    cdef ssize_t n
    cdef size_t wanted = PIPE_BYTES
    buffer_drop(&x.up.input)
    if x.pipe.read < 0 and not splice_take(x):
        x.pipe.failed = True
        return True
    if <long long>wanted > x.res.remaining:
        wanted = <size_t>x.res.remaining
    n = splice(x.up.c.fd, NULL, x.pipe.write, NULL, wanted,
               SPLICE_F_MOVE | SPLICE_F_NONBLOCK)
    if n > 0:
        x.pipe.held = n
        x.res.remaining -= n
        x.record.body_bytes_out += n
        x.attempt.bytes_in += n
        if x.res.remaining == 0:
            x.res.done = True
            response_source_done(x)
        return True
    if n < 0 and errno == EAGAIN:
        x.up.c.readable = False
        return True
    if n < 0 and errno == EINTR:
        return True
    if n < 0 and errno == EINVAL:
        x.pipe.failed = True      # not for this kind of socket
        return True
    say_error(x, &SAY_RESPONSE, 0 if n == 0 else errno)
    return exchange_cut(x)


cdef int splice_out(exchange *x) noexcept nogil:
    """Pipe -> client's socket. returns 1 empty, AGAIN, FAILED"""
    cdef ssize_t n
    while x.pipe.held:
        if not x.down.c.writable:
            return AGAIN
        n = splice(x.pipe.read, NULL, x.down.c.fd, NULL, <size_t>x.pipe.held,
                   SPLICE_F_MOVE | SPLICE_F_NONBLOCK
                   | (0 if x.res.done else SPLICE_F_MORE))
        if n > 0:
            x.pipe.held -= n
            x.record.bytes_out += n
            x.pipe.corked = not x.res.done
            continue
        if n < 0 and errno == EINTR:
            continue
        if n < 0 and errno == EAGAIN:
            x.down.c.writable = False
            return AGAIN
        return FAILED
    if x.res.done and x.up != NULL:
        exchange_detach(x, response_reusable(x))
    return 1
