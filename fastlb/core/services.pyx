"""The seam: every call from the data path up into Python, and the class Core.

Each function here catches everything: an exception is logged with the connection's
number, and the client gets a plain 500 or a closed connection. The callables are handed
over by the worker when it starts; the core imports no service.
"""

from datetime import timezone
from email.utils import format_datetime, parsedate_to_datetime

cdef object services = None


class Request:
    """What a slow-path handler sees of a request (`_core.pyi`)."""

    __slots__ = (
        "client_host", "client_port", "headers", "host_name", "host_port",
        "local_host", "local_port", "method", "path", "query", "target", "vhost_index",
    )


cdef str string_of(const char *data, unsigned int length):
    return data[:length].decode("latin-1")


cdef object request_object(exchange *x):
    cdef const char *data = &x.down.input.data[x.base]
    cdef field *f
    cdef int i
    cdef value query = query_of(x)
    cdef char[46] local
    downstream_learn_remote(x.down)
    downstream_learn_local(x.down)
    r = Request()
    r.method = string_of(data + x.req.method.offset, x.req.method.length)
    r.target = string_of(data + x.req.target.offset, x.req.target.length)
    r.path = x.decoded.data[:x.decoded.length].decode("utf-8", "replace")
    r.query = string_of(query.data, query.length)[1:]
    r.headers = []
    for i in range(x.req.field_count):
        f = &x.req.fields[i]
        r.headers.append((
            (data + f.name)[:f.name_length], (data + f.value)[:f.value_length]))
    r.client_host = string_of(&x.down.remote_text[0], x.down.remote_text_length)
    r.client_port = x.down.remote_port
    r.local_host = string_of(&local[0], address_text(&x.down.local[0], &local[0]))
    r.local_port = x.down.local_port
    r.host_name = own_name(x)
    r.host_port = self_port(x)
    r.vhost_index = x.vhost.index
    return r


cdef str own_name(exchange *x):
    """What pages call us: self_name without the brackets of an IPv6 literal."""
    cdef value name = self_name(x)
    return string_of(name.data, name.length).strip("[]")


cdef str client_of(exchange *x):
    downstream_learn_remote(x.down)
    host = string_of(&x.down.remote_text[0], x.down.remote_text_length)
    return f"{host}:{x.down.remote_port}"


cdef void service_failed(exchange *x) noexcept:
    """Python code of ours raised: say so, and end the exchange decently."""
    import traceback
    try:
        services.log(
            "error", "core", x.vhost.index, client_of(x), 0,
            f"[conn {x.down.number}] {traceback.format_exc()}")
    except Exception:
        pass


cdef void service_error_page(
        exchange *x, int status, const char *detail) noexcept nogil:
    """Answer with the page of a status (text of admin/pages.py)."""
    with gil:
        service_error_page_python(x, status, detail)


cdef void service_error_page_python(
        exchange *x, int status, const char *detail) noexcept:
    cdef bytes body = b""
    cdef bytes phrase = b""
    cdef str told = ""
    cdef str where = ""
    cdef char *copy
    try:
        if x.decoded.data != NULL:
            where = string_of(x.decoded.data, x.decoded.length)
        if x.location.data != NULL:
            told = string_of(x.location.data, x.location.length)
        elif detail != NULL:
            told = (<bytes>detail).decode("latin-1")
        elif status == 417:
            found = request_object(x).headers
            told = b", ".join(
                v for n, v in found if n.lower() == b"expect").decode("latin-1")
        elif status in (405, 413, 501) and x.req.method.length:
            told = string_of(&x.down.input.data[x.base + x.req.method.offset],
                             x.req.method.length)
        reason, body = services.error_page(
            x.vhost.index, status, told, where,
            string_of(x.reason.data, x.reason.length)
            if x.reason.data != NULL else "", x.second_status,
            own_name(x), self_port(x))
        phrase = reason.encode("latin-1", "replace")
        copy = arena_take(x, <unsigned int>len(phrase) + 1)
        if copy != NULL:
            memcpy(copy, <const char *>phrase, len(phrase))
            x.reason.data = copy
            x.reason.length = <unsigned int>len(phrase)
    except Exception:
        service_failed(x)
    x.status = status
    if status == 304 or status == 204:
        answer_send(x, NULL, NULL, -1)
    else:
        answer_send(x, b"text/html; charset=iso-8859-1", body, len(body))


