"""Which member is asked, and who is asked next: from a request that may go to a member,
to the connection that it goes out on."""
# uses: ground/chartable, ground/text, ground/arena, io/watch, http/fields,
#       balance/table, balance/ledger, balance/elect, balance/budget, balance/sticky,
#       plan/plan, plan/facts, plan/undecided, flow/exchange, flow/engine,
#       flow/follow, flow/states, flow/member, flow/log_rows, flow/service_log,
#       flow/services, flow/queue, flow/places, flow/attempt, flow/pool, flow/settle,
#       flow/session, flow/ejected, flow/elected, flow/again, flow/question,
#       flow/tunnel, flow/coded, flow/response, flow/answer, flow/connecting,
#       flow/send

cdef void exchange_elect(exchange *x) noexcept nogil:
    """Find a member and ask it; also for every further try of the same request."""
    exchange_renew(x)
    exchange_enter(x, X_DECIDE)
    if x.facts.mapping.balancer < 0:
        x.member = &plan.members[x.facts.mapping.member]
        if unlikely(member_is_off(x)):
            say(x, &SAY_DISABLED)
            exchange_answer_error(x, 503, NULL)
            return
    else:
        choice_begin(x)
        if places_are_scarce() and choice_is_behind(x):
            exchange_wait_place(x, False)
            return
        if unlikely(not member_choose(x)):
            exchange_nobody(x)
            return
        if unlikely(x.choice.election.forced_recovery):
            say(x, &SAY_FORCED)
    exchange_ask(x)


cdef void exchange_ask(exchange *x) noexcept nogil:
    """x.member is the one."""
    if unlikely(member_places_max(engine.view, x.member.slot)) and x.placed == NULL \
            and not place_take(x):
        exchange_wait_place(x, x.choice.election.by_route)
        return
    if unlikely(x.queued != NULL):
        queue_leave(x)
    if unlikely(x.choice.left != NULL):
        again_sent(x)
    x.choice.attempts += 1
    if unlikely(x.followed):
        follow_note(
            x, FOLLOW_ASKED, follow_slot(x.member), x.choice.attempts,
            x.question.of != NULL, value(NULL, 0))
    if unlikely(not tried_add(x)):
        exchange_answer_error(x, 500, NULL)
        return
    exchange_connect(x, False)


cdef bint member_is_off(exchange *x) noexcept nogil:
    """... of one that no balancer stands before: who runs the server has said so."""
    return (member_flags_now(engine.view, x.member.slot)
            & (FLAG_DISABLED | FLAG_STOPPED)) != 0


cdef void choice_begin(exchange *x) noexcept nogil:
    """Of which balancer, and what the client asks for; once per request."""
    if x.choice.balancer != NULL:
        return
    x.choice.balancer = &plan.balancers[x.facts.mapping.balancer]
    x.choice.balancer_index = x.facts.mapping.balancer
    if x.choice.balancer.sticky_cookie != NULL:
        exchange_sticky(x)
    elif unlikely(x.choice.balancer.own_cookie != NULL):
        session_learn(x)
    if unlikely(x.followed) and x.choice.sticky.route_length:
        follow_note(
            x, FOLLOW_SESSION, 0,
            FOLLOW_FROM_OWN if x.choice.balancer.own_cookie != NULL
            else FOLLOW_FROM_URL if x.choice.sticky.from_url else FOLLOW_FROM_COOKIE,
            0, value(x.choice.sticky.route, x.choice.sticky.route_length))


cdef bint choice_is_behind(exchange *x) noexcept nogil:
    """Do others wait for whatever place comes free? Who has a session looks first
    whether its own member has one."""
    return (x.choice.sticky.route_length == 0 or x.choice.roams) \
        and places_are_asked_for(&queues[x.choice.balancer.queue])


cdef bint member_choose(exchange *x) noexcept nogil:
    """x.member by an election of the mapping's balancer. False: there is nobody
    (x.choice.election)."""
    choice_begin(x)
    return member_elect(x)


