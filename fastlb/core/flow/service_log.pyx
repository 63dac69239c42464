"""Lines for the error log (service_log.pxd)."""
# uses: ground/text, io/buffer, io/writer, ground/address, io/tls_state, io/watch,
#       io/preface, http/fields, balance/table, balance/lock, balance/ledger,
#       balance/elect, balance/budget, balance/eject, seam, plan/build, plan/verdicts,
#       plan/access_plan, plan/plan, plan/client, plan/digest, plan/facts,
#       plan/error_line, plan/auth_said, flow/kept, flow/exchange, flow/engine,
#       flow/follow, flow/member, flow/log_rows

from string import Formatter


cdef str member_name(exchange *x):
    if x.member == &connect_target:
        return said_of(
            request_bytes(&x.facts) + x.facts.req.target.offset,
            x.facts.req.target.length)
    return said_of(x.member.name.data, x.member.name.length)


cdef str member_host(exchange *x):
    return member_name(x).rpartition(":")[0]


cdef str request_uri(exchange *x):
    if x.facts.decoded.data == NULL:
        return "-"
    return said_of(x.facts.decoded.data, x.facts.decoded.length)


cdef object log_fact(exchange *x, str name):
    """What a name in a line stands for, but for number and detail."""
    cdef value v = value(NULL, 0)
    cdef field *f
    if name == "member":
        return member_name(x)
    if name == "member_host":
        return member_host(x)
    if name == "uri":
        return request_uri(x)
    if name == "next_try":
        return next_try(x)
    if name == "retry_s":
        return x.member.said.retry_us // 1000000
    if name == "down_for":
        return down_for(x)
    if name == "lost_evidence":
        return lost_evidence(x)
    if name == "queued":
        return ledger_queued_of(engine.view, x.choice.balancer.slot)
    if name == "idle_s":
        return x.tunnel.idle_us // 1000000
    if name == "lock_wait_s":
        return LOCK_WAIT_US / 1000000
    if name == "client":
        client_learn_remote(x.facts.client)
        v = value(
            &x.facts.client.remote_text[0], x.facts.client.remote_text_length)
    elif name == "upgrade":
        v = x.attempt.upgrade
    elif name == "asked_upgrade":
        f = head_field(&x.facts.req, FIELD_UPGRADE)
        if f == NULL:
            return "missing"
        v = request_part(&x.facts, span(f.value, f.value_length))
    elif name == "misread":
        if x.facts.misread.data == NULL:
            return "as it was sent"
        v = x.facts.misread
    elif name == "target":
        v = x.facts.target
    elif name == "tls_name":
        v = member_tls_name(x)
    elif name == "route":
        v = value(x.choice.sticky.route, x.choice.sticky.route_length)
    elif name == "began":
        return response_began(x)
    else:
        return log_kept_fact(x, name)
    return said_of(v.data, v.length)


cdef object log_kept_fact(exchange *x, str name):
    """... of kept connections."""
    if name == "again":
        return again_rule(x)
    if name == "retry_budget":
        return x.choice.balancer.retry_budget
    if name == "budget_s":
        return BUDGET_US / 1000000
    if name == "kept_s":
        return (watch.now_us - pool_of(x.member).idle.idle_us) / 1000000
    if name == "kept_for_s":
        return kept_for_us(&pool_of(x.member).kept) / 1000000
    if name == "kept_known":
        return kept_known(&pool_of(x.member).kept)
    return log_access_fact(x, name)


cdef str again_rule(exchange *x):
    """Why it may be sent twice."""
    if x.attempt.bytes_out == 0:
        return "nothing of it had gone out"
    if x.attempt.await_continue:
        return "its body was held back"
    if request_is_idempotent(x):
        return "its method is idempotent"
    if request_is_keyed(x):
        return "it carries Idempotency-Key"
    return "nothing of it was there when that happened"


