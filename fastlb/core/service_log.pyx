"""The seam, second half: what the data path says in the error log.

Wording and numbers are Apache's where it has them. As everywhere on the seam, nothing
raises: a line that cannot be written is lost.
"""
# uses: ground/text, io/buffer, ground/address, io/tls_state, io/watch, io/tls_stream,
#       http/fields, balance/lock, balance/ledger, balance/elect, plan/plan, seam,
#       plan/client, plan/facts, flow/upstream, flow/secure, flow/downstream,
#       flow/exchange, flow/connect, flow/lone

cdef void say(
        exchange *x, str level, str module, int error, str message) noexcept:
    if x == NULL:
        seam_say(level, module, 0, "", error, message)
        return
    seam_say(
        level, module, x.facts.vhost.index, client_text(x.facts.client), error, message)


cdef str member_name(exchange *x):
    if x.member == &connect_target:
        return string_of(
            request_bytes(&x.facts) + x.facts.req.target.offset, x.facts.req.target.length)
    return string_of(x.member.name.data, x.member.name.length)


cdef str member_host(exchange *x):
    return member_name(x).rpartition(":")[0]


cdef str request_uri(exchange *x):
    if x.facts.decoded.data == NULL:
        return "-"
    return string_of(x.facts.decoded.data, x.facts.decoded.length)


cdef void service_log_accept(int error) noexcept nogil:
    with gil:
        say(NULL, "error", "core", error, "AH00014: accept: cannot take connections")


cdef void service_log_full() noexcept nogil:
    with gil:
        say(NULL, "error", "mpm_fastlb", 0,
            "AH00161: server reached MaxRequestWorkers setting, consider raising the "
            "MaxRequestWorkers setting; further requests wait")


cdef void service_log_connect(exchange *x, int index, int error) noexcept nogil:
    with gil:
        if error == NO_ADDRESS:
            say(x, "error", "proxy", 0,
                f"AH00898: DNS lookup failure for: {member_host(x)} returned by "
                f"{request_uri(x)}")
        elif x.member == &connect_target:
            say(x, "error", "proxy", error,
                f"AH00939: CONNECT: attempt to connect to {member_name(x)} "
                f"({member_host(x)}) failed")
        else:
            say(x, "error", "proxy", error,
                f"AH00957: http: attempt to connect to {member_name(x)} "
                f"({member_name(x)}) failed")


cdef void service_log_bind(
        exchange *x, const unsigned char *source, int error) noexcept nogil:
    """ProxySourceAddress cannot be had; what follows says which member was meant."""
    cdef char[ADDRESS_TEXT_BYTES] text
    cdef unsigned int length = address_text(source, &text[0])
    with gil:
        address = f"{string_of(&text[0], length)} (ProxySourceAddress)"
        if x.member == &connect_target:
            say(x, "error", "proxy", error,
                f"AH00938: CONNECT: failed to bind socket to local address {address}")
        else:
            say(x, "error", "proxy", error,
                f"AH00956: http: failed to bind socket to local address {address}")


cdef void service_log_member_down(exchange *x) noexcept nogil:
    """E was set: say when the member will be tried again."""
    cdef long long wait
    with gil:
        wait = member_retry_in_ms(engine.view, x.member.slot, watch.now_us)
        if wait < 0:
            when = "it is probed in the background until it listens again"
        else:
            when = f"next try in {wait / 1000:g}s"
        say(x, "error", "proxy", 0,
            f"AH00959: ap_proxy_connect_backend disabling worker for "
            f"({member_name(x)}) for {x.member.said.retry_us // 1000000}s; {when}")
        say(x, "error", "proxy_http", 0,
            f"AH01114: HTTP: failed to make connection to backend: {member_host(x)}")


cdef void service_log_status_line(exchange *x, int error) noexcept nogil:
    with gil:
        say(x, "error", "proxy_http", error,
            f"AH01102: error reading status line from remote server {member_name(x)}")


