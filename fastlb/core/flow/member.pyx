"""The member that a request is for: its pool, its names, its time (member.pxd)."""
# uses: ground/text, ground/hash, io/tls_hello, balance/table, plan/build, plan/plan,
#       plan/facts, flow/exchange, flow/engine

cdef member_pool *pools = NULL  # by number of the member; connect_target's before them
cdef plan_member connect_target
cdef member_slot connect_slot


cdef object pools_begin():
    """The plan is made: a pool for each member."""
    global pools
    pools = 1 + <member_pool *>plan_alloc(
        sizeof(member_pool) * (plan.member_count + 1))


cdef member_pool *pool_of(const plan_member *m) noexcept nogil:
    return pools + m.index


cdef int member_most(const plan_member *m) noexcept nogil:
    """Connections to it at once (max=, or its agent's maxconn:); 0: any."""
    cdef uint32_t most
    if likely(not m.has_agent):
        return m.said.max
    most = atomic_get_u32(
        &engine.view.address_records[m.slot - engine.view.members].agent_most)
    return <int>most if 0 < most < GAUGE_MAX else m.said.max


cdef void connect_prepare() noexcept nogil:
    memset(&connect_target, 0, sizeof(connect_target))
    memset(&connect_slot, 0, sizeof(connect_slot))
    connect_target.slot = &connect_slot
    connect_target.index = -1
    connect_target.balancer = -1
    connect_target.said.disable_reuse = True


cdef value member_tls_name(exchange *x) noexcept nogil:
    """The name asked for: of the member's URL, or with ProxyPreserveHost the one the
    client used."""
    cdef value out = value(x.member.tls_name.data, x.member.tls_name.length)
    if conf_flag(&x.facts, CONF_PRESERVE_HOST, False) and x.facts.host.length \
            and x.question.of == NULL:
        out = request_part(&x.facts, x.facts.host)
    if out.length > TLS_NAME_BYTES_MAX:
        out.length = TLS_NAME_BYTES_MAX
    return out


cdef unsigned long long member_name_hash(exchange *x) noexcept nogil:
    """A connection made for another name does not serve."""
    cdef value name = member_tls_name(x)
    return hash_of(name.data, name.length)


cdef long long exchange_timeout_us(exchange *x) noexcept nogil:
    """timeout= of the member, else ProxyTimeout, else Timeout."""
    if x.member.said.timeout_us:
        return x.member.said.timeout_us
    if x.facts.mapping != NULL and x.facts.mapping.timeout_us:
        return x.facts.mapping.timeout_us
    if x.facts.vhost.said.proxy_timeout_us:
        return x.facts.vhost.said.proxy_timeout_us
    return x.facts.vhost.said.timeout_us


cdef long long connect_timeout_us(exchange *x) noexcept nogil:
    """How long connecting to it may take."""
    if x.member.said.connect_timeout_us:
        return x.member.said.connect_timeout_us
    return exchange_timeout_us(x)