cdef void exchange_sticky(exchange *x) noexcept nogil:
    """The route that the client asks for; once per request."""
    cdef balancer_plan *b = x.choice.balancer
    cdef sticky_result *asked = &x.choice.sticky
    cdef field *f
    cdef const char *cookies = NULL
    cdef unsigned int length = 0
    cdef int[2 * REGEX_PAIRS_MAX] groups
    cdef int g
    cdef int i
    cdef const char *head = request_bytes(&x.facts)
    f = head_field(&x.facts.req, FIELD_COOKIE)
    if f != NULL:
        cookies = head + f.value
        length = f.value_length
    sticky_find(b, x.facts.target.data, x.facts.target.length, cookies, length, asked)
    if f != NULL and asked.value == NULL:
        # Rarely a client sends its cookies in several fields.
        for i in range(x.facts.req.field_count):
            f = &x.facts.req.fields[i]
            if f.id == FIELD_COOKIE and asked.value == NULL:
                sticky_find(
                    b, x.facts.target.data, x.facts.target.length,
                    head + f.value, f.value_length, asked)
    if asked.value != NULL and not asked.from_url:
        sticky_keep(x, asked)
    if b.route_regex >= 0 and asked.value != NULL:
        asked.route = NULL
        asked.route_length = 0
        if request_matches(
                &x.facts, b.route_regex, False, asked.value, asked.value_length,
                &groups[0]):
            g = 2 if groups[2] >= 0 else 0
            asked.route = asked.value + groups[g]
            asked.route_length = groups[g + 1] - groups[g]
    if asked.route == NULL and asked.value_length and b.has_separator \
            and byte_before(asked.value, asked.value_length) == b.separator:
        # "X.": a session without a route. Apache names it, and elects freely.
        asked.route = asked.value + asked.value_length
    if asked.route != NULL:
        env_set(
            &x.facts, ENV_BALANCER_SESSION_STICKY,
            b.sticky_url if asked.from_url else b.sticky_cookie,
            b.sticky_url_length if asked.from_url else b.sticky_cookie_length)
        env_set(&x.facts, ENV_BALANCER_SESSION_ROUTE, asked.route, asked.route_length)


cdef void sticky_keep(exchange *x, sticky_result *asked) noexcept nogil:
    """What stands in a cookie is asked for again with every try, and logged."""
    cdef value kept = arena_copy(&x.facts.arena, asked.value, asked.value_length)
    if asked.route != NULL:
        asked.route = kept.data + (asked.route - asked.value) \
            if kept.data != NULL else NULL
    asked.value = kept.data
    asked.value_length = kept.length
    if kept.data == NULL:
        asked.route_length = 0


cdef void exchange_nobody(exchange *x) noexcept nogil:
    """No usable member: wait if the balancer says so, else 503. Nobody with a place:
    wait for one."""
    if x.choice.election.why == ELECT_ALL_FULL:
        exchange_wait_place(x, False)
        return
    if x.choice.balancer.timeout_ms > 0 and x.choice.election.why == ELECT_ALL_IN_ERROR:
        if x.choice.wait_until_us == 0:
            x.choice.wait_until_us = watch.now_us + x.choice.balancer.timeout_ms * 1000
        if watch.now_us < x.choice.wait_until_us:
            if not nobody_wait(x):
                exchange_overloaded(x)
            return
    again_unsent(x)
    say_nobody(x)
    exchange_answer_error(x, 503, NULL)


cdef void exchange_turn_away(exchange *x) noexcept nogil:
    """It cannot wait, or not for any longer."""
    if x.choice.balancer != NULL:
        ledger_turned_away(x.choice.balancer.slot)
        again_unsent(x)
    x.local.overloaded = not plan.compat_apache
    exchange_answer_error(x, 503, NULL)