cdef void service_log_corrupt(exchange *x) noexcept nogil:
    cdef buffer *b = x.up.input
    cdef unsigned int shown
    with gil:
        began = ""
        if b != NULL:
            shown = min(buffer_held(b), 200)
            began = string_of(&b.data[b.start], shown).partition("\n")[0]
        say(x, "error", "proxy_http", 0,
            f"AH01106: bad HTTP response head returned by {member_name(x)} for "
            f"{request_uri(x)}: {began!r}")


cdef void service_log_response(exchange *x, int error) noexcept nogil:
    with gil:
        say(x, "error", "proxy_http", error,
            f"AH01110: error reading response from {member_name(x)} for "
            f"{request_uri(x)}")


cdef void service_log_send(exchange *x, int error) noexcept nogil:
    with gil:
        say(x, "error", "proxy_http", error,
            f"AH01084: pass request body failed to {member_name(x)}")


cdef void service_log_tunnel_begin(exchange *x) noexcept nogil:
    with gil:
        protocol = string_of(x.attempt.upgrade.data, x.attempt.upgrade.length)
        say(x, "debug", "proxy_http", 0,
            f"AH10239: HTTP: tunneling protocol {protocol}")


cdef void service_log_tunnel_lost(
        exchange *x, int error, const char *side) noexcept nogil:
    if seam_is_shut:
        return
    with gil:
        say(x, "debug", "proxy", error,
            "AH03308: ap_proxy_transfer_between_connections: error on "
            f"{side.decode()} ({member_name(x)})")


cdef void service_log_tunnel_timeout(exchange *x) noexcept nogil:
    """As in Apache: an error of CONNECT's; of an Upgrade's only worth a note."""
    if seam_is_shut:
        lone_say(LONE_TIMED_OUT)
        return
    with gil:
        if x.status == 101:
            say(x, "info", "proxy_http", 0,
                f"AH10224: tunnel timed out: {member_name(x)} and the client were "
                f"silent for {x.tunnel.idle_us // 1000000}s")
        else:
            say(x, "error", "proxy_connect", 0, "AH10224: tunnel timed out")


cdef void service_log_upgrade_missing(exchange *x) noexcept nogil:
    cdef field *f = head_field(&x.facts.req, FIELD_UPGRADE)
    with gil:
        url = string_of(x.member.url.data, x.member.url.length)
        found = "missing" if f == NULL else string_of(
            request_bytes(&x.facts) + f.value, f.value_length)
        wanted = string_of(x.attempt.upgrade.data, x.attempt.upgrade.length)
        say(x, "info", "proxy_wstunnel", 0,
            f"AH02900: require upgrade for URL {url} (Upgrade header is {found}, "
            f"expecting {wanted})")


cdef void service_log_returned(exchange *x, const char *why) noexcept nogil:
    with gil:
        say(x, "error", "proxy", 0,
            f"AH00898: {why.decode()} returned by {request_uri(x)}")


cdef void service_log_acquire(exchange *x) noexcept nogil:
    with gil:
        say(x, "error", "proxy", 0,
            f"AH00941: HTTP: failed to acquire connection for ({member_name(x)})")


cdef void service_log_read_timeout(
        downstream *d, const char *stage) noexcept nogil:
    with gil:
        try:
            client_learn_remote(&d.client)
            host = string_of(&d.client.remote_text[0], d.client.remote_text_length)
            told = (<bytes>stage).decode()
            services.log(
                "info", "reqtimeout", d.vhost.index, f"{host}:{d.client.remote_port}", 0,
                f"AH01382: Request {told} read timeout")
        except Exception:
            pass


cdef void service_log_disabled(exchange *x) noexcept nogil:
    with gil:
        say(x, "error", "proxy", 0,
            f"AH00940: HTTP: disabled connection for ({member_name(x)})")


cdef void service_log_denied(exchange *x) noexcept nogil:
    with gil:
        say(x, "error", "authz_core", 0,
            f"AH01630: client denied by server configuration: {request_uri(x)}")


