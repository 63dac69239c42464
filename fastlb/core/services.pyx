"""The seam: every call from the data path up into Python, and the class Core.

Each function here catches everything: an exception is logged with the connection's
number, and the client gets a plain 500 or a closed connection. The callables are handed
over by the worker when it starts; the core imports no service.
"""
# uses: ground/text, io/buffer, ground/address, ground/path, ground/arena, io/timer,
#       io/watch, io/date, io/tls_stream, http/fields, balance/table,
#       balance/table_slots, plan/client_names, plan/tls_names, plan/plan, seam,
#       plan/client, plan/facts, plan/path, plan/tls_variables, plan/own_name,
#       plan/rules, plan/logline, plan/late_lines, flow/rewrite, flow/pool,
#       flow/upstream, flow/work, flow/heads, flow/row, flow/downstream, flow/accept,
#       flow/route, flow/answer, flow/exchange, flow/connect, flow/lone, service_log

import os
from datetime import timezone
from email.utils import format_datetime, parsedate_to_datetime

from fastlb.facts import statuses


class Request:
    """What a slow-path handler sees of a request (`_core.pyi`)."""

    __slots__ = (
        "client_host", "client_port", "headers", "host_name", "host_port",
        "local_host", "local_port", "method", "path", "query", "target", "vhost_index",
    )


cdef object request_object(exchange *x):
    cdef const char *data = request_bytes(&x.facts)
    cdef client_facts *c = x.facts.client
    cdef field *f
    cdef int i
    cdef value query = query_of(&x.facts)
    cdef char[ADDRESS_TEXT_BYTES] local
    client_learn_remote(c)
    client_learn_local(c)
    r = Request()
    r.method = string_of(data + x.facts.req.method.offset, x.facts.req.method.length)
    r.target = string_of(data + x.facts.req.target.offset, x.facts.req.target.length)
    r.path = x.facts.decoded.data[:x.facts.decoded.length].decode("utf-8", "replace")
    r.query = string_of(query.data, query.length)[1:]
    r.headers = []
    for i in range(x.facts.req.field_count):
        f = &x.facts.req.fields[i]
        r.headers.append((
            (data + f.name)[:f.name_length], (data + f.value)[:f.value_length]))
    r.client_host = string_of(&c.remote_text[0], c.remote_text_length)
    r.client_port = c.remote_port
    r.local_host = string_of(&local[0], address_text(&c.local[0], &local[0]))
    r.local_port = c.local_port
    r.host_name = own_name(x)
    r.host_port = self_port(&x.facts)
    r.vhost_index = x.facts.vhost.index
    return r


cdef str own_name(exchange *x):
    """What pages call us: self_name without the brackets of an IPv6 literal."""
    cdef value name = self_name(&x.facts)
    return string_of(name.data, name.length).strip("[]")


cdef void service_failed(exchange *x) noexcept:
    """Python code of ours raised: say so, and end the exchange decently."""
    client_failed(x.facts.client, x.facts.vhost.index)


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
    try:
        if x.facts.decoded.data != NULL:
            where = string_of(x.facts.decoded.data, x.facts.decoded.length)
        if x.local.location.data != NULL:
            told = string_of(x.local.location.data, x.local.location.length)
        elif detail != NULL:
            told = (<bytes>detail).decode("latin-1")
        elif status == 417:
            found = request_object(x).headers
            told = b", ".join(
                v for n, v in found if n.lower() == b"expect").decode("latin-1")
        elif status in (405, 413, 501) and x.facts.req.method.length:
            told = string_of(request_bytes(&x.facts) + x.facts.req.method.offset,
                             x.facts.req.method.length)
        reason, body = services.error_page(
            x.facts.vhost.index, status, told, where,
            string_of(x.local.reason.data, x.local.reason.length)
            if x.local.reason.data != NULL else "", x.local.second_status,
            own_name(x), self_port(&x.facts))
        phrase = reason.encode("latin-1", "replace")
        x.local.reason = arena_copy(&x.facts.arena, phrase, <unsigned int>len(phrase))
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
        asked = string_of(x.attempt.upgrade.data, x.attempt.upgrade.length) or "n/a"
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
    copy = arena_copy(&x.facts.arena, text_out, <unsigned int>len(text_out))
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
        x.local.more_fields = arena_copy(&x.facts.arena, more, <unsigned int>len(more))
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
        client_learn_remote(&x.down.client)
        services.ask_host(
            plan_names[x.facts.host_wanted - 1], bool(x.facts.host_forward),
            string_of(&x.down.client.remote_text[0], x.down.client.remote_text_length),
            x.down.client.number, x.facts.host_wanted - 1)
    except Exception:
        service_failed(x)
        exchange_answer_error(x, 500, NULL)


cdef void names_ask() noexcept:
    """Begin the look-ups that log lines wait for; Core.name_answer ends each."""
    global client_names_queued
    cdef char[ADDRESS_TEXT_BYTES] address
    cdef client_name *n
    cdef int i
    for i in range(client_names_queued):
        n = &client_names[client_names_queue[i]]
        n.state = NAME_ASKED
        try:
            services.ask_name(
                string_of(&address[0], address_text(&n.address[0], &address[0])),
                bool(n.both_ways), client_names_queue[i], n.number)
        except Exception:
            # Its lines are written with the address when they have waited enough.
            client_name_learn(client_names_queue[i], n.number, b"", 0, clock_us())
            late_lines_write(n, 0)
    client_names_queued = 0


