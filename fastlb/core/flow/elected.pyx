"""The member that a request goes to, by an election of its balancer."""
# uses: ground/text, io/watch, balance/lock, balance/chance, balance/elect, plan/plan,
#       plan/facts, flow/exchange, flow/engine, flow/follow, flow/log_rows,
#       flow/service_log, flow/hash_key, flow/session

cdef bint member_elect(exchange *x) noexcept nogil:
    """x.member, and the variables that tell of it. False: there is nobody
    (x.choice.election)."""
    cdef int chosen
    cdef text *name
    if unlikely(x.followed):
        elect_seen.wanted = True
    chosen = elect(
        engine.view, x.choice.balancer, watch.now_us, chance_next(&engine.chance),
        hash_key_of(x, x.choice.balancer)
        if unlikely(x.choice.balancer.hash_by) else <uint64_t>0,
        x.choice.sticky.route,
        0 if unlikely(x.choice.roams) else x.choice.sticky.route_length,
        &x.choice.election)
    if unlikely(x.followed):
        follow_elected(x, chosen, elect_is_of_others)
    if unlikely(x.choice.election.lock != LOCK_FREE):
        say_lock(x)
    if unlikely(x.choice.election.began_anew):
        say(x, &SAY_BEGAN_ANEW)
    if unlikely(chosen < 0):
        return False
    x.member = &plan.members[x.choice.balancer.member_index[chosen]]
    name = &plan.balancer_names[x.choice.balancer_index]
    env_set(&x.facts, ENV_BALANCER_NAME, name.data, name.length)
    env_set(&x.facts, ENV_BALANCER_WORKER_NAME, x.member.url.data,
            x.member.url.length)
    env_set(&x.facts, ENV_BALANCER_WORKER_ROUTE, x.member.route.data,
            x.member.route.length)
    if x.choice.election.route_changed:
        env_set(&x.facts, ENV_BALANCER_ROUTE_CHANGED, b"1", 1)
    if unlikely(x.choice.balancer.own_cookie != NULL):
        session_elected(x, chosen)
    return True