cdef str kept_known(const kept_time *k):
    if k.closed_us and not 0 < k.said_us < k.closed_us:
        return f"the member has closed one after {k.closed_us / 1000000:.3f}s"
    if k.said_us:
        return f"the member says {k.said_us // 1000000}s"
    if k.lived_us:
        return f"the longest seen was {k.lived_us / 1000000:.3f}s"
    return "nothing is known yet"


cdef object log_access_fact(exchange *x, str name):
    """... of who may."""
    cdef plan_auth said
    if name == "user":
        return said_of(x.facts.user.data, x.facts.user.length)
    if name == "method":
        method = request_part(&x.facts, x.facts.req.method)
        return said_of(method.data, method.length)
    if name == "granted_status":
        return x.facts.granted_status
    if name == "auth_file":
        return auth_file_source(x.facts.asks.file).decode("utf-8", "surrogateescape")
    if name == "auth_file_bytes":
        return AUTH_FILE_BYTES_MAX
    if name == "sent":
        return said_of(
            request_bytes(&x.facts) + x.facts.req.target.offset,
            x.facts.req.target.length)
    if name == "realm":
        said = auth_said(&x.facts)
        return said_of(said.name.data, said.name.length)
    if name.startswith("eject_"):
        return log_eject_fact(x, name)
    if name.startswith("digest_"):
        return log_digest_fact(x.facts.digest, name)
    return log_plan_fact(x, name)


cdef object log_digest_fact(const digest_login *l, str name):
    """... of what Authorization: Digest says."""
    cdef value v = value(NULL, 0)
    if l == NULL:
        return ""
    if name == "digest_uri":
        v = l.uri
    elif name == "digest_opaque":
        v = l.opaque
    elif name == "digest_realm":
        v = l.realm
    elif name == "digest_algorithm":
        v = l.algorithm
    elif name == "digest_qop":
        v = l.qop
    elif name == "digest_nonce":
        v = l.nonce
    elif name == "digest_count":
        v = l.count
    return said_of(v.data, v.length)


cdef object log_plan_fact(exchange *x, str name):
    """... of the configuration."""
    cdef text t
    if name == "member_url":
        t = x.member.url
    elif name == "host":
        t = x.facts.vhost.server_name
    elif name == "handshake_host":
        t = x.facts.client.tls_vhost.server_name
    else:
        t = plan.balancer_names[x.choice.balancer_index]
    return said_of(t.data, t.length)


cdef bint member_is_unknown(const plan_member *m) noexcept nogil:
    """Nobody has known its name so far."""
    cdef member_address[TABLE_ADDRESSES_MAX] found
    cdef uint32_t version = 0
    return m.unix_path.length == 0 and member_addresses(
        engine.view, m.slot, &version, &found[0]) <= 0


cdef str next_try(exchange *x):
    cdef long long wait_ms
    if member_is_unknown(x.member):
        return "its name is looked up until it is known"
    wait_ms = member_retry_in_ms(engine.view, x.member.slot, watch.now_us)
    if wait_ms < 0:
        return "it is probed in the background until it listens again"
    if wait_ms == 0:
        return "the next request may try it again"
    return f"next try in {wait_ms / 1000:g}s"


cdef str down_for(exchange *x):
    """Apache's words, where they are true."""
    if member_retry_in_ms(engine.view, x.member.slot, watch.now_us) < 0:
        return ""
    return f" for {x.member.said.retry_us // 1000000}s"


cdef object log_eject_fact(exchange *x, str name):
    """... of the last member that was weighed."""
    cdef const balancer_plan *b = x.choice.balancer
    if name == "eject_why" and ejected.requests:
        return (
            f"{ejected.fails} of {ejected.requests} requests within "
            f"{ejected.within_us / 1000000:.1f}s have failed, "
            f"{100 * ejected.fails // ejected.requests}% "
            f"(ejecton=errors:{b.eject_percent}%/{b.eject_window_us / 1000000:g}s)")
    if name == "eject_why":
        return (
            f"{ejected.fails} requests in a row have failed "
            f"(ejecton=failures:{b.eject_failures})")
    if name == "eject_room":
        return (
            f"{ejected.out_count} of {ejected.member_count} members "
            f"(ejectmax={b.eject_max_percent}%: {ejected.out_max})")
    if name == "eject_for":
        return (
            f"{ejected.out_us / 1000000:g}s"
            f" ({ejected.times} x ejecttime={b.eject_us / 1000000:g}s)")
    return ""