cdef void service_no_address(exchange *x) noexcept nogil:
    """A direct member's name does not resolve: Apache's 500 with the name."""
    with gil:
        service_no_address_python(x)


cdef void service_no_address_python(exchange *x) noexcept:
    cdef bytes told = b"DNS lookup failure"
    try:
        told = f"DNS lookup failure for: {member_host(x)}".encode()
    except Exception:
        service_failed(x)
    exchange_answer_error(x, 500, told)


cdef void service_corrupt(exchange *x) noexcept nogil:
    """502 with the status line that was no status line (its first 200 bytes)."""
    with gil:
        service_corrupt_python(x)


cdef void service_corrupt_python(exchange *x) noexcept:
    cdef bytes told = b"Corrupt status line returned by remote server"
    cdef bytes line
    cdef buffer *b = x.up.input
    try:
        line = b.data[b.start:min(b.end, b.start + 200)]
        told += b": " + line.partition(b"\n")[0].rstrip(b"\r")
    except Exception:
        service_failed(x)
    exchange_member_lost(x, 502, told, False)


cdef void service_unexpected_upgrade(exchange *x, field *f) noexcept nogil:
    """502 for a 101 that was not asked for, or to something else."""
    with gil:
        service_unexpected_upgrade_python(x, f)


cdef void service_unexpected_upgrade_python(exchange *x, field *f) noexcept:
    cdef bytes told = b"Unexpected Upgrade"
    cdef buffer *b = x.up.input
    try:
        got = "n/a" if f == NULL else string_of(
            &b.data[b.start + f.value], f.value_length)
        asked = string_of(x.upgrade.data, x.upgrade.length) or "n/a"
        told = f"Unexpected Upgrade: {got} (expecting {asked})".encode("latin-1")
        say(x, "error", "proxy", 0,
            f"AH00898: {told.decode('latin-1')} returned by {request_uri(x)}")
    except Exception:
        service_failed(x)
    exchange_member_lost(x, 502, told, False)


cdef void service_date(exchange *x, out_field *f) noexcept nogil:
    """An old form of date becomes the canonical one; what is no date stays."""
    with gil:
        service_date_python(x, f)


cdef void service_date_python(exchange *x, out_field *f) noexcept:
    cdef value copy
    cdef bytes text_out
    try:
        when = parsedate_to_datetime(string_of(f.value, f.value_length))
        if when.tzinfo is None:
            when = when.replace(tzinfo=timezone.utc)
        text_out = format_datetime(when.astimezone(timezone.utc), usegmt=True).encode()
    except (ValueError, TypeError, IndexError, OverflowError):
        return
    copy = arena_copy(x, text_out, <unsigned int>len(text_out))
    if copy.data != NULL:
        f.value = copy.data
        f.value_length = copy.length
        f.raw = NULL


cdef void service_handle(exchange *x, const text *handler) noexcept nogil:
    """Answer with what a SetHandler says (server-status and its kin)."""
    with gil:
        service_handle_python(x, handler)


cdef void service_handle_python(exchange *x, const text *handler) noexcept:
    cdef bytes body = b""
    cdef bytes kind = b"text/plain"
    cdef bytes more = b""
    try:
        status, content_type, body, fields = services.handle(
            string_of(handler.data, handler.length), request_object(x))
        kind = content_type.encode("latin-1")
        more = fields_text(fields)
        x.more_fields = arena_copy(x, more, <unsigned int>len(more))
        x.status = status
    except Exception:
        service_failed(x)
        exchange_answer_error(x, 500, NULL)
        return
    if x.status >= 400 and not body:
        exchange_answer_error(x, x.status, NULL)
    else:
        answer_send(x, kind, body, len(body))


cdef bytes fields_text(object fields):
    """More fields of an answer as exchange.more_fields has them."""
    listed = [f"{name}\0{content}\0" for name, content in fields]
    return "".join(listed).encode("latin-1")


