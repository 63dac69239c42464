# The balancing chapters for tests and micro benchmarks: elections with the time, the
# route and the plan given, counts, and deaths at chosen places.

cdef extern from "<signal.h>" nogil:
    int PROBE_KILL "SIGKILL"
    int PROBE_STOP "SIGSTOP"
    int probe_raise "raise"(int signal)

WHY_NAMES = {
    ELECT_OK: "ok",
    ELECT_NO_MEMBERS: "no_members",
    ELECT_ALL_IN_ERROR: "all_in_error",
    ELECT_STICKY_LOST: "sticky_lost",
    ELECT_ALL_FULL: "all_full",
}

BUDGET_NAMES = {
    BUDGET_LEFT: "left", BUDGET_SPENT: "spent", BUDGET_SPENT_NOW: "spent_now"}

LOCK_NAMES = {LOCK_FREE: "free", LOCK_OF_DEAD: "of_dead", LOCK_OF_LIVING: "of_living"}


@cython.final
cdef class BalancerProbe:
    """A balancer_plan over slots of a table."""

    cdef readonly Table table
    cdef balancer_plan plan
    cdef (member_slot *)[MEMBERS_PER_BALANCER_MAX] members
    cdef int[MEMBERS_PER_BALANCER_MAX] positions
    cdef object names

    def __cinit__(
            self, Table table, int balancer_slot, members, *, sticky_cookie=None,
            sticky_url=None, separator=".", scolon=False, nofailover=False,
            force_recovery=True, compat_apache=False, max_attempts=None,
            route_regex=-1, lbmethod="byrequests", hash_load=125, retry_budget=-1,
            eject_failures=0, eject_percent=0, eject_window_us=0, eject_requests=20,
            eject_us=30000000, eject_max=50):
        cookie = None if sticky_cookie is None else sticky_cookie.encode()
        url = None if sticky_url is None else sticky_url.encode()
        if len(members) > MEMBERS_PER_BALANCER_MAX:
            raise ValueError("more members than MEMBERS_PER_BALANCER_MAX")
        self.table = table
        self.names = (cookie, url)
        memset(&self.plan, 0, sizeof(self.plan))
        self.plan.slot = table.balancer(balancer_slot)
        self.plan.lbmethod = lb_method_find(lbmethod.encode())
        self.plan.hash_load_percent = hash_load
        self.plan.member_count = len(members)
        self.plan.members = self.members
        self.plan.member_index = self.positions
        self.plan.retry_budget = retry_budget
        self.plan.ejects = eject_failures > 0 or eject_percent > 0
        self.plan.eject_failures = eject_failures
        self.plan.eject_percent = eject_percent
        self.plan.eject_window_us = eject_window_us
        self.plan.eject_requests = eject_requests
        self.plan.eject_us = eject_us
        self.plan.eject_max_percent = eject_max
        for i, slot in enumerate(members):
            self.members[<int>i] = table.member(slot)
            self.positions[<int>i] = i
        if cookie is not None:
            self.plan.sticky_cookie = cookie
            self.plan.sticky_cookie_length = <unsigned int>len(cookie)
        if url is not None:
            self.plan.sticky_url = url
            self.plan.sticky_url_length = <unsigned int>len(url)
        self.plan.has_separator = separator is not None
        self.plan.separator = ord(separator) if separator is not None else 0
        self.plan.scolon_path_delim = scolon
        self.plan.route_regex = route_regex
        self.plan.nofailover = nofailover
        self.plan.force_recovery = force_recovery
        self.plan.compat_apache = compat_apache
        self.plan.max_attempts = (
            len(members) - 1 if max_attempts is None else max_attempts)

    def elect(
            self, long long now_us=0, bytes route=b"", uint64_t random=0,
            uint64_t key=0):
        """One election as a dict of struct election."""
        cdef election out
        elect(
            &self.table.view, &self.plan, now_us, random, key, route,
            <unsigned int>len(route), &out)
        return {
            "chosen": out.chosen,
            "why": WHY_NAMES[out.why],
            "by_route": bool(out.by_route),
            "route_changed": bool(out.route_changed),
            "forced_recovery": bool(out.forced_recovery),
            "lock": LOCK_NAMES[out.lock],
            "began_anew": bool(out.began_anew),
        }

    def told(self, long long now_us=0, uint64_t random=0, uint64_t key=0):
        """What an election with the same arguments would look at."""
        return elect_told(&self.table.view, &self.plan, now_us, random, key)

    def sequence(
            self, int count, long long now_us=0, bytes route=b"", uint64_t seed=0):
        """Positions of the members that `count` elections in a row choose."""
        cdef election out
        chosen = []
        for _ in range(count):
            elect(
                &self.table.view, &self.plan, now_us, chance_next(&seed), 0, route,
                <unsigned int>len(route), &out)
            chosen.append(out.chosen)
        return chosen

    def nanoseconds(self, int count, long long now_us=0, bytes route=b""):
        """Mean duration of an election over `count` of them, without the drawing."""
        cdef election out
        cdef const char *data = route
        cdef unsigned int length = <unsigned int>len(route)
        cdef uint64_t random = 0
        cdef long long begun = clock_us()
        cdef int _i
        for _i in range(count):
            random += 0x9E3779B97F4A7C15ULL     # spread well enough
            elect(
                &self.table.view, &self.plan, now_us, random, random, data, length,
                &out)
        return (clock_us() - begun) * 1000 / <double>count

    def elect_another(self, tried, long long now_us=0, bytes route=b""):
        """Of those that are not among the positions in tried; None: nobody is left,
        and nobody was elected."""
        elect_others_begin(&self.plan)
        try:
            for position in tried:
                elect_pass_over(&self.plan, position)
            if not elect_leaves_another(&self.table.view, &self.plan):
                return None
            return self.elect(now_us, route)
        finally:
            elect_others_end()

    def spend(self, long long now_us):
        """One of what may be sent again: what was left, and how many it bears now."""
        cdef long long bound = 0
        left = budget_take(&self.plan, now_us, &bound)
        return BUDGET_NAMES[left], bound

    def give_back(self):
        budget_give_back(&self.plan)

    def failed(self, position, long long now_us):
        """A request at a member has failed: what comes of it, as struct ejection; None:
        nothing."""
        cdef ejection found
        cdef int what = eject_failed(
            &self.table.view, &self.plan, self.members[<int>position], now_us, &found)
        cdef dict told = found
        if what == EJECT_NOT:
            return None
        return {**told, "is_out": what == EJECT_OUT}

    def passed(self, position):
        eject_passed(self.members[<int>position])

    def may_retry(
            self, int position, int attempts, *, response_started=False,
            replayable=True, by_route=False):
        return bool(may_retry(
            &self.table.view, &self.plan, self.members[position], attempts,
            response_started, replayable, by_route))

    def sticky(self, bytes target, cookies=None):
        """(value, route, from_url) as found; None for what there is not."""
        cdef sticky_result out
        cdef const char *cookie_data = NULL
        cdef unsigned int cookie_length = 0
        if cookies is not None:
            cookie_data = cookies
            cookie_length = <unsigned int>len(cookies)
        got = sticky_find(
            &self.plan, target, <unsigned int>len(target), cookie_data, cookie_length,
            &out)
        value = None if out.value == NULL else out.value[:out.value_length]
        route = None if out.route == NULL else out.route[:out.route_length]
        if got != (route is not None):
            raise AssertionError("the result does not say what was found")
        return value, route, bool(out.from_url)

    def sticky_nanoseconds(self, int count, bytes target, bytes cookies):
        cdef sticky_result out
        cdef const char *target_data = target
        cdef const char *cookie_data = cookies
        cdef unsigned int target_length = <unsigned int>len(target)
        cdef unsigned int cookie_length = <unsigned int>len(cookies)
        cdef long long begun = clock_us()
        cdef int _i
        for _i in range(count):
            sticky_find(
                &self.plan, target_data, target_length, cookie_data, cookie_length,
                &out)
        return (clock_us() - begun) * 1000 / <double>count

    def die_in_election(self, int asked):
        """SIGKILL to this process under the lock of an election, in which a method that
        pays has given so many members their part."""
        self.signal_in_election(asked, PROBE_KILL)

    def stop_in_election(self, int asked):
        """SIGSTOP there, and back to the caller if it goes on."""
        self.signal_in_election(asked, PROBE_STOP)

    cdef int signal_in_election(self, int asked, int signal) noexcept:
        cdef lb_choice c
        cdef int i
        memset(&c, 0, sizeof(c))
        c.table = &self.table.view
        balancer_lock(&self.table.view, self.plan.slot)
        if lb_method_of(self.plan.lbmethod).needs & LB_PAYS:
            elect_begin(&c, self.plan.slot)
            for i in range(asked):
                lb_add(&c, self.members[i], lb_factor(&c, self.members[i]))
        return probe_raise(signal)