cdef str lost_evidence(exchange *x):
    """What this try at a member has met."""
    cdef int error = x.attempt.lost_errno
    if x.attempt.lost_why != NULL:
        return (<bytes>x.attempt.lost_why).decode()
    if error == NO_ADDRESS:
        return "nobody knows its name"
    if error == ETIMEDOUT:
        return f"no connection within {connect_timeout_us(x) / 1000000:g}s"
    if error:
        return os.strerror(error).lower()
    return f"no answer within {exchange_timeout_us(x) / 1000000:g}s"


cdef str response_began(exchange *x):
    """The first line of what a member sent."""
    cdef buffer *b = x.up.input
    if b == NULL:
        return ""
    return said_of(
        &b.data[b.start],
        min(buffer_held(b), <unsigned int>LOG_BEGAN_BYTES)).partition("\n")[0]


cdef str request_id_said(exchange *x):
    """RequestID: what a line about a request ends with."""
    cdef value id = value(NULL, 0)
    if x != NULL and x.facts.vhost.said.request_id != REQUEST_ID_OFF:
        id = env_of(&x.facts, plan_ids[<int>ID_REQUEST])
    return f", request_id: {said_of(id.data, id.length)}" if id.data != NULL else ""


cdef void log_followed(exchange *x, const log_row *row, int error, str line):
    """... for whoever follows the request, whatever LogLevel makes of it."""
    why = f"{os.strerror(error)}: " if error else ""
    said = f"{row.module.decode()}:{row.level.decode()} {why}{line}".encode(
        "utf-8", "surrogateescape")
    follow_note(
        x, FOLLOW_SAID, 0, 0, 0, value(<const char *>said, <unsigned int>len(said)))


cdef void log_say(
        client_facts *client, plan_vhost *v, exchange *x, const log_row *row, int error,
        const char *detail, long number) noexcept with gil:
    """The one function that says them."""
    cdef dict facts = {"number": number, "detail": ""}
    try:
        if detail != NULL:
            facts["detail"] = said_of(detail, <unsigned int>strlen(detail))
        line = row.line.decode()
        for piece in Formatter().parse(line):
            if piece[1] and piece[1] not in facts:
                facts[piece[1]] = log_fact(x, piece[1])
        line = line.format_map(facts)
        if x != NULL and x.followed:
            log_followed(x, row, error, line)
        error_line_say(
            row.level.decode(), row.module.decode(), v.index if v != NULL else 0,
            client, &x.facts if x != NULL else NULL, error,
            line + request_id_said(x))
    except Exception:
        pass


cdef void say_more(
        exchange *x, const log_row *row, int error, const char *detail,
        long number) noexcept nogil:
    """With what only the caller knows: words, a number."""
    if not seam_is_shut:
        log_say(x.facts.client, x.facts.vhost, x, row, error, detail, number)


cdef void say_error(exchange *x, const log_row *row, int error) noexcept nogil:
    """error: an errno; 0: none."""
    say_more(x, row, error, NULL, 0)


cdef void say(exchange *x, const log_row *row) noexcept nogil:
    say_more(x, row, 0, NULL, 0)


cdef void say_part(exchange *x, const log_row *row, value part) noexcept nogil:
    """With bytes of a peer: its own words, up to a bound."""
    cdef char[SAID_BYTES_MAX] words
    cdef bint is_long = part.length >= SAID_BYTES_MAX
    cdef writer w
    writer_begin(&w, &words[0], SAID_BYTES_MAX)
    put(&w, part.data, SAID_BYTES_MAX - 4 if is_long else part.length)
    if is_long:
        put(&w, b"...", 3)
    put_byte(&w, 0)
    say_more(x, row, 0, &words[0], 0)


