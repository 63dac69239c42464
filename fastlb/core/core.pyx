"""The class Core: what the worker calls (`_core.pyi`)."""
# uses: ground/text, ground/free_list, io/buffer, ground/address, ground/path,
#       ground/arena, io/timer, io/watch, io/date, io/tls_stream, balance/table,
#       balance/table_slots, seam, filters/chain, plan/client_names, plan/tls_names,
#       plan/verdicts, plan/plan, plan/plan_begin, plan/client, plan/facts,
#       plan/tls_variables, plan/unique_id, plan/trace_context, plan/error_line,
#       plan/map_file, plan/rewrite_map, plan/plan_rewrite, plan/reasons,
#       plan/logline, plan/lost_lines, plan/late_lines, flow/exchange, flow/engine,
#       flow/follow, flow/member, flow/row, flow/under_way, flow/heads, flow/work,
#       flow/listeners, flow/queue, flow/downstream, flow/pool, flow/settle,
#       flow/connect, flow/route, flow/steps, flow/upstream_events,
#       flow/downstream_events, flow/accept, flow/events, flow/lone

import os

from fastlb.facts import statuses


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


cdef downstream *downstream_numbered(unsigned long number) noexcept nogil:
    """The connection of a client; NULL: it has gone."""
    cdef downstream *d = engine.all
    while d != NULL and d.client.number != number:
        d = d.all_next
    return d


cdef void turn_end() noexcept nogil:
    """An exchange went on outside the loop's turns."""
    exchange_do_due()
    watch_free_dead()
    logs_flush()


cdef downstream *downstream_asking(connection, request):
    """Whose request waits for an answer; NULL: it was for one before."""
    cdef downstream *d = downstream_numbered(connection)
    if d == NULL or d.client.requests != request or d.state != DOWN_EXCHANGE \
            or d.x.state != X_WAIT_HOST or d.x.facts.asks.kind == ASKS_NOTHING:
        return NULL
    return d


cdef void go_on_with(
        downstream *d, int verdict, const char *found,
        unsigned int length) noexcept nogil:
    """Decide anew, with what was learned."""
    watch.now_us = clock_us()
    request_learn_verdict(&d.x.facts, verdict, found, length)
    timer_clear(&d.c.timer)
    exchange_route_anew(d.x)
    turn_end()


def fill_holes():
    return holes_fill()


def free_holes():
    holes_free()


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
        trace_begin(os.urandom(8))
        unique_begin(os.urandom(UNIQUE_ROOT_BYTES + 2))
        if watch_begin(conn_release, tls_end) < 0:
            raise OSError(errno, "epoll_create1 failed")
        timers_begin(watch.now_us)
        watch.handlers[<int>KIND_LISTENER] = accept_on_event
        watch.handlers[<int>KIND_DOWNSTREAM] = downstream_on_event
        watch.handlers[<int>KIND_UPSTREAM] = upstream_on_event
        watch.handlers[<int>KIND_CLOCK] = places_on_clock
        path_begin()
        connect_prepare()
        plan_begin(model, table, member_slots, balancer_slots)
        plan_rewrites(model)
        follow_prepare()
        pools_begin()
        queues_begin()
        plan_tls(tls_handles)
        logline_begin(log_fds)
        logline_fields(model)
        error_line_begin(model)
        lost_lines_begin(log.target for log in model.log_targets)
        reasons_begin(statuses.REASONS)
        plan_envs_end()
        free_list_shed(&exchange_pool)      # of another plan, where a process has two
        exchange_measure()
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
            logs_flush_turn()
        self.tell()
        return more

    def on_tick(self):
        cdef bint more
        with nogil:
            watch.now_us = clock_us()
            http_date()
            timers_sweep(watch.now_us, conn_timed_out)
            nobody_try_again()
            places_look()
            queues_renew()
            pools_renew()
            work_tick()
            row_say_again()
            under_way_tell()
            if engine.paused and accept_room() <= 0:
                accept_make_room()
            accept_resume()
            watch_free_dead()
            more = watch.run_head != NULL
            engine.lone_due = lone_is_due()
            late_lines_write(NULL, watch.now_us)
            logs_flush()
        lost_lines_tell()
        self.tell()
        return more

    cdef object tell(self):
        """What the worker is asked, and what it waits for: recycled, or drained."""
        if client_names_queued:
            names_ask()
        if (plan.max_connections_per_child and not engine.recycle_told
                and engine.accepted >= plan.max_connections_per_child):
            engine.recycle_told = True
            services.recycle()
        if (engine.draining and not engine.drained_told
                and engine.downstream_count == 0):
            engine.drained_told = True
            logs_flush()
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
                tls_variables_fill(&d.client)
            d = d.all_next
        with nogil:
            lone_run(pipe, ends_us)

    def host_answer(self, asker, int names_number, bint allowed):
        cdef downstream *d = downstream_numbered(asker[0])
        # A request before this one may have been another client's (RemoteIPHeader).
        if d == NULL or d.client.requests != asker[1]:
            return
        client_host_learn(&d.client, names_number, allowed)
        if d.state == DOWN_EXCHANGE and d.x.state == X_WAIT_HOST:
            watch.now_us = clock_us()
            timer_clear(&d.c.timer)
            with nogil:
                exchange_route_anew(d.x)
                turn_end()

    def verdict_answer(
            self, connection, request, int verdict, bint keep, bytes found=b""):
        cdef downstream *d = downstream_asking(connection, request)
        if d == NULL:
            return
        if keep and verdict_may_be_kept(&d.x.facts.asks, verdict):
            watch.now_us = clock_us()
            verdict_keep(
                &d.x.facts.asks.key, verdict,
                value(found, <unsigned int>len(found)))
        go_on_with(d, verdict, found, <unsigned int>len(found))

    def map_read(self, int number):
        if not 0 <= number < map_file_count:
            raise ValueError("there is no such map")
        with nogil:
            map_file_read(&map_files[number], &map_files[number].fresh)
        return True

    def map_taken(self, int number, int vhost_index, bint is_read):
        if is_read:
            map_file_take(&map_files[number], NULL, vhost_index)
        else:
            map_files[number].is_being_read = False
            map_files[number].changed_ns = -1

    def address_answer(self, connection, request, addresses):
        cdef downstream *d = downstream_numbered(connection)
        cdef exchange *x
        cdef member_address *found
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
            turn_end()

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
        log_open(log_buffers[index], fd)

    def counts(self):
        return {
            "downstreams": engine.downstream_count,
            "upstreams": engine.upstream_count,
            "exchanges": engine.exchange_count,
            "buffers": buffers_out(),
            "pieces": arena_live,
            "coders": coders_out(),
            "watches": watch.open_count,
            "accepted": engine.accepted,
            "in_work": engine.in_work,
            "waiting": engine.wait_count,
            "large_heads": heads_open[1] + heads_open[2] + heads_open[3],
            "log_lines_lost": log_lines_lost,
        }