@cython.final
cdef class OwnCookieProbe:
    """A cookie of a balancer's own, for members of these routes."""

    cdef own_cookie cookie
    cdef uint64_t[MEMBERS_PER_BALANCER_MAX] members
    cdef bytes name

    def __cinit__(
            self, routes, *, str name="LB", bytes secret=b"0123456789abcdef",
            long long max_age_s=0):
        cdef bytes route
        cdef int i
        if len(secret) != sizeof(self.cookie.secret):
            raise ValueError("the secret has 16 bytes")
        if len(routes) > MEMBERS_PER_BALANCER_MAX:
            raise ValueError("more members than MEMBERS_PER_BALANCER_MAX")
        self.name = name.encode()
        memset(&self.cookie, 0, sizeof(own_cookie))
        memcpy(&self.cookie.secret[0], <const char *>secret, sizeof(uint64_t) * 2)
        self.cookie.name.data = self.name
        self.cookie.name.length = <unsigned int>len(self.name)
        self.cookie.max_age_s = max_age_s
        self.cookie.count = len(routes)
        self.cookie.members = &self.members[0]
        for i, said in enumerate(routes):
            route = said.encode()
            self.members[i] = own_cookie_member(
                &self.cookie, route, <unsigned int>len(route))

    def made(self, int position, long long time_s):
        """The value that a client is given."""
        cdef char[OWN_COOKIE_BYTES] made
        own_cookie_letters(
            &self.cookie, <uint64_t>time_s, self.members[position], &made[0])
        return made[:OWN_COOKIE_BYTES]

    def find(self, bytes cookies, long long now_s, int tries=OWN_COOKIES_TRIED_MAX):
        """(position, is_old) as a field of a client's says; None: nothing of ours."""
        cdef cookie_said said
        if not own_cookie_find(
                &self.cookie, value(cookies, <unsigned int>len(cookies)), now_s, &tries,
                &said):
            return None
        return said.position, bool(said.is_old)

    def left_out(self, bytes cookies):
        """What a member gets of the field; None: all of it as it is."""
        cdef arena a
        cdef value left
        memset(&a, 0, sizeof(arena))
        left = own_cookie_left_out(
            &self.cookie, &a, value(cookies, <unsigned int>len(cookies)))
        found = None if left.data == NULL else left.data[:left.length]
        arena_end(&a)
        return found