cdef void exchange_overloaded(exchange *x) noexcept nogil:
    """... and the log is told, once a second."""
    if watch.now_us >= engine.overload_told_us + OVERLOAD_TOLD_EVERY_US:
        engine.overload_told_us = watch.now_us
        say(x, &SAY_OVERLOADED)
    exchange_turn_away(x)


cdef void exchange_wait_pool(exchange *x) noexcept nogil:
    if not pool_wait(x):
        exchange_overloaded(x)


cdef void exchange_connection_is_late(exchange *x) noexcept nogil:
    """acquire= is over: another member is asked, as in httpd. To be full is no fault
    that puts a member in error, but for Compat apache."""
    pool_leave(x)
    queue_leave(x)
    if unlikely(x.placed != NULL):
        place_give(x)
    say(x, &SAY_ACQUIRE)
    if x.choice.balancer != NULL:
        if plan.compat_apache:
            say_member_down(x, member_failed(
                engine.view, x.member.slot, watch.now_us, False))
        if may_retry(
                engine.view, x.choice.balancer, x.member.slot, x.choice.attempts, False,
                request_may_move(x), x.choice.election.by_route) and again_elect(
                x, AGAIN_UNSENT, 0):
            exchange_ask(x)
            return
    exchange_turn_away(x)


cdef void exchange_wait_place(exchange *x, bint bound) noexcept nogil:
    if not place_wait(x, bound):
        exchange_overloaded(x)


cdef bint exchange_try_place(exchange *x) noexcept nogil:
    """It waits for a place: is there one? False: it waits on, where it stands in the
    line."""
    x.called = False
    if places_are_others(&queues[x.choice.balancer.queue]):
        return False
    if not x.bound or not member_is_usable(engine.view, x.member.slot):
        if not again_choose(x):
            if x.choice.election.why == ELECT_ALL_FULL:
                place_rebind(x, False)
                return False
            place_leave(x)
            exchange_nobody(x)
            return True
        place_rebind(x, x.choice.election.by_route)
    if member_places_max(engine.view, x.member.slot) and not place_take(x):
        return False
    place_leave(x)
    exchange_ask(x)
    return True


cdef void exchange_place_is_late(exchange *x) noexcept nogil:
    """It has waited for as long as it may. A session that has waited for its own member
    alone may go to another one, unless it ends with that."""
    cdef bint roams = (x.bound and not x.choice.balancer.nofailover
                       and watch.now_us < x.choice.wait_until_us)
    place_leave(x)
    if roams:
        x.choice.roams = True
        if likely(x.tried_count == 0):
            exchange_elect(x)
        elif again_choose(x):
            exchange_ask(x)
        else:
            exchange_nobody(x)
    else:
        exchange_overloaded(x)


cdef void exchange_connect(exchange *x, bint fresh) noexcept nogil:
    """A connection from the pool, a new one, or a place in the queue for one.

    fresh: not from the pool.
    """
    cdef plan_member *m = x.member
    ASSERT(x.placed == NULL or x.placed == m)
    attempt_begin(x, fresh)
    if likely(x.question.of == NULL):
        request_upgrade(x)
    if unlikely(m.is_websocket) and x.question.of == NULL and upgrade_is_missing(x):
        upgrade_demand(x)
        return
    if unlikely(pool_of(m).promised) and pool_is_promised(m):
        exchange_wait_pool(x)
        return
    exchange_find_connection(x)


cdef bint upgrade_is_missing(exchange *x) noexcept nogil:
    """Of a member at ws://: the request does not ask for it, and nothing else is served
    there (ProxyWebsocketFallbackToProxyHttp Off)."""
    return x.member.is_websocket and x.attempt.upgrade.length == 0 and not conf_flag(
        &x.facts, CONF_WEBSOCKET_FALLBACK, True)