cdef void service_ask_host(exchange *x) noexcept nogil:
    """Begin the look-up for Require host; Core.host_answer ends it."""
    with gil:
        service_ask_host_python(x)


cdef void service_ask_host_python(exchange *x) noexcept:
    try:
        downstream_learn_remote(x.down)
        services.ask_host(
            plan_names[x.host_wanted - 1], bool(x.host_forward),
            string_of(&x.down.remote_text[0], x.down.remote_text_length),
            x.down.number, x.host_wanted - 1)
    except Exception:
        service_failed(x)
        exchange_answer_error(x, 500, NULL)


cdef void service_tls_variables(downstream *d) noexcept nogil:
    """Fill d.c.tls.variables; it stays NULL without memory, or where Python fails."""
    with gil:
        service_tls_variables_python(d)


cdef void service_tls_variables_python(downstream *d) noexcept:
    cdef size_t size = sizeof(value) * len(tls_names)
    cdef value *table
    cdef char *at
    cdef bytes one
    cdef int i
    try:
        found = services.tls_variables(
            tuple(tls_names), <size_t>d.c.tls.ssl, d.tls_vhost.index)
        for v in found:
            size += len(v) + 1 if v is not None else 0
        table = <value *>malloc(size)
        if table == NULL:
            return
        at = <char *>(table + len(tls_names))
        for i, v in enumerate(found):
            table[i] = value(NULL, 0)
            if v is not None:
                one = v
                memcpy(at, <const char *>one, len(one))
                table[i] = value(at, <unsigned int>len(one))
                at += len(one) + 1
        d.c.tls.variables = table
    except Exception:
        if d.x != NULL:
            service_failed(d.x)


cdef void service_ask_address(exchange *x) noexcept nogil:
    """Begin to look up what CONNECT asks for; Core.address_answer ends it."""
    with gil:
        service_ask_address_python(x)


cdef void service_ask_address_python(exchange *x) noexcept:
    try:
        services.ask_address(
            string_of(&x.down.input.data[x.base + x.host.offset], x.host.length),
            connect_port(x), x.down.number, x.down.requests)
    except Exception:
        service_failed(x)
        exchange_answer_error(x, 500, NULL)


cdef void service_unknown_host(exchange *x) noexcept nogil:
    with gil:
        service_unknown_host_python(x)


cdef void service_unknown_host_python(exchange *x) noexcept:
    cdef bytes told = b"DNS lookup failure"
    try:
        host = member_host(x)
        told = f"DNS lookup failure for: {host}".encode()
        say(x, "error", "proxy_connect", 0,
            f"AH02327: failed to resolve hostname '{host}'")
        say(x, "error", "proxy", 0,
            f"AH00898: {told.decode()} returned by {request_uri(x)}")
    except Exception:
        service_failed(x)
    exchange_answer_error(x, 502, told)


# The error log -------------------------------------------------------------------

cdef void say(
        exchange *x, str level, str module, int error, str message) noexcept:
    try:
        services.log(
            level, module, x.vhost.index if x != NULL else 0,
            client_of(x) if x != NULL else "", error, message)
    except Exception:
        pass


cdef str member_name(exchange *x):
    if x.member == &connect_target:
        return string_of(
            &x.down.input.data[x.base + x.req.target.offset], x.req.target.length)
    return string_of(x.member.name.data, x.member.name.length)


cdef str member_host(exchange *x):
    return member_name(x).rpartition(":")[0]


cdef str request_uri(exchange *x):
    if x.decoded.data == NULL:
        return "-"
    return string_of(x.decoded.data, x.decoded.length)


cdef void service_log_accept(int error) noexcept nogil:
    with gil:
        say(NULL, "error", "core", error, "AH00014: accept: cannot take connections")


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


cdef void service_log_member_down(exchange *x) noexcept nogil:
    """E was set: say when the member will be tried again."""
    cdef long long wait
    with gil:
        wait = member_retry_in_ms(x.member.slot, watch.now_us)
        if wait < 0:
            when = "it is probed in the background until it listens again"
        else:
            when = f"next try in {wait / 1000:g}s"
        say(x, "error", "proxy", 0,
            f"AH00959: ap_proxy_connect_backend disabling worker for "
            f"({member_name(x)}) for {x.member.retry_us // 1000000}s; {when}")
        say(x, "error", "proxy_http", 0,
            f"AH01114: HTTP: failed to make connection to backend: {member_host(x)}")