def own_cookie_of(int balancer, int position, long long time_s):
    """... of a balancer of the plan."""
    cdef char[OWN_COOKIE_BYTES] made
    cdef own_cookie *c = plan.balancers[balancer].own_cookie
    own_cookie_letters(c, <uint64_t>time_s, c.members[position], &made[0])
    return made[:OWN_COOKIE_BYTES]


cdef object probe_part(shared_part *part):
    return (<size_t>part.reading, part.size, <size_t>part.writing)


@cython.final
cdef class TableProbe:
    """The ledger and the insides of a table; members and workers by slot."""

    cdef readonly Table table

    def __cinit__(self, Table table):
        self.table = table

    # --- counting

    def busy_add(self, int worker, int member):
        ledger_up(table_share(
            &self.table.view, self.table.worker(worker), self.table.member(member)))

    def busy_sub(self, int worker, int member):
        ledger_down(table_share(
            &self.table.view, self.table.worker(worker), self.table.member(member)))

    def busy_of(self, int member):
        return ledger_busy_of(&self.table.view, self.table.member(member))

    def place_take(self, int worker, int member):
        """As that worker, which knows what it has."""
        cdef worker_slot *w = self.table.worker(worker)
        cdef member_slot *m = self.table.member(member)
        return bool(ledger_place_take(
            &self.table.view, w, m,
            atomic_get_i32(table_place(&self.table.view, w, m))))

    def place_give(self, int worker, int member):
        cdef worker_slot *w = self.table.worker(worker)
        cdef member_slot *m = self.table.member(member)
        ledger_place_set(
            &self.table.view, w, m,
            atomic_get_i32(table_place(&self.table.view, w, m)) - 1)

    def place_race(
            self, int worker, int member, int rounds, size_t counted):
        """Take a place and give it back, so often. counted: address of three int32:
        who has one now, the most there were, and how often one was had."""
        cdef worker_slot *w = self.table.worker(worker)
        cdef member_slot *m = self.table.member(member)
        cdef uint32_t *count = <uint32_t *>counted
        cdef uint32_t now, seen
        cdef int _i
        for _i in range(rounds):
            if not ledger_place_take(&self.table.view, w, m, 0):
                continue
            now = atomic_add_u32(&count[0], 1) + 1
            seen = atomic_get_u32(&count[1])
            while now > seen and not atomic_swap_if_u32(&count[1], &seen, now):
                pass
            atomic_add_u32(&count[2], 1)
            atomic_add_u32(&count[0], <uint32_t>-1)
            ledger_place_set(&self.table.view, w, m, 0)

    def set_place(self, int worker, int member, int held):
        """As a worker that was taken over may."""
        ledger_place_set(
            &self.table.view, self.table.worker(worker), self.table.member(member),
            held)

    def is_full(self, int member):
        return bool(member_is_full(&self.table.view, self.table.member(member)))

    def queue_join(self, int worker, int balancer, int held, int most):
        return bool(ledger_queue_join(
            &self.table.view, self.table.worker(worker), self.table.balancer(balancer),
            held, most))

    def queue_leave(self, int worker, int balancer, int held, long long waited_us):
        ledger_queue_leave(
            &self.table.view, self.table.worker(worker), self.table.balancer(balancer),
            held, waited_us)

    def count_bytes(self, int member, long long sent, long long received):
        ledger_bytes(self.table.member(member), sent, received)

    def outcome(self, int member, int status, long long duration_us):
        ledger_outcome(
            &self.table.view, self.table.member(member), status, duration_us)

    def tear_history(self, int member):
        """As a monitor that was killed while it wrote there leaves it."""
        cdef member_history *h = <member_history *>(
            self.table.view.history_part.writing) + member
        h.version |= 1

    def vhost_outcome(
            self, str key, int status, long long bytes_out, long long duration_us):
        ledger_of_vhost(self.table.vhost(key), status, bytes_out, duration_us)

    def answered(self, int member, long long now_us, long long taken_us):
        ledger_answered(self.table.member(member), now_us, taken_us)

    def unanswered(
            self, int member, long long now_us, long long waited_us, bint is_lost):
        ledger_unanswered(self.table.member(member), now_us, waited_us, is_lost)

    def write_response(self, int member, long long response_ns, long long answered_us):
        """As a worker that was taken over may."""
        atomic_set_i64(&self.table.member(member).response_ns, response_ns)
        atomic_set_i64(&self.table.member(member).answered_us, answered_us)

    def write_ejected(self, int member, long long until_us):
        """As a worker that was taken over may."""
        atomic_set_i64(&self.table.member(member).ejected_until_us, until_us)

    def connection_opened(self, int worker):
        ledger_connection_opened(self.table.worker(worker))

    def connection_closed(self, int worker):
        ledger_down(&self.table.worker(worker).connections)

    def connections(self):
        return ledger_sum(
            &self.table.view, &self.table.view.workers.connections)

    def exchange_opened(self, int worker):
        ledger_up(&self.table.worker(worker).exchanges)

    def exchange_closed(self, int worker):
        ledger_down(&self.table.worker(worker).exchanges)

    def request_done(self, int worker, long long bytes_out, long long duration_us):
        ledger_request_done(self.table.worker(worker), bytes_out, duration_us)

    def write_requests(self, int worker, bytes rows, uint32_t version):
        """As a worker that was taken over may."""
        cdef worker_requests *r = &self.table.view.requests[worker]
        if len(rows) > <Py_ssize_t>sizeof(r.rows):
            raise ValueError(f"{sizeof(r.rows)} bytes of rows, no more")
        memcpy(r.rows, <const char *>rows, len(rows))
        atomic_set_u32(&r.version, version)

    # --- states

    def failed(self, int member, long long now_us, bint probe_may_clear=False):
        return member_failed(
            &self.table.view, self.table.member(member), now_us, probe_may_clear)

    def connected(self, int member):
        return member_connected(self.table.member(member))

    def is_usable(self, int member):
        return bool(member_is_usable(&self.table.view, self.table.member(member)))

    def ignores_errors(self, int member):
        return bool(member_ignores_errors(
            &self.table.view, self.table.member(member)))

    def epoch(self, int member):
        return member_epoch(self.table.member(member))

    def retry_in_ms(self, int member, long long now_us):
        return member_retry_in_ms(
            &self.table.view, self.table.member(member), now_us)

    # --- the mapping

    def addresses_if_newer(self, int member, uint32_t version):
        """(version, count or AGAIN) as a worker gets them."""
        cdef member_address[TABLE_ADDRESSES_MAX] resolved
        got = member_addresses(
            &self.table.view, self.table.member(member), &version, resolved)
        return version, got

    def interrupt_address_write(self, int member):
        """Leave the addresses as a writer that died within its write does."""
        cdef address_record *record = <address_record *>table_directory_pen(
            &self.table.view, &self.table.view.address_records[member])
        self.table.member(member)
        record.version |= 1

    # --- the mappings

    def parts(self):
        """Where each part begins and whether this process may write there: (first,
        size, writing) by name; reading is always possible."""
        return {
            "book": probe_part(&self.table.view.book_part),
            "directory": probe_part(&self.table.view.directory_part),
            "history": probe_part(&self.table.view.history_part),
            "field": probe_part(&self.table.view.field_part),
        }

    def arrays(self):
        """(part, offset, size of one, how many) of each array, by name."""
        cdef table_view *t = &self.table.view
        cdef char *book = t.book_part.reading
        cdef char *field = t.field_part.reading
        cdef size_t lines = (t.workers_max + SHARES_OF_A_LINE - 1) // SHARES_OF_A_LINE
        return {
            "balancer_entries": (
                "book", <char *>t.balancer_entries - book, sizeof(balancer_entry),
                t.balancers_max),
            "member_entries": (
                "book", <char *>t.member_entries - book, sizeof(member_entry),
                t.members_max),
            "member_names": (
                "book", <char *>t.member_names - book, sizeof(member_names),
                t.members_max),
            "vhost_entries": (
                "book", <char *>t.vhost_entries - book, sizeof(vhost_entry),
                t.vhosts_max),
            "worker_entries": (
                "book", <char *>t.worker_entries - book, sizeof(worker_entry),
                t.workers_max),
            "living": (
                "book", <char *>t.living - book, 64, (t.workers_max + 511) // 512),
            "address_records": (
                "directory", <char *>t.address_records - t.directory_part.reading,
                sizeof(address_record), t.members_max),
            "histories": (
                "history", 0, sizeof(member_history), t.members_max),
            "balancers": (
                "field", <char *>t.balancers - field, sizeof(balancer_slot),
                t.balancers_max),
            "members": (
                "field", <char *>t.members - field, sizeof(member_slot), t.members_max),
            "vhosts": (
                "field", <char *>t.vhosts - field, sizeof(vhost_slot), t.vhosts_max),
            "outcomes": (
                "field", <char *>t.outcomes - field, sizeof(member_outcomes),
                t.members_max),
            "workers": (
                "field", <char *>t.workers - field, sizeof(worker_slot), t.workers_max),
            "requests": (
                "field", <char *>t.requests - field, sizeof(worker_requests),
                t.workers_max),
            "follows": (
                "field", <char *>t.follows - field, sizeof(worker_follow),
                t.workers_max),
            "shares": (
                "field", <char *>t.shares - field,
                SHARES_OF_A_LINE * sizeof(int32_t), lines * t.members_max),
            "places": (
                "field", <char *>t.places - field,
                SHARES_OF_A_LINE * sizeof(int32_t), lines * t.members_max),
            "queued": (
                "field", <char *>t.queued - field,
                SHARES_OF_A_LINE * sizeof(int32_t), lines * t.balancers_max),
        }

    # --- locks

    def own(self):
        """What this process writes into a lock."""
        return self.table.view.own.owner

    def owner(self, int balancer):
        return self.table.balancer(balancer).owner

    def set_owner(self, int balancer, uint64_t owner):
        """As a process does that holds the lock, or says so."""
        atomic_set_u64(&self.table.balancer(balancer).owner, owner)

    def set_directory_owner(self, uint64_t owner):
        (<table_directory *>self.table.view.directory_part.writing).owner = owner