cdef void service_log_misread(exchange *x) noexcept nogil:
    with gil:
        meant = "as it was sent"
        if x.facts.misread.data != NULL:
            meant = string_of(x.facts.misread.data, x.facts.misread.length)
        say(x, "error", "authz_core", 0,
            f"AH01630: client denied by server configuration: {request_uri(x)} "
            f"(allowed, but not as a member may read it: {meant})")


cdef void service_log_climbs(exchange *x) noexcept nogil:
    with gil:
        say(x, "error", "proxy", 0,
            f"FB0313: the mapping makes a path that climbs: "
            f"{string_of(x.facts.target.data, x.facts.target.length)}; write a slash before the "
            f"group of the pattern")


cdef void service_log_sections(exchange *x) noexcept nogil:
    with gil:
        say(x, "error", "core", 0,
            f"FB0314: more than {SECTIONS_MATCHED_MAX} sections apply to "
            f"{request_uri(x)}; merge some of them")


cdef void service_log_lock(exchange *x) noexcept nogil:
    """The balancer's lock was not free, and its owner did not give it back."""
    with gil:
        if x.choice.election.lock == LOCK_OF_DEAD:
            say(x, "warn", "proxy_balancer", 0,
                "FB0310: a worker died within an election; the balancer's state was "
                "made whole")
            return
        pid = lock_pid(engine.view, engine.view.own.taken_from)
        say(x, "error", "proxy_balancer", 0,
            f"FB0311: process {pid} kept a balancer's lock for more than "
            f"{LOCK_WAIT_US / 1000000:g}s and lives: the lock was taken over; if "
            "it is not stopped by a debugger, end it")


cdef void service_log_forced(exchange *x) noexcept nogil:
    """Every member was in error (forcerecovery=). One line for all of them, where
    Apache writes one for each."""
    cdef text *name = &plan.balancer_names[x.choice.balancer_index]
    with gil:
        say(x, "debug", "proxy_balancer", 0,
            f"AH01165: {string_of(name.data, name.length)}: Forcing recovery for "
            f"worker ({member_name(x)}) and all others, which were in error")


cdef void service_log_began_anew(exchange *x) noexcept nogil:
    with gil:
        say(x, "error", "proxy_balancer", 0,
            "FB0312: the balancer's state held numbers that no election makes: it "
            "begins anew; something wrote over it, a worker may have been taken over")


cdef void service_log_handshake(downstream *d) noexcept nogil:
    """Clients that scan or go away are many: told at info, as Apache does."""
    with gil:
        try:
            client_learn_remote(&d.client)
            host = string_of(&d.client.remote_text[0], d.client.remote_text_length)
            reason = tls_reason().decode("latin-1")
            services.log(
                "info", "ssl", d.client.tls_vhost.index, f"{host}:{d.client.remote_port}", 0,
                f"AH02008: SSL library error 1 in handshake: {reason}")
        except Exception:
            pass


cdef void service_log_member_handshake(exchange *x, const char *why) noexcept nogil:
    with gil:
        client_learn_remote(&x.down.client)
        client = string_of(&x.down.client.remote_text[0], x.down.client.remote_text_length)
        member = f"{member_name(x)} ({member_host(x)})"
        # Apache tells the reason at info only.
        level, reason = handshake_reason(x, why.decode("latin-1"))
        say(x, level, "ssl", 0, f"{reason}: {member}")
        say(x, "error", "proxy", 0, f"AH01084: pass request body failed to {member}")
        say(x, "error", "proxy_http", 0,
            f"AH01097: pass request body failed to {member} from {client} ()")
        say(x, "error", "proxy", 0,
            "AH00898: Error during SSL Handshake with remote server returned by "
            f"{request_uri(x)}")