cdef void service_ask_address(exchange *x) noexcept nogil:
    """Begin to look up what CONNECT asks for; Core.address_answer ends it."""
    with gil:
        service_ask_address_python(x)


cdef void service_ask_address_python(exchange *x) noexcept:
    cdef value host = request_part(&x.facts, x.facts.host)
    try:
        services.ask_address(
            string_of(host.data, host.length),
            connect_port(x), x.down.client.number, x.down.client.requests)
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
    ASSERT(engine.tunnel_count == 0)
    ASSERT(engine.in_work == 0)
    ASSERT(engine.wait_head == NULL)
    ASSERT(heads_open[1] + heads_open[2] + heads_open[3] == 0)
    ASSERT(engine.upstream_count == 0)
    ASSERT(watch.open_count == 0)
    ASSERT(buffers_out() == 0)
    ASSERT(arena_live == 0)


cdef void engine_abort() noexcept nogil:
    """Close everything, and write down what was under way."""
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
    late_lines_end()
    logs_flush()
    engine_check_empty()


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
        engine.chance = int.from_bytes(os.urandom(8), "little")
        if watch_begin(conn_release, tls_end) < 0:
            raise OSError(errno, "epoll_create1 failed")
        timers_begin(watch.now_us)
        watch.handlers[<int>KIND_LISTENER] = accept_on_event
        watch.handlers[<int>KIND_DOWNSTREAM] = downstream_on_event
        watch.handlers[<int>KIND_UPSTREAM] = upstream_on_event
        path_begin()
        connect_prepare()
        plan_begin(model, table, member_slots, balancer_slots)
        plan_tls(tls_handles)
        logline_begin(log_fds)
        logline_fields(model)
        reasons_begin(statuses.REASONS)
        plan_envs_end()
        http_date()
        if len(listener_fds) != plan.listener_count:
            raise ValueError("one socket for each Listen is needed")
        for i, fd in enumerate(listener_fds):
            plan.listeners[i].c.kind = KIND_LISTENER
            plan.listeners[i].c.fd = fd
        work_begin()
        self.share_descriptors(LONG_MAX, LONG_MAX, LONG_MAX)
        engine.eager_read = model.process.defer_accept_s > 0
        self.fd = watch.epfd

    def share_descriptors(self, long clients, long members, long pipes):
        engine.client_max = clients
        engine.member_max = members
        engine.pipe_max = pipes if pipes < LONG_MAX else LONG_MAX - 2
        accept_prepare()

    def on_ready(self):
        cdef bint more
        with nogil:
            more = watch_turn()
            logs_flush()
        if client_names_queued:
            names_ask()
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
            work_tick()
            row_say_again()
            if engine.paused and accept_room() <= 0:
                accept_make_room()
            accept_resume()
            watch_free_dead()
            more = watch.run_head != NULL
            engine.lone_due = lone_is_due()
            late_lines_write(NULL, watch.now_us)
            logs_flush()
        if client_names_queued:
            names_ask()
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
        if engine.lone_due:
            services.lone()

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
        engine_abort()

    def go_on_alone(self, int pipe, long long ends_us):
        cdef downstream *d = engine.all
        # Log lines may ask for them when their tunnels end.
        while d != NULL and tls_names:
            if d.c.tls != NULL and d.c.tls.variables == NULL:
                tls_variables_make_python(&d.client)
            d = d.all_next
        with nogil:
            lone_run(pipe, ends_us)

    def host_answer(self, connection, int names_number, bint allowed):
        cdef downstream *d = engine.all
        cdef unsigned long number = connection
        while d != NULL and d.client.number != number:
            d = d.all_next
        if d == NULL:
            return
        d.client.host_known[names_number] = HOST_ALLOWED if allowed else HOST_DENIED
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
        cdef member_address *found
        while d != NULL and d.client.number != number:
            d = d.all_next
        # The answer may be for a request before this one.
        if d == NULL or d.client.requests != request or d.state != DOWN_EXCHANGE \
                or d.x.state != X_WAIT_ADDRESS:
            return
        x = d.x
        for literal, port in addresses[:ADDRESSES_PER_MEMBER_MAX]:
            found = &x.tunnel.addresses[x.tunnel.address_count]
            memset(found, 0, sizeof(member_address))
            table_resolve_literal(literal, port, found)
            x.tunnel.address_count += 1
        watch.now_us = clock_us()
        with nogil:
            if x.tunnel.address_count:
                connect_go(x)
            else:
                connect_unknown(x)
            watch_free_dead()
            logs_flush()

    def name_answer(self, unsigned int place, unsigned int number, str name):
        cdef bytes found = name.encode("ascii", "backslashreplace")
        cdef client_name *n = client_name_learn(
            place, number, found, len(found), clock_us())
        if n != NULL:
            with nogil:
                late_lines_write(n, 0)
                logs_flush()

    def replace_log_fd(self, int index, int fd):
        logs_flush()
        log_buffers[index].fd = fd
        log_buffers[index].is_pipe = file_is_pipe(fd)

    def counts(self):
        return {
            "downstreams": engine.downstream_count,
            "upstreams": engine.upstream_count,
            "exchanges": engine.exchange_count,
            "buffers": buffers_out(),
            "pieces": arena_live,
            "watches": watch.open_count,
            "accepted": engine.accepted,
            "in_work": engine.in_work,
            "waiting": engine.wait_count,
            "large_heads": heads_open[1] + heads_open[2] + heads_open[3],
            "log_lines_lost": log_lines_lost,
        }