cdef void upgrade_demand(exchange *x) noexcept nogil:
    """426: the member serves nothing but what the request does not ask for."""
    cdef plan_member *m = x.member
    x.attempt.upgrade = value(b"WebSocket", 9)
    if m.upgrade_count and not (m.upgrades[0].length == 9 and bytes_equal_nocase(
            m.upgrades[0].data, x.attempt.upgrade.data, 9)):
        x.attempt.upgrade = value(m.upgrades[0].data, m.upgrades[0].length)
    say(x, &SAY_UPGRADE_MISSING)
    exchange_answer_error(x, 426, NULL)


cdef void exchange_find_connection(exchange *x) noexcept nogil:
    cdef plan_member *m = x.member
    cdef upstream *u = NULL
    if unlikely(m.tls_refused):
        say(x, &SAY_NO_ENGINE)
        say(x, &SAY_NO_SSL)
        exchange_answer_error(x, 500, NULL)
        return
    if not m.said.disable_reuse and not x.attempt.fresh and not (
            x.down.client.requests == 0
            and x.facts.env[ENV_PROXY_INITIAL_NOT_POOLED].data != NULL):
        u = pool_take(x, request_goes_once(x))
    if likely(u != NULL):
        u.x = x
        x.up = u
        exchange_enter(x, X_SEND)
        exchange_send(x)
        return
    while unlikely(not pool_has_room(m) and pool_of(m).idle != NULL):
        # Idle ones that this request may not use take all the room, and nobody will
        # wake it for them: one makes way; more where its agent has lowered the bound.
        pool_close(pool_of(m).idle)
    if not pool_has_room(m):
        exchange_wait_pool(x)
        return
    if likely(upstream_open(x) == 0):
        exchange_enter(x, X_SEND)
        return
    # In its own turn: of thousands that refuse at once each would call the next.
    x.attempt.lost_errno = stream_errno
    ledger_upstream(&engine.slot.failed)
    say_connect(x, stream_errno)
    exchange_enter(x, X_REFUSED)
    watch_queue(&x.down.c)
    pool_wake(m)


cdef bint connect_lacks_means(int why) noexcept nogil:
    """What this machine lacks (descriptors, ports, memory, the address that
    ProxySourceAddress names) is no member's fault."""
    return (why == EMFILE or why == ENFILE or why == ENOBUFS or why == ENOMEM
            or why == EADDRNOTAVAIL or why == EAFNOSUPPORT or why == ENOSPC)


cdef void exchange_connect_lost(exchange *x, int why) noexcept nogil:
    """No address of the member is reachable: E, and the next member.

    why: the last address's errno, or NO_ADDRESS. Under Compat apache a name that
    does not resolve ends the request.
    """
    cdef plan_member *m = x.member
    x.attempt.lost_errno = why
    if why == NO_ADDRESS and x.question.of == NULL and (
            x.choice.balancer == NULL or plan.compat_apache):
        exchange_detach(x, False)
        if x.choice.balancer != NULL:
            say_member_down(
                x, member_failed(engine.view, m.slot, watch.now_us, False))
        exchange_answer_error(x, 500, service_no_address(x))
        return
    exchange_member_lost(x, 503, NULL, not connect_lacks_means(why))


cdef void exchange_on_member_timeout(exchange *x) noexcept nogil:
    """The member let time pass: before a 100, while it took the request, or since."""
    if unlikely(x.question.told):
        question_over(x, False)         # what it has said holds
        return
    if unlikely(x.attempt.codec != NULL and x.res.head_sent) and coded_is_enough(x):
        response_pump(x)
        return
    say_error(x, &SAY_RESPONSE if x.res.head_sent else &SAY_STATUS_LINE, ETIMEDOUT)
    if x.res.head_sent:
        exchange_cut(x)
    elif unlikely(x.attempt.codec != NULL):
        exchange_coded_timeout(x)
    elif x.attempt.await_continue:
        exchange_member_lost(x, 503, b"Timeout on 100-Continue", True)
    elif not x.attempt.sent:
        exchange_member_lost(x, 504, NULL, False)
    else:
        x.attempt.timed_out = True
        exchange_member_lost(x, 502, b"Error reading from remote server", False)