cdef void say_of_client(
        client_facts *client, plan_vhost *v, const log_row *row,
        const char *detail) noexcept nogil:
    """Of a client's connection, before there is a request."""
    log_say(client, v, NULL, row, 0, detail, 0)


cdef void say_of_worker(const log_row *row, int error) noexcept nogil:
    """Of the worker as a whole."""
    log_say(NULL, NULL, NULL, row, error, NULL, 0)


# Chosen between ------------------------------------------------------------------

cdef void say_connect(exchange *x, int error) noexcept nogil:
    if error == NO_ADDRESS:
        say(x, &SAY_NO_ADDRESS)
    else:
        say_error(
            x, &SAY_TARGET_FAILED if x.member == &connect_target
            else &SAY_CONNECT_FAILED, error)


cdef void say_bind(
        exchange *x, const unsigned char *source, int error) noexcept nogil:
    """ProxySourceAddress is unavailable; what follows says which member was meant."""
    cdef char[ADDRESS_TEXT_BYTES] text
    address_text(source, &text[0])
    say_more(
        x, &SAY_TARGET_NOT_BOUND if x.member == &connect_target else &SAY_NOT_BOUND,
        error, &text[0], 0)


cdef uint32_t own_pid() noexcept nogil:
    return <uint32_t>lock_pid(engine.view, engine.view.own.owner)


cdef void say_member_down(exchange *x, int out) noexcept nogil:
    """It has failed. out: what member_failed says; if it was in E already, that was
    told. A name that nobody knows is no connection that failed."""
    cdef int error = x.attempt.lost_errno
    if out and error and error != NO_ADDRESS:
        say(x, &SAY_MEMBER_DOWN)
        say(x, &SAY_MEMBER_FAILED)
    if out == WENT_OUT:
        say_member_out(
            x, &SAY_MEMBER_OUT, CAUSE_LOST if error == 0 else CAUSE_NO_ADDRESS
            if error == NO_ADDRESS else CAUSE_CONNECT, NULL, error)


cdef void say_member_out(
        exchange *x, const log_row *row, int cause, const char *detail,
        long number) noexcept nogil:
    """It went out by this request, which is kept beside it. number: errno or status"""
    member_changed(
        x.member.slot, True, cause, number, own_pid(), watch.now_us)
    say_more(x, row, 0, detail, number)