cdef void service_log_status_line(exchange *x, int error) noexcept nogil:
    with gil:
        say(x, "error", "proxy_http", error,
            f"AH01102: error reading status line from remote server {member_name(x)}")


cdef void service_log_corrupt(exchange *x) noexcept nogil:
    with gil:
        say(x, "error", "proxy_http", 0,
            f"AH01106: bad HTTP response head returned by {member_name(x)} for "
            f"{request_uri(x)}")


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
        protocol = string_of(x.upgrade.data, x.upgrade.length)
        say(x, "debug", "proxy_http", 0,
            f"AH10239: HTTP: tunneling protocol {protocol}")


cdef void service_log_tunnel_lost(
        exchange *x, int error, const char *side) noexcept nogil:
    with gil:
        say(x, "debug", "proxy", error,
            "AH03308: ap_proxy_transfer_between_connections: error on "
            f"{side.decode()} ({member_name(x)})")


cdef void service_log_tunnel_timeout(exchange *x) noexcept nogil:
    """As in Apache: an error of CONNECT's; of an Upgrade's only worth a note."""
    with gil:
        if x.status == 101:
            say(x, "info", "proxy_http", 0,
                f"AH10224: tunnel timed out: {member_name(x)} and the client were "
                f"silent for {x.idle_us // 1000000}s")
        else:
            say(x, "error", "proxy_connect", 0, "AH10224: tunnel timed out")


cdef void service_log_upgrade_missing(exchange *x) noexcept nogil:
    cdef field *f = head_field(&x.req, FIELD_UPGRADE)
    with gil:
        url = string_of(x.member.url.data, x.member.url.length)
        found = "missing" if f == NULL else string_of(
            &x.down.input.data[x.base + f.value], f.value_length)
        wanted = string_of(x.upgrade.data, x.upgrade.length)
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


cdef void service_log_disabled(exchange *x) noexcept nogil:
    with gil:
        say(x, "error", "proxy", 0,
            f"AH00940: HTTP: disabled connection for ({member_name(x)})")


cdef void service_log_denied(exchange *x) noexcept nogil:
    with gil:
        say(x, "error", "authz_core", 0,
            f"AH01630: client denied by server configuration: {request_uri(x)}")


cdef void service_log_sections(exchange *x) noexcept nogil:
    with gil:
        say(x, "error", "core", 0,
            f"more than {SECTIONS_MATCHED_MAX} sections apply to {request_uri(x)}; "
            f"merge some of them")


cdef void service_log_repaired(exchange *x) noexcept nogil:
    with gil:
        say(x, "warn", "proxy_balancer", 0,
            "a worker died within an election; the balancer's state was made whole")


cdef void service_log_handshake(downstream *d) noexcept nogil:
    """Clients that scan or go away are many: told at info, as Apache does."""
    with gil:
        try:
            downstream_learn_remote(d)
            host = string_of(&d.remote_text[0], d.remote_text_length)
            reason = tls_reason().decode("latin-1")
            services.log(
                "info", "ssl", d.tls_vhost.index, f"{host}:{d.remote_port}", 0,
                f"AH02008: SSL library error 1 in handshake: {reason}")
        except Exception:
            pass


cdef void service_log_member_handshake(exchange *x, const char *why) noexcept nogil:
    with gil:
        downstream_learn_remote(x.down)
        client = string_of(&x.down.remote_text[0], x.down.remote_text_length)
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
            x.down.tls_vhost.server_name.data, x.down.tls_vhost.server_name.length)
        say(x, "error", "ssl", 0,
            f"AH02031: Hostname {named} provided via SNI, but no hostname provided in "
            "HTTP request")