cdef object handshake_reason(exchange *x, str why):
    """Level of the log and Apache's sentence."""
    cdef tls_state *t = x.up.c.tls if x.up != NULL else NULL
    cdef unsigned char verify = x.member.tls_verify
    cdef bint believes = verify == VERIFY_REQUIRE or verify == VERIFY_OPTIONAL
    cdef value name
    if t != NULL and t.established:
        if believes and (t.chain_error or t.date_error):
            number = t.chain_error if t.chain_error else t.date_error
            return "error", (
                f"AH02039: Certificate Verification: Error ({number}): {why}")
        if t.date_error and x.member.tls_check_date:
            return "warn", "AH02004: SSL Proxy: Peer certificate is expired"
        if t.name_error and x.member.tls_check_name:
            name = member_tls_name(x)
            return "warn", (
                "AH02411: SSL Proxy: Peer certificate does not match for hostname "
                + string_of(name.data, name.length))
    return "warn", f"AH02003: SSL Proxy connect failed: {why}"


cdef void service_log_no_engine(exchange *x) noexcept nogil:
    with gil:
        say(x, "error", "ssl", 0,
            f"AH01961: SSL Proxy requested for {member_name(x)} but not enabled "
            "[Hint: SSLProxyEngine]")
        say(x, "error", "proxy", 0, f"AH00961: HTTPS: failed to enable ssl support for "
            f"{member_name(x)}")


cdef void service_log_plain(exchange *x) noexcept nogil:
    with gil:
        say(x, "error", "ssl", 0,
            f"AH02219: access to {request_uri(x)} failed, reason: SSL connection "
            "required")


cdef void service_log_no_name(exchange *x) noexcept nogil:
    with gil:
        say(x, "warn", "ssl", 0,
            "AH02033: No hostname was provided via SNI for a name based virtual host")


cdef void service_log_no_host(exchange *x) noexcept nogil:
    with gil:
        named = string_of(
            x.down.client.tls_vhost.server_name.data, x.down.client.tls_vhost.server_name.length)
        say(x, "error", "ssl", 0,
            f"AH02031: Hostname {named} provided via SNI, but no hostname provided in "
            "HTTP request")


cdef void service_log_misdirected(exchange *x) noexcept nogil:
    with gil:
        asked = string_of(
            x.facts.vhost.server_name.data, x.facts.vhost.server_name.length)
        named = string_of(
            x.down.client.tls_vhost.server_name.data, x.down.client.tls_vhost.server_name.length)
        say(x, "error", "ssl", 0,
            f"AH02032: Hostname {named} (default host as no SNI was provided) and "
            f"hostname {asked} provided via HTTP have no compatible SSL setup"
            if not x.down.client.named else
            f"AH02032: Hostname {named} provided via SNI and hostname {asked} "
            "provided via HTTP have no compatible SSL setup")


cdef void service_log_not_asked(exchange *x) noexcept nogil:
    with gil:
        asked = string_of(x.facts.vhost.server_name.data, x.facts.vhost.server_name.length)
        say(x, "error", "ssl", 0,
            "AH10158: cannot perform post-handshake authentication: the handshake was "
            f"not for {asked}, which asks for certificates of clients")


cdef void service_log_nobody(exchange *x) noexcept nogil:
    cdef text *name = &plan.balancer_names[x.choice.balancer_index]
    with gil:
        balancer = string_of(name.data, name.length)
        if x.choice.election.why == ELECT_STICKY_LOST:
            route = string_of(x.choice.sticky.route, x.choice.sticky.route_length)
            say(x, "error", "proxy_balancer", 0,
                f"AH01167: {balancer}: All workers are in error state for route "
                f"({route})")
        elif x.choice.election.why == ELECT_NO_MEMBERS:
            say(x, "error", "proxy_balancer", 0,
                f"AH01171: No workers in balancer {balancer}")
        else:
            say(x, "error", "proxy_balancer", 0,
                f"AH01170: {balancer}: All workers are in error state")


cdef void service_log_fail_on(exchange *x, int status) noexcept nogil:
    with gil:
        if status:
            say(x, "error", "proxy_balancer", 0,
                f"AH01174: Forcing worker ({member_name(x)}) into error state due to "
                f"status code {status} matching 'failonstatus' balancer parameter")
        else:
            say(x, "error", "proxy_balancer", 0,
                f"AH02460: Forcing worker ({member_name(x)}) into error state due to "
                f"timeout and 'failontimeout' parameter being set")