cdef void say_member_back(exchange *x, long long failed_us) noexcept nogil:
    """It was in E and is not: this connection is the first since then."""
    cdef long long out_us = watch.now_us - failed_us
    cdef bint in_time = out_us > x.member.said.retry_us
    cdef const log_row *row = &SAY_MEMBER_BACK_EJECTED
    cdef int cause = CAUSE_EJECTED
    if member_ejected_until_us(x.member.slot, watch.now_us) <= failed_us:
        row = &SAY_MEMBER_BACK if in_time else &SAY_MEMBER_BACK_FORCED
        cause = CAUSE_TRIED if in_time else CAUSE_FORCED
    member_changed(
        x.member.slot, False, cause, 0, own_pid(), watch.now_us)
    say_more(x, row, 0, NULL, <long>(out_us // 1000))


cdef void say_kept_long(exchange *x) noexcept nogil:
    """Idle connections are left, for they may be closing. Told to whom asks for all."""
    if unlikely(x.facts.vhost.tells_kept):
        say(x, &SAY_KEPT_LONG)


cdef void say_moved(exchange *x, int rule, int status) noexcept nogil:
    """Another member is to be asked, by a rule of AGAIN_*; what was met is a line of
    its own. Told to whom asks for it. status: that was answered; 0: nothing was."""
    if likely(not x.facts.vhost.tells_again):
        return
    if status:
        say_more(x, &SAY_MOVED_STATUS, 0, NULL, status)
    elif rule == AGAIN_UNSENT:
        say(x, &SAY_MOVED_UNSENT)
    else:
        say(x, &SAY_MOVED)


cdef void say_ejected(exchange *x, int what, int status) noexcept nogil:
    """status: of the last answer that was a failure; 0: there was none."""
    if what == EJECT_NO_ROOM:
        say_more(
            x, &SAY_NOT_EJECTED_STATUS if status else &SAY_NOT_EJECTED, 0, NULL, status)
        return
    member_changed(
        x.member.slot, True, CAUSE_EJECTED, <long>(ejected.out_us // 1000000),
        own_pid(), watch.now_us)
    say_more(x, &SAY_EJECTED_STATUS if status else &SAY_EJECTED, 0, NULL, status)


cdef void say_lock(exchange *x) noexcept nogil:
    """The balancer's lock was not free, and its owner did not give it back."""
    if x.choice.election.lock == LOCK_OF_DEAD:
        say(x, &SAY_LOCK_OF_DEAD)
    else:
        say_more(
            x, &SAY_LOCK_OF_LIVING, 0, NULL,
            lock_pid(engine.view, engine.view.own.taken_from))


cdef void say_nobody(exchange *x) noexcept nogil:
    if x.choice.election.why == ELECT_STICKY_LOST:
        say(x, &SAY_ROUTE_LOST)
    elif x.choice.election.why == ELECT_NO_MEMBERS:
        say(x, &SAY_NO_MEMBERS)
    else:
        say(x, &SAY_ALL_IN_ERROR)


cdef void say_no_handshake(exchange *x, const char *why) noexcept nogil:
    """Apache tells the reason at info only."""
    cdef tls_state *t = x.up.c.tls if x.up != NULL else NULL
    cdef plan_member *m = x.member
    cdef bint believes = (
        m.tls_verify == VERIFY_REQUIRE or m.tls_verify == VERIFY_OPTIONAL)
    cdef bint established = t != NULL and t.established
    if established and believes and (t.chain_error or t.date_error):
        say_more(x, &SAY_BAD_CERTIFICATE, 0, why,
                 t.chain_error if t.chain_error else t.date_error)
    elif established and t.date_error and m.tls_check_date:
        say(x, &SAY_EXPIRED)
    elif established and t.name_error and m.tls_check_name:
        say(x, &SAY_OTHER_NAME)
    else:
        say_more(x, &SAY_NO_HANDSHAKE, 0, why, 0)
    say(x, &SAY_NOT_PASSED)
    say(x, &SAY_NOT_PASSED_FROM)
    say_more(x, &SAY_RETURNED, 0, b"Error during SSL Handshake with remote server", 0)


cdef const log_row *preface_row(unsigned char why) noexcept nogil:
    if why == PREFACE_TOO_LONG:
        return &SAY_PREFACE_TOO_LONG
    if why == PREFACE_LACKS:
        return &SAY_PREFACE_LACKS
    if why == PREFACE_FAMILY:
        return &SAY_PREFACE_FAMILY
    if why == PREFACE_ADDRESS:
        return &SAY_PREFACE_ADDRESS
    if why == PREFACE_PORT:
        return &SAY_PREFACE_PORT
    if why == PREFACE_BYTES:
        return &SAY_PREFACE_BYTES
    if why == PREFACE_COMMAND:
        return &SAY_PREFACE_COMMAND
    return &SAY_PREFACE_PROTOCOL if why == PREFACE_PROTOCOL else &SAY_PREFACE_IS_NONE


cdef void say_preface(
        client_facts *client, plan_vhost *v, const preface *told,
        const char *came) noexcept nogil:
    """A PROXY header was refused; its bytes as they came."""
    cdef char[4 * PREFACE_LINE_BYTES_MAX] detail
    cdef writer w
    writer_begin(&w, &detail[0], sizeof(detail) - 1)
    put(&w, told.word, told.word_length)
    put(&w, b"' in header '", 13)
    put(&w, came, told.line_length)
    put_byte(&w, 0)
    log_say(client, v, NULL, preface_row(told.why), 0, &detail[0], told.number)
