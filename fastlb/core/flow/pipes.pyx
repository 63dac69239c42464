"""Pipes for splice(2), kept between bodies."""
# uses: flow/exchange, flow/engine

cdef enum:
    # The largest pipe that an ordinary user may have. Large, because what a splice
    # costs hardly depends on how much it moves.
    PIPE_BYTES = 1048576

cdef int[PIPES_KEPT_MAX] pipe_pool_read
cdef int[PIPES_KEPT_MAX] pipe_pool_write
cdef int pipe_pooled = 0
cdef long pipes_open = 0            # descriptors of them


cdef bint splice_is_possible(exchange *x) noexcept nogil:
    return x.up.c.tls == NULL and x.down.c.tls == NULL


cdef bint splice_take(exchange *x) noexcept nogil:
    global pipe_pooled, pipes_open
    cdef int[2] ends
    if pipe_pooled:
        pipe_pooled -= 1
        x.pipe.read = pipe_pool_read[pipe_pooled]
        x.pipe.write = pipe_pool_write[pipe_pooled]
        return True
    if pipes_open + 2 > engine.pipe_max \
            or pipe2(&ends[0], O_NONBLOCK | O_CLOEXEC) != 0:
        return False
    pipes_open += 2
    fcntl(ends[0], F_SETPIPE_SZ, PIPE_BYTES)    # a smaller pipe serves as well
    x.pipe.read = ends[0]
    x.pipe.write = ends[1]
    return True


cdef void splice_give(exchange *x) noexcept nogil:
    """An empty pipe can serve again; one with bytes in it must not."""
    global pipe_pooled, pipes_open
    if x.pipe.read < 0:
        return
    if x.pipe.held == 0 and pipe_pooled < PIPES_KEPT_MAX:
        pipe_pool_read[pipe_pooled] = x.pipe.read
        pipe_pool_write[pipe_pooled] = x.pipe.write
        pipe_pooled += 1
    else:
        close(x.pipe.read)
        close(x.pipe.write)
        pipes_open -= 2
    x.pipe.read = -1
    x.pipe.write = -1
    x.pipe.held = 0