cdef void service_log_misdirected(exchange *x) noexcept nogil:
    with gil:
        asked = string_of(
            x.vhost.server_name.data, x.vhost.server_name.length)
        named = string_of(
            x.down.tls_vhost.server_name.data, x.down.tls_vhost.server_name.length)
        say(x, "error", "ssl", 0,
            f"AH02032: Hostname {named} (default host as no SNI was provided) and "
            f"hostname {asked} provided via HTTP have no compatible SSL setup"
            if not x.down.named else
            f"AH02032: Hostname {named} provided via SNI and hostname {asked} "
            "provided via HTTP have no compatible SSL setup")


cdef void service_log_not_asked(exchange *x) noexcept nogil:
    with gil:
        asked = string_of(x.vhost.server_name.data, x.vhost.server_name.length)
        say(x, "error", "ssl", 0,
            "AH10158: cannot perform post-handshake authentication: the handshake was "
            f"not for {asked}, which asks for certificates of clients")


cdef void service_log_nobody(exchange *x) noexcept nogil:
    cdef text *name = &plan.balancer_names[x.balancer_index]
    with gil:
        balancer = string_of(name.data, name.length)
        if x.election.why == ELECT_STICKY_LOST:
            route = string_of(x.sticky.route, x.sticky.route_length)
            say(x, "error", "proxy_balancer", 0,
                f"AH01167: {balancer}: All workers are in error state for route "
                f"({route})")
        elif x.election.why == ELECT_NO_MEMBERS:
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


# Timers and frees, by kind --------------------------------------------------------

cdef void conn_timed_out(void *owner) noexcept nogil:
    cdef conn *c = <conn *>owner
    if c.kind == KIND_DOWNSTREAM:
        downstream_on_timeout(<downstream *>owner)
    elif c.kind == KIND_UPSTREAM:
        upstream_on_timeout(<upstream *>owner)


cdef void conn_release(conn *c) noexcept nogil:
    if c.freed_kind == KIND_DOWNSTREAM:
        downstream_release(<downstream *>c)
    else:
        upstream_release(<upstream *>c)


cdef void engine_check_empty() noexcept nogil:
    """Whatever was opened was closed, and whatever was taken was given back."""
    ASSERT(engine.all == NULL)
    ASSERT(engine.downstream_count == 0)
    ASSERT(engine.exchange_count == 0)
    ASSERT(engine.upstream_count == 0)
    ASSERT(watch.open_count == 0)
    ASSERT(buffers_out() == 0)


