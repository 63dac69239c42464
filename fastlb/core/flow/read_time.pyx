"""How long a client may take (read_time.pxd). No clock is read for it."""
# uses: io/buffer, io/watch, plan/plan, flow/exchange


cdef long long read_time_all(
        const read_limit *limit, long long bytes_read) noexcept nogil:
    """Microseconds that a stage has had so far; its limit is not 0."""
    cdef long long all = limit.first_us + bytes_read * limit.byte_us
    return limit.most_us if limit.most_us and all > limit.most_us else all


cdef long long read_time_left(
        downstream *d, const read_limit *limit, long long bytes_read) noexcept nogil:
    """... and has left; Timeout holds beside the limit, and where there is none."""
    cdef long long left = d.vhost.said.timeout_us
    return min(left, read_time_all(limit, bytes_read)) if limit.first_us else left


cdef long long read_time_begun(downstream *d) noexcept nogil:
    d.read_from_us = watch.now_us
    return watch.now_us + read_time_left(d, &d.vhost.read_header, 0)


cdef long long read_time_of_handshake(downstream *d) noexcept nogil:
    return watch.now_us + read_time_left(d, &d.vhost.read_handshake, 0)


cdef long long read_time_of_head(downstream *d) noexcept nogil:
    return d.read_from_us + read_time_left(
        d, &d.vhost.read_header, buffer_held(d.input))


cdef void read_time_got(exchange *x, ssize_t n) noexcept nogil:
    x.body.timed_bytes += n
    if x.body.wait_from_us:
        x.body.waited_us += watch.now_us - x.body.wait_from_us
        x.body.wait_from_us = 0


cdef long long read_time_of_body(exchange *x) noexcept nogil:
    cdef long long left
    cdef long long most = x.facts.vhost.said.timeout_us
    if x.body.wait_from_us == 0:
        x.body.wait_from_us = watch.now_us
    if x.facts.vhost.read_body.first_us:
        left = read_time_all(&x.facts.vhost.read_body, x.body.timed_bytes)
        left -= x.body.waited_us
        most = left if left < most else most
    # 0 would be no deadline; what is over is over at the next tick
    return x.body.wait_from_us + (most if most > 0 else 1)
