"""How long a client may take to send its request (RequestReadTimeout, mod_reqtimeout).

  stage       begins                                      ends
  handshake   with the connection                         TLS is established
  header      with the connection, or behind the          the head is complete
              handshake; later with a head's first byte
  body        with the first wait for it                  the body is complete

A stage has first_us, and byte_us more for each byte that came, up to most_us in all.
Timeout holds beside it: for a head as a whole, for a body from piece to piece. Time
in which a member does not take the body is not the client's. No clock is read for it.
"""
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
    """Deadline of a connection that begins, or has just finished its handshake."""
    d.read_from_us = watch.now_us
    return watch.now_us + read_time_left(d, &d.vhost.read_header, 0)


cdef long long read_time_of_handshake(downstream *d) noexcept nogil:
    """Deadline of a handshake."""
    return watch.now_us + read_time_left(d, &d.vhost.read_handshake, 0)


cdef long long read_time_of_head(downstream *d) noexcept nogil:
    """Deadline of a head that is not complete."""
    return d.read_from_us + read_time_left(
        d, &d.vhost.read_header, buffer_held(d.input))


cdef void read_time_got(exchange *x, ssize_t n) noexcept nogil:
    """Bytes of a body came."""
    x.body.timed_bytes += n
    if x.body.wait_from_us:
        x.body.waited_us += watch.now_us - x.body.wait_from_us
        x.body.wait_from_us = 0


cdef long long read_time_of_body(exchange *x) noexcept nogil:
    """We wait for the next ones, until then."""
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
