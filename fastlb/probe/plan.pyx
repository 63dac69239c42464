"""What would become of a request: the plan, driven without a connection."""

from libc.stdlib cimport calloc

cdef enum:
    TURN_US = 10                # a busy worker's turn takes at least that


cdef class PlanProbe:
    """A plan, and one request at a time."""

    cdef object model
    cdef Table table
    cdef request_facts *r
    cdef value[ENV_COUNT_MAX] env
    cdef client_facts client
    cdef conn c
    cdef buffer *input
    cdef decision decided
    cdef int what
    cdef public long long ahead_us  # of the clock: time that passes at once

    def __cinit__(self):
        self.r = <request_facts *>calloc(1, sizeof(request_facts))
        if self.r == NULL:
            raise MemoryError

    def __init__(self, model, Table table not None, member_slots, balancer_slots,
                 log_fds=()):
        self.model = model
        self.table = table      # keeps the mapping alive
        watch.now_us = clock_us()
        path_begin()
        plan_begin(model, table, member_slots, balancer_slots)
        plan_rewrites(model)
        logline_begin(log_fds)
        logline_fields(model)
        plan_envs_end()
        http_date()

    def __dealloc__(self):
        self.end()
        free(self.r)

    def close(self):
        """Give back what the last request holds."""
        self.end()

    cdef void end(self) noexcept:
        arena_end(&self.r.arena)
        buffer_drop(&self.input)

    cdef void begin(self, bytes head, bytes remote, bytes local, bint tls):
        cdef request_facts *r = self.r
        self.end()
        watch.now_us = clock_us() + self.ahead_us
        memset(r, 0, sizeof(request_facts))
        memset(&self.env[0], 0, sizeof(self.env))
        r.env = &self.env[0]
        memset(&self.c, 0, sizeof(conn))
        client_imagine(&self.client, &self.c, 0, remote, local)
        self.input = buffer_take_exact(<unsigned int>len(head))
        buffer_put(self.input, <const char *>head, len(head))
        r.client = &self.client
        r.input = &self.input
        r.base = self.input.start
        r.started_us = watch.now_us
        r.vhost = &plan.vhosts[self.client.set.vhosts[0]]
        if tls:
            self.client.tls_vhost = r.vhost

    def decide(self, bytes head not None, bytes remote not None, bytes local not None,
               bint tls=False, names=(), verdicts=()):
        """What is decided about a request with that head; `told` has the names."""
        cdef request_facts *r = self.r
        cdef bint known
        cdef bytes found
        cdef int rc
        self.begin(head, remote, local, tls)
        for number, allowed in names:
            client_host_learn(&self.client, number, allowed)
        rc = head_parse_request(
            &r.req, &self.input.data[r.base], <unsigned int>len(head),
            &r.vhost.limits)
        if rc > 0:
            rc = head_check_host(
                &r.req, request_bytes(r), r.vhost.limits.strict, &r.host, &r.path)
        if rc < 0:
            raise ValueError(f"no request: {-rc}")
        request_learn_authority(r)
        r.vhost = match_vhost(
            self.client.set, request_bytes(r) + r.host.offset, r.host.length, &known)
        if plan_ids_wanted:
            request_ids_learn(r)
        memset(&self.decided, 0, sizeof(decision))
        self.what = request_decide(r, &self.decided)
        for verdict in verdicts:
            if self.what != DECIDED_WAIT or r.asks.kind == ASKS_NOTHING:
                break
            found = b""
            if isinstance(verdict, tuple):
                verdict, found = verdict
            request_learn_verdict(r, verdict, found, <unsigned int>len(found))
            self.what = request_decide(r, &self.decided)
        if self.what == DECIDED_MEMBER:
            self.what = request_target(r, &self.decided)
        return self.told()

    def time(self, bytes head not None, bytes remote not None, bytes local not None,
             int rounds):
        """Nanoseconds of one decision about a request, the mean of `rounds`."""
        cdef request_facts *r = self.r
        cdef timespec began, ended
        cdef int _round
        self.decide(head, remote, local)
        clock_gettime(CLOCK_MONOTONIC, &began)
        for _round in range(rounds):
            arena_end(&r.arena)
            r.arena.used = 0
            r.mapping = NULL
            r.regex_us = 0
            request_decide(r, &self.decided)
        clock_gettime(CLOCK_MONOTONIC, &ended)
        return ((ended.tv_sec - began.tv_sec) * 1e9
                + ended.tv_nsec - began.tv_nsec) / rounds

    cdef list cookies(self):
        cdef made_cookie *c = self.r.cookies
        found = []
        while c != NULL:
            found.append(told_bytes(c.line.data, c.line.length))
            c = c.next
        return found

    cdef dict told(self):
        cdef request_facts *r = self.r
        cdef decision *d = &self.decided
        return {
            "what": told_decided(self.what),
            "status": d.moved.status if self.what == DECIDED_REDIRECT else d.status,
            "because": told_because(d.because),
            "location": told_bytes(d.moved.location.data, d.moved.location.length),
            "handler": told_bytes(d.handler.data, d.handler.length)
            if d.handler != NULL else None,
            "vhost": r.vhost.index,
            "decoded": told_bytes(r.decoded.data, r.decoded.length),
            "misread": told_bytes(r.misread.data, r.misread.length),
            "sections": r.conf_count - 1,
            "balancer": r.mapping.balancer if r.mapping != NULL else -1,
            "member": r.mapping.member if r.mapping != NULL else -1,
            "target": told_bytes(r.target.data, r.target.length),
            "host_wanted": r.host_wanted - 1,
            "cookies": self.cookies(),
            "type": told_bytes(r.forced_type.data, r.forced_type.length),
            "user": told_bytes(r.user.data, r.user.length),
            "challenge": told_bytes(r.challenge.data, r.challenge.length),
            "asks": self.asked() if r.asks.kind != ASKS_NOTHING else None,
            "elsewhere": r.asks.file if r.asks.kind == ASKS_REQUEST else -1,
            "env": {
                name: told_bytes(r.env[<int>number].data, r.env[<int>number].length)
                for name, number in plan_envs.items()
                if r.env[<int>number].data != NULL
            },
        }

    def variable(self, str spelled not None, language=None):
        """A server variable of the request that was decided about."""
        cdef int number = plan_variable_number(spelled, language)
        cdef value found = variable_value(self.r, number)
        return told_bytes(found.data, found.length)

    cdef tuple asked(self):
        cdef auth_question *q = &self.r.asks
        if q.kind == ASKS_REQUEST:
            return ()
        if q.kind == ASKS_MAP:
            return (q.file, told_bytes(q.user.data, q.user.length))
        return (
            auth_file_source(q.file), told_bytes(q.user.data, q.user.length),
            told_bytes(q.secret.data, q.secret.length),
            plan_names[q.names_number]
            if q.kind == ASKS_GROUP and q.names_number >= 0 else ())

    def keep(self, bytes found=b""):
        """What was asked last is granted, and kept, with what was found beside it."""
        verdict_keep(
            &self.r.asks.key, VERDICT_GRANTED,
            value(found, <unsigned int>len(found)))

    def admit(self, int count, bint turns):
        """Nanoseconds of one admission of the request that was decided about.

        turns: each stands in a turn of its own, of TURN_US
        """
        cdef int _, because
        cdef unsigned int used = self.r.arena.used
        cdef long long began
        self.r.verdict_count = 0
        began = clock_us()
        for _ in range(count):
            if turns:
                watch.now_us += TURN_US
            self.r.arena.used = used
            self.r.digest = NULL
            if request_admission(self.r, &because) != 0:
                raise ValueError(f"refused: {because}")
        return (clock_us() - began) * 1000 / count

    def expression(self, expression not None, bint is_text=False):
        """1, 0 or -1 for a condition; the text, None where it failed. Of the request
        that was decided about; what the expression names must be in the model."""
        cdef int number = plan_expression(expression, False)
        cdef value found
        plan_env_names_end()
        if not is_text:
            return expr_holds(self.r, number, NULL)
        found = expr_text(self.r, number, NULL)
        return told_bytes(found.data, found.length)

    def log(self, int status, long long body_bytes):
        """Write the lines of the request that was decided about."""
        cdef exchange_record record
        cdef logged l
        memset(&record, 0, sizeof(record))
        memset(&l, 0, sizeof(l))
        record.body_bytes_out = body_bytes
        l.record = &record
        l.status = status
        l.keepalive = True
        if self.r.mapping != NULL and self.r.mapping.member >= 0:
            l.member = &plan.members[self.r.mapping.member]
        logline_write(self.r, &l)
        logs_flush()


def memory():
    """Bytes of what is kept of a client's connection, and of an exchange what is
    cleared for each, and what it takes with the fields of a head."""
    cdef exchange x
    return {
        "downstream": sizeof(downstream),
        "cleared": <size_t>(<char *>&x.facts.arena.scratch[0] - <char *>&x),
        "exchange": <size_t>(<char *>&x.facts.req.fields[0] - <char *>&x),
    }


def map_pairs(bytes path not None, bint is_sdbm):
    """The pairs of a map's file; or why there are none, a number."""
    cdef map_file f
    cdef map_block block
    cdef unsigned int i
    f.path.data = path
    f.path.length = <unsigned int>len(path)
    f.is_sdbm = is_sdbm
    with nogil:
        map_file_read(&f, &block)
    if block.problem:
        return block.problem
    found = {
        told_bytes(block.pairs[i].key.data, block.pairs[i].key.length):
        told_bytes(block.pairs[i].value.data, block.pairs[i].value.length)
        for i in range(block.mask + 1) if block.pairs[i].key.data != NULL
    }
    map_block_end(&block)
    return found