@final
cdef class Core:
    """The data path of one worker (`_core.pyi`). There is one in a process."""

    cdef readonly int fd
    cdef Table table        # keeps the mapping alive

    def __init__(self, model, Table table not None, int slot, member_slots,
                 balancer_slots, listener_fds, log_fds, services_given, tls_handles):
        global services
        cdef int i
        services = services_given
        self.table = table
        memset(&engine, 0, sizeof(engine))
        engine.view = &table.view
        engine.slot = table.worker(slot)
        if watch_begin(conn_release) < 0:
            raise OSError(errno, "epoll_create1 failed")
        timers_begin(watch.now_us)
        watch.handlers[<int>KIND_LISTENER] = accept_on_event
        watch.handlers[<int>KIND_DOWNSTREAM] = downstream_on_event
        watch.handlers[<int>KIND_UPSTREAM] = upstream_on_event
        match_begin()
        connect_prepare()
        plan_begin(model, table, member_slots, balancer_slots)
        plan_tls(tls_handles)
        logline_begin(log_fds)
        logline_fields(model)
        reasons_begin(ERROR_TEXTS)
        plan.env_count = len(plan_envs)
        http_date()
        if len(listener_fds) != plan.listener_count:
            raise ValueError("one socket for each Listen is needed")
        for i, fd in enumerate(listener_fds):
            plan.listeners[i].c.kind = KIND_LISTENER
            plan.listeners[i].c.fd = fd
        engine.eager_read = model.process.defer_accept_s > 0
        self.fd = watch.epfd

    def on_ready(self):
        cdef bint more
        with nogil:
            more = watch_turn()
            logs_flush()
        if engine.draining or plan.max_connections_per_child:
            self.tell()
        return more

    def on_tick(self):
        cdef bint more
        with nogil:
            watch.now_us = clock_us()
            http_date()
            timers_sweep(watch.now_us, conn_timed_out)
            nobody_try_again()
            accept_resume()
            watch_free_dead()
            more = watch.run_head != NULL
            logs_flush()
        if engine.draining or plan.max_connections_per_child:
            self.tell()
        return more

    cdef object tell(self):
        """Tell the worker what it waits for: recycled, or drained."""
        if (plan.max_connections_per_child and not engine.recycle_told
                and engine.accepted >= plan.max_connections_per_child):
            engine.recycle_told = True
            services.recycle()
        if (engine.draining and not engine.drained_told
                and engine.downstream_count == 0):
            engine.drained_told = True
            services.drained()

    def accept(self):
        accept_begin()

    def drain(self):
        if engine.draining:
            return
        accept_backlog()
        engine.draining = True
        accept_end()
        downstreams_drain()
        self.tell()

    def abort(self):
        cdef downstream *d = engine.all
        cdef downstream *following
        cdef int i
        accept_end()
        engine.draining = True
        while d != NULL:
            following = d.all_next
            if d.x != NULL:
                exchange_abort(d.x)
            else:
                downstream_close(d)
            d = following
        for i in range(plan.member_count):
            pool_empty(&plan.members[i])
        watch_run_queued()      # all dead by now: it empties the queue
        watch_free_dead()
        logs_flush()
        engine_check_empty()

    def host_answer(self, connection, int names_number, bint allowed):
        cdef downstream *d = engine.all
        cdef unsigned long number = connection
        while d != NULL and d.number != number:
            d = d.all_next
        if d == NULL:
            return
        d.host_known[names_number] = HOST_ALLOWED if allowed else HOST_DENIED
        if d.state == DOWN_EXCHANGE and d.x.state == X_WAIT_HOST:
            watch.now_us = clock_us()
            timer_clear(&d.c.timer)
            with nogil:
                exchange_route(d.x)
                watch_free_dead()
                logs_flush()

    def address_answer(self, connection, request, addresses):
        cdef downstream *d = engine.all
        cdef unsigned long number = connection
        cdef exchange *x
        while d != NULL and d.number != number:
            d = d.all_next
        # The answer may be for a request before this one.
        if d == NULL or d.requests != request or d.state != DOWN_EXCHANGE \
                or d.x.state != X_WAIT_ADDRESS:
            return
        x = d.x
        for literal, port in addresses[:ADDRESSES_PER_MEMBER_MAX]:
            memset(&x.addresses[x.address_count], 0, sizeof(member_address))
            table_resolve_literal(literal, port, &x.addresses[x.address_count])
            x.address_count += 1
        watch.now_us = clock_us()
        with nogil:
            if x.address_count:
                connect_go(x)
            else:
                connect_unknown(x)
            watch_free_dead()
            logs_flush()

    def replace_log_fd(self, int index, int fd):
        logs_flush()
        log_buffers[index].fd = fd

    def counts(self):
        return {
            "downstreams": engine.downstream_count,
            "upstreams": engine.upstream_count,
            "exchanges": engine.exchange_count,
            "buffers": buffers_out(),
            "watches": watch.open_count,
            "accepted": engine.accepted,
            "log_lines_lost": log_lines_lost,
        }


ERROR_TEXTS = {
    100: "Continue", 101: "Switching Protocols", 102: "Processing",
    103: "Early Hints", 200: "OK", 201: "Created", 202: "Accepted",
    204: "No Content", 206: "Partial Content", 300: "Multiple Choices",
    301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified",
    307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request",
    401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 406: "Not Acceptable",
    407: "Proxy Authentication Required", 408: "Request Timeout", 409: "Conflict",
    410: "Gone", 411: "Length Required", 412: "Precondition Failed",
    413: "Request Entity Too Large", 414: "Request-URI Too Long",
    415: "Unsupported Media Type", 416: "Requested Range Not Satisfiable",
    417: "Expectation Failed", 421: "Misdirected Request",
    422: "Unprocessable Entity", 426: "Upgrade Required",
    429: "Too Many Requests", 500: "Internal Server Error", 501: "Not Implemented",
    502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
}