cdef void exchange_coded_timeout(exchange *x) noexcept nogil:
    """... who does not speak HTTP, and was silent before its head: as httpd. Who has
    answered a ping is there, and only this request takes it too long; so does an
    application at fcgi:// or scgi://, whom nobody can ping. One at uwsgi:// is lost,
    and the request is nobody else's."""
    cdef int protocol = x.member.protocol
    if x.attempt.await_continue:
        coded_ping_lost(x)      # who was called by the clock does what is due
        return
    x.attempt.timed_out = True
    if protocol == PROTOCOL_FCGI or protocol == PROTOCOL_SCGI or (
            protocol == PROTOCOL_AJP and x.member.said.ping_us > 0):
        exchange_member_lost(x, 504, NULL, False)
    elif protocol == PROTOCOL_UWSGI:
        exchange_member_lost(x, 500, NULL, True)
    else:
        exchange_member_lost(x, coded_status(x), NULL, True)


cdef void exchange_member_lost(
        exchange *x, int status, const char *detail, bint mark_error) noexcept nogil:
    """Its side failed. status: what the client is told if nobody else is tried."""
    cdef plan_member *m = x.member
    cdef int rule = request_rule(x) if request_may_move(x) else AGAIN_NOT
    # What is at an address that the member had is not its fault any more.
    cdef bint is_of_old = x.up != NULL and upstream_is_of_old(x.up)
    cdef int out
    if unlikely(rule == AGAIN_UNSENT and status == 502 and x.attempt.codec == NULL
                and x.attempt.bytes_out):
        # Its body was held back, but it has ended the connection over the head.
        rule = request_rule_sent(x)
    if unlikely(is_of_old):
        mark_error = False
    if x.attempt.bytes_out:
        attempt_unanswered(x, True)
    exchange_detach(x, False)
    if mark_error and x.choice.balancer != NULL:
        say_member_down(x, member_failed(
            engine.view, m.slot, watch.now_us, status == 503))
    elif x.attempt.timed_out and x.choice.balancer != NULL \
            and x.choice.balancer.fail_on_timeout:
        out = member_failed(engine.view, m.slot, watch.now_us, False)
        if out:
            say(x, &SAY_FAIL_ON_TIMEOUT)
        if out == WENT_OUT:
            say_member_out(x, &SAY_MEMBER_OUT, CAUSE_TIMEOUT, NULL, 0)
    if unlikely(x.choice.balancer != NULL and x.choice.balancer.ejects) \
            and not is_of_old and not connect_lacks_means(x.attempt.lost_errno):
        if status == 502 and not x.attempt.timed_out and x.attempt.lost_why == NULL:
            x.attempt.lost_why = b"what it sent is no answer" if x.attempt.bytes_in \
                else b"it has ended the connection instead of an answer"
        member_weighed(x, 0)
    if unlikely(x.res.head_sent):
        exchange_abort(x)
        return
    if rule != AGAIN_NOT and x.choice.balancer != NULL and may_retry(
            engine.view, x.choice.balancer, m.slot, x.choice.attempts, False, True,
            x.choice.election.by_route):
        if status == 503 or (status == 502 and x.attempt.codec != NULL):
            if again_coded(x, rule) and again_is_granted(x, rule):
                again_leave(x, rule, 0)
                exchange_elect(x)
                return
        elif member_gave_nothing(x, status) and again_elect(x, rule, 0):
            exchange_enter(x, X_DECIDE)
            exchange_ask(x)
            return
    exchange_answer_error(x, status, detail)


cdef bint member_gave_nothing(exchange *x, int status) noexcept nogil:
    """It has ended the connection without a byte of an answer, and keeps its place:
    httpd asks nobody else. (Who is silent for too long is no reason to ask another one:
    the client has waited, and what is slow is slow there, too.)"""
    return (status == 502 and x.attempt.bytes_in == 0 and not x.attempt.timed_out
            and not plan.compat_apache)
