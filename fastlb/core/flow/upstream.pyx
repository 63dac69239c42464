"""The member's connection: connecting, busy with an exchange, or idle in its pool.

  CONNECTING -> BUSY          connected: the request goes out
             -> closed        refused or timed out: next address, then member lost
             -> HANDSHAKE     connected to a member that speaks TLS
             -> REMOTE        ... behind a proxy, which is asked for a tunnel to it
  REMOTE     -> HANDSHAKE     there is one
             -> closed        there is none: member lost
  HANDSHAKE  -> BUSY          established, and its certificate is what it must be
             -> closed        failed, or in vain: 500, and no other member
  BUSY       -> IDLE          the response was read whole and both may go on
             -> closed        an error, or "close" was said
  IDLE       -> BUSY          taken for a request
             -> closed        the member closed it, said something, or ttl passed
"""
# uses: ground/free_list, io/buffer, io/watch, io/tls_library, plan/plan,
#       flow/exchange, flow/engine, flow/member, flow/queue

cdef enum:
    UPSTREAMS_KEPT_MAX = 1024

cdef free_list upstream_pool = free_list(NULL, 0, UPSTREAMS_KEPT_MAX)


cdef upstream *upstream_take() noexcept nogil:
    cdef upstream *u = <upstream *>free_list_take(&upstream_pool, sizeof(upstream))
    if u == NULL:
        return NULL
    memset(u, 0, sizeof(upstream))
    u.c.kind = KIND_UPSTREAM
    u.c.fd = -1
    u.c.timer.owner = u
    return u


cdef void upstream_release(upstream *u) noexcept nogil:
    free_list_give(&upstream_pool, u, sizeof(upstream))


cdef void upstream_close(upstream *u) noexcept nogil:
    """Close; the caller has taken it out of the pool and off its exchange."""
    cdef plan_member *m = u.member
    cdef member_pool *p = pool_of(m)
    if u.c.kind == KIND_DEAD:
        return
    buffer_drop(&u.input)
    buffer_drop(&u.output)
    p.open_count -= 1
    engine.upstream_count -= 1
    ASSERT(p.open_count >= 0)
    ASSERT(engine.upstream_count >= 0)
    ASSERT(u.x == NULL or u.x.up != u)
    member_keep_session(u)
    watch_close(&u.c)
    if p.waiting.head != NULL:
        pool_wake(m)


cdef void member_keep_session(upstream *u) noexcept nogil:
    """For the next connection to this member; tickets come behind the handshake.

    Only where a request was sent, that is where the certificate was found good: a
    resumed session shows none.
    """
    cdef member_pool *p = pool_of(u.member)
    cdef void *session
    if u.c.tls == NULL or u.requests == 0 or u.c.tls.failed:
        return
    session = tls.SSL_get1_session(u.c.tls.ssl)
    if session == NULL:
        return
    if p.tls_session != NULL:
        tls.SSL_SESSION_free(p.tls_session)
    p.tls_session = session
    p.tls_session_name = u.c.tls.name_hash
