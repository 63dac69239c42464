"""What would become of a request: its way to a member and back, without a socket.

Nothing is decided here. The functions that decide about traffic are called in the order
in which they are called for it (begin.pyx, route.pyx, choose.pyx, send.pyx), over an
exchange that no connection stands behind; then what they looked at is told, with the
numbers by which the model knows it. What is told beyond their verdict (which rule a
variable or a field is of, what else would have matched) is asked of the same functions,
one rule at a time.

Election and stickiness are those of a server that has just started: the table is the
caller's, and has counted nothing.
"""
# uses: ground/text, io/buffer, ground/path, ground/arena, io/tls_state, io/watch,
#       io/date, http/fields, http/head, http/hops, http/host, http/framing,
#       balance/table, balance/ledger, balance/elect, balance/table_slots, seam,
#       plan/build, plan/tls_names, plan/verdicts, plan/access_plan, plan/plan,
#       plan/plan_begin, plan/out_fields, plan/client, plan/facts, plan/plan_rewrite,
#       plan/match, plan/rules, plan/redirect, plan/access, plan/admission,
#       plan/remote_ip, plan/decide, plan/reasons, plan/logline, flow/exchange,
#       flow/engine, flow/services, flow/attempt, flow/rewrite, flow/rewrite_answer,
#       flow/tunnel, flow/response, flow/choose, flow/early

from libc.stdlib cimport calloc

cdef enum:
    EXPLAINED_TRACE = 4         # LogLevel rewrite:trace4 tells conditions, too

cdef dict EXPLAINED = {
    DECIDED_MEMBER: "member", DECIDED_TUNNEL: "tunnel", DECIDED_ERROR: "error",
    DECIDED_HERE: "here", DECIDED_WAIT: "wait", DECIDED_REDIRECT: "redirect",
    DECIDED_HANDLER: "handler", DECIDED_NOTHING: "nothing",
}
cdef dict EXPLAINED_BECAUSE = {
    BECAUSE_OF_NOTHING: "", BECAUSE_OF_SECTIONS: "sections",
    BECAUSE_NOT_ASKED: "not asked", BECAUSE_PLAIN: "plain", BECAUSE_DENIED: "denied",
    BECAUSE_MISREAD: "misread", BECAUSE_CLIMBS: "climbs", BECAUSE_OLD: "old",
    BECAUSE_PASSWORD: "password", BECAUSE_NO_USER: "no user",
    BECAUSE_SCHEME: "scheme", BECAUSE_NO_NAME: "no name", BECAUSE_NO_FILE: "no file",
    BECAUSE_FILE_CLOSED: "file closed", BECAUSE_NOT_HIM: "not him",
    BECAUSE_NO_TYPE: "no type", BECAUSE_NO_REQUIRE: "no require",
    BECAUSE_OF_A_RULE: "rule", BECAUSE_TOO_MANY: "too many",
    BECAUSE_UNKNOWN_TYPE: "unknown type", BECAUSE_METHOD: "method",
    BECAUSE_ELSEWHERE: "elsewhere", BECAUSE_NO_ANSWER: "no answer",
}
cdef dict EXPLAINED_WHY = {
    ELECT_OK: "", ELECT_NO_MEMBERS: "no members",
    ELECT_ALL_IN_ERROR: "no usable member",
    ELECT_STICKY_LOST: "the session's member is not usable, and nofailover holds",
}


cdef object told_bytes(const char *data, unsigned int length):
    return None if data == NULL else data[:length]


cdef object told_value(value v):
    return told_bytes(v.data, v.length)


cdef bint same_place(value a, value b) noexcept nogil:
    return a.data == b.data and a.length == b.length


cdef int access_told(int result) noexcept:
    """Of a rule: 1 it grants, 0 it denies, -1 it has no say."""
    if result == ACCESS_IS_NEUTRAL:
        return -1
    return result == ACCESS_IS_GRANTED


class _Heard:
    """What the core says meanwhile: rules of mod_rewrite tell each of their steps."""

    __slots__ = ("lines",)

    def __init__(self):
        self.lines = []

    def log(self, level, module, vhost, client, error, text):
        self.lines.append((level, module, text))


@final
cdef class Explainer:
    """The plan of a model, and one request at a time (`_core.pyi`)."""

    cdef Table table
    cdef downstream *down
    cdef upstream *up
    cdef exchange *x
    cdef value[ENV_COUNT_MAX] env
    cdef decision decided
    cdef dict names         # of host look-ups: number -> allowed
    cdef object heard
    cdef tls_state tls      # a handshake that nobody made
    cdef list tls_told      # what its variables point to

    def __init__(self, model, Table table not None, member_slots, balancer_slots):
        global tls_name_protocol, tls_name_cipher
        if self.x != NULL:
            raise TypeError("an Explainer is made once")
        self.down = <downstream *>calloc(1, sizeof(downstream))
        self.up = <upstream *>calloc(1, sizeof(upstream))
        self.x = <exchange *>calloc(1, sizeof(exchange))
        if self.down == NULL or self.up == NULL or self.x == NULL:
            raise MemoryError
        self.table = table
        watch.now_us = clock_us()
        path_begin()
        plan_begin(model, table, member_slots, balancer_slots)
        plan_rewrites(model)
        logline_fields(model)
        reasons_begin(statuses.REASONS)
        plan_envs_end()
        http_date()
        # The library is not asked: there is no handshake that it could tell of.
        tls_name_protocol = tls_name_cipher = -1
        engine.view = &table.view
        self.heard = _Heard()
        self.trace_rules()

    cdef void trace_rules(self) noexcept:
        """Rules tell what they do, whatever LogLevel says."""
        cdef int i
        for i in range(plan.vhost_count):
            if plan.vhosts[i].rewrite != NULL:
                plan.vhosts[i].rewrite.trace = EXPLAINED_TRACE

    def __dealloc__(self):
        self.end()
        free(self.down)
        free(self.up)
        free(self.x)

    cdef void end(self) noexcept:
        if self.x == NULL or self.down == NULL or self.up == NULL:
            return
        free(self.tls.variables)
        memset(&self.tls, 0, sizeof(tls_state))
        arena_end(&self.x.facts.arena)
        buffer_give(self.down.input)
        buffer_give(self.down.output)
        buffer_give(self.up.input)
        buffer_give(self.up.output)
        memset(self.x, 0, sizeof(exchange))
        memset(self.down, 0, sizeof(downstream))
        memset(self.up, 0, sizeof(upstream))

    def explain(self, bytes asked not None, int listener, bytes remote not None,
                bytes local not None, name=None, names=None, uint64_t chance=0,
                verdicts=()):
        """See `_core.pyi`."""
        global services
        services = self.heard
        self.heard.lines.clear()
        cdef exchange *x = self.x
        cdef dict told = {}
        cdef int rc, what
        self.names = names or {}
        engine.view = &self.table.view
        engine.chance = chance
        watch.now_us = clock_us()
        self.connect(listener, asked, remote, local, name)
        told["tls"] = self.down.client.tls_vhost != NULL
        rc = self.begin(told)
        if rc < 0:
            told["what"] = "error"
            told["status"] = -rc
            return told
        memset(&self.decided, 0, sizeof(decision))
        what = request_decide(&x.facts, &self.decided)
        for verdict in verdicts:
            if what != DECIDED_WAIT or x.facts.host_wanted:
                break
            request_learn_verdict(&x.facts, verdict)
            self.heard.lines.clear()
            what = request_decide(&x.facts, &self.decided)
        if what == DECIDED_WAIT and x.facts.host_wanted == 0:
            told["what"] = "wait"
            told["question"] = None
            if x.facts.asks.kind != ASKS_REQUEST:
                told["question"] = verdict_question(&x.facts.asks)
            return told
        if what == DECIDED_WAIT:
            number = x.facts.host_wanted - 1
            told["what"] = "wait"
            told["number"] = number
            told["names"] = plan_hosts[number]
            told["forward"] = bool(x.facts.host_forward)
            return told
        if what == DECIDED_MEMBER:
            what = request_target(&x.facts, &self.decided)
        told["what"] = EXPLAINED[what]
        self.tell_decision(told, what)
        told["considered"] = self.considered()
        told["access"] = self.access()
        if what == DECIDED_MEMBER:
            self.tell_member(told)
        told["env"] = {
            name: told_value(x.facts.env[<int>number])
            for name, number in plan_envs.items()
            if x.facts.env[<int>number].data != NULL
        }
        told["env_rules"] = self.env_rules()
        return told

    def answer(self, bytes given not None):
        """The head of a member's answer as the client gets it; or the status that takes
        its place."""
        cdef exchange *x = self.x
        cdef head *res = &response_head
        cdef hop_facts hop
        cdef head_limits limits
        cdef int rc
        if x.up == NULL or x.member == NULL:
            raise ValueError("no member was asked")
        buffer_give(self.up.input)
        self.up.input = buffer_take_exact(<unsigned int>len(given))
        if self.up.input == NULL:
            raise MemoryError
        buffer_put(self.up.input, <const char *>given, len(given))
        limits = x.facts.vhost.limits
        limits.field_bytes = x.member.field_bytes
        rc = head_parse_response(
            res, &self.up.input.data[self.up.input.start], <unsigned int>len(given),
            &limits)
        if rc <= 0:
            return 502
        if head_drop_hop_by_hop(
                res, &self.up.input.data[self.up.input.start], &hop) < 0:
            return 502
        if framing_of_response(
                res, &self.up.input.data[self.up.input.start],
                x.facts.req.method_id, &x.res.framing) < 0:
            return 502
        buffer_give(self.down.output)
        self.down.output = NULL
        rc = rewrite_response(x, res, &self.up.input.data[self.up.input.start])
        if rc < 0:
            return -rc
        return told_bytes(
            &self.down.output.data[self.down.output.start],
            buffer_held(self.down.output))

    # --- the way, as begin.pyx and route.pyx go it

    cdef object names_known(self, downstream *d):
        for number, allowed in self.names.items():
            client_host_learn(&d.client, number, allowed)

    cdef object connect(
            self, int listener, bytes asked, bytes remote, bytes local, object name):
        """A client's connection at that listener, with its handshake's name."""
        cdef exchange *x = self.x
        cdef downstream *d = self.down
        cdef plan_vhost *v
        cdef bytes sni = name or b""
        cdef bint known
        if len(remote) != ADDRESS_BYTES or len(local) != ADDRESS_BYTES:
            raise ValueError("an address has 16 bytes")
        if not 0 <= listener < plan.listener_count:
            raise ValueError("there is no such listener")
        self.end()
        d.c.fd = -1
        d.x = x
        d.client.c = &d.c
        d.client.listener = &plan.listeners[listener]
        d.client.local_known = True
        memcpy(&d.client.remote[0], <const char *>remote, ADDRESS_BYTES)
        memcpy(&d.client.local[0], <const char *>local, ADDRESS_BYTES)
        d.client.local_port = <unsigned short>plan.listeners[listener].port
        d.client.remote_port = 50000
        d.client.set = match_set(&plan.listeners[listener], &d.client)
        self.names_known(d)
        d.vhost = &plan.vhosts[d.client.set.vhosts[0]]
        if d.vhost.tls_group >= 0:
            v = match_vhost(d.client.set, sni, <unsigned int>len(sni), &known)
            d.client.tls_vhost = v if v.tls_group >= 0 else d.vhost
            d.client.named = len(sni) > 0
            self.shake_hands(sni)
            d.c.tls = &self.tls
        # As much again for what early rules make of it.
        d.input = buffer_take_exact(
            <unsigned int>(2 * len(asked)) + EDITED_VALUE_BYTES_MAX)
        if d.input == NULL:
            raise MemoryError
        buffer_put(d.input, <const char *>asked, len(asked))
        x.down = d
        x.keepalive = True
        x.pipe.read = -1
        x.pipe.write = -1
        head_clear(&x.facts.req)
        x.facts.env = &self.env[0]
        memset(&self.env[0], 0, sizeof(self.env))
        x.facts.client = &d.client
        x.facts.input = &d.input
        x.facts.base = d.input.start
        x.facts.started_us = watch.now_us

    cdef object shake_hands(self, bytes name):
        """The variables of a usual handshake, without a certificate of the client."""
        cdef int i
        cdef bytes one
        said = {
            "HTTPS": b"on", "SSL_PROTOCOL": b"TLSv1.3",
            "SSL_CIPHER": b"TLS_AES_256_GCM_SHA384", "SSL_CLIENT_VERIFY": b"NONE",
            "SSL_TLS_SNI": name or None,
        }
        self.tls.established = True
        self.tls.variables = <value *>calloc(len(tls_names) + 1, sizeof(value))
        if self.tls.variables == NULL:
            raise MemoryError
        self.tls_told = [said.get(known) for known in tls_names]
        for i, told in enumerate(self.tls_told):
            if told is not None:
                one = told
                self.tls.variables[i] = value(<const char *>one, <unsigned int>len(one))

    cdef int begin(self, dict told) except 0:
        """exchange_begin's questions. returns 1, or minus the status"""
        cdef exchange *x = self.x
        cdef downstream *d = self.down
        cdef char *data = &d.input.data[d.input.start]
        cdef bint known
        d.vhost = d.client.tls_vhost if d.client.tls_vhost != NULL \
            else &plan.vhosts[d.client.set.vhosts[0]]
        x.facts.vhost = d.vhost
        x.facts.confs[0] = &d.vhost.conf
        x.facts.conf_count = 1
        told["vhost"] = d.vhost.index
        rc = head_parse_request(
            &x.facts.req, data, buffer_held(d.input), &d.vhost.limits)
        if rc < 0:
            return rc if rc <= -400 else -400
        x.head_request = x.facts.req.method_id == METHOD_HEAD
        if head_drop_hop_by_hop(&x.facts.req, data, &x.hop) < 0:
            return -400
        if head_check_host(
                &x.facts.req, data, d.vhost.limits.strict, &x.facts.host,
                &x.facts.path) < 0:
            return -400
        request_learn_authority(&x.facts)
        x.facts.vhost = match_vhost(
            d.client.set, data + x.facts.host.offset, x.facts.host.length, &known)
        if x.facts.host.length == 0 and d.client.set.count > 1:
            x.facts.vhost = match_server_path(d.client.set, &x.facts)
        d.vhost = x.facts.vhost
        if d.vhost.remote_ip.header.length:
            remote_ip_learn(&x.facts)
            self.names_known(d)
        x.facts.confs[0] = &d.vhost.conf
        if d.vhost.has_early and early_rewrite(x) < 0:
            return -400
        told["vhost"] = x.facts.vhost.index
        told["vhost_named"] = bool(known)
        told["vhosts"] = [
            d.client.set.vhosts[i] for i in range(d.client.set.count)]
        if not known and x.facts.vhost.said.strict_host_check:
            return -400
        if d.client.tls_vhost != NULL:
            if d.client.named and x.facts.host.length == 0:
                return -400
            if not d.client.named and (
                    d.client.tls_vhost.strict_sni or x.facts.vhost.strict_sni):
                return -403
            if x.facts.vhost.tls_group != d.client.tls_vhost.tls_group:
                return -421
        rc = framing_of_request(
            &x.facts.req, data, &x.facts.vhost.limits, &x.body.framing)
        if rc < 0:
            return rc
        x.body.done = x.body.framing.kind == BODY_NONE
        return 1

    cdef object tell_decision(self, dict told, int what):
        cdef request_facts *r = &self.x.facts
        cdef decision *d = &self.decided
        told["status"] = d.moved.status if what == DECIDED_REDIRECT else d.status
        told["because"] = EXPLAINED_BECAUSE.get(<int>d.because, "")
        told["location"] = told_value(d.moved.location)
        told["redirect"] = self.redirect() if what == DECIDED_REDIRECT else None
        told["rules"] = [
            text for _, module, text in self.heard.lines if module == "rewrite"]
        told["handler"] = told_bytes(d.handler.data, d.handler.length) \
            if d.handler != NULL else None
        told["path"] = told_value(r.decoded)
        told["misread"] = told_value(r.misread)
        told["excluded"] = bool(r.excluded)
        told["sections"] = [self.section_of(r.confs[i]) for i in range(r.conf_count)]
        told["mapping"] = None if r.mapping == NULL else self.mapping_of(r.mapping)
        told["target"] = told_value(r.target)

    cdef object tell_member(self, dict told):
        """Stickiness, election and the head that goes out."""
        cdef exchange *x = self.x
        cdef plan_mapping *m = x.facts.mapping
        cdef int rc
        told["balancer"] = m.balancer
        told["member"] = m.member
        if m.balancer >= 0:
            if not member_choose(x):
                told["what"] = "error"
                told["status"] = 503
                told["because"] = EXPLAINED_WHY[x.choice.election.why]
                x.member = NULL
            told["member"] = -1 if x.member == NULL else x.member.index
            told["session"] = told_bytes(
                x.choice.sticky.value, x.choice.sticky.value_length)
            told["route"] = told_bytes(
                x.choice.sticky.route, x.choice.sticky.route_length)
            told["from_url"] = bool(x.choice.sticky.from_url)
            told["by_route"] = bool(x.choice.election.by_route)
            told["forced"] = bool(x.choice.election.forced_recovery)
            if x.member == NULL:
                return
        else:
            x.member = &plan.members[m.member]
            if member_flags_now(engine.view, x.member.slot) & (
                    FLAG_DISABLED | FLAG_STOPPED):
                told["what"] = "error"
                told["status"] = 503
                told["because"] = "the member is disabled"
                return
        attempt_begin(x, False)
        request_upgrade(x)
        told["upgrade"] = told_value(x.attempt.upgrade)
        if x.member.is_websocket and x.attempt.upgrade.length == 0 and not conf_flag(
                &x.facts, CONF_WEBSOCKET_FALLBACK, True):
            told["what"] = "error"
            told["status"] = 426
            told["because"] = "no upgrade is asked for"
            return
        told["header_rules"] = self.header_rules()
        x.body.chunked_out = x.body.framing.kind == BODY_CHUNKED
        x.up = self.up
        x.up.x = x
        x.up.member = x.member
        rc = rewrite_request(x)
        if rc < 0:
            told["what"] = "error"
            told["status"] = -rc
            told["because"] = "the head cannot be sent"
            return
        told["head"] = told_bytes(
            &self.up.output.data[self.up.output.start], buffer_held(self.up.output))

    # --- names of what was looked at

    cdef int section_of(self, plan_conf *c) except -2:
        """Number of the section that these settings are of; -1: of none. Behind the
        sections of the host come its <If>s, each one's own right behind it."""
        cdef plan_vhost *v = self.x.facts.vhost
        cdef int i
        cdef int number = v.section_count
        if c == &v.conf:
            return -1
        for i in range(v.section_count):
            if &v.sections[i].conf == c:
                return i
        if self.finds_if(&v.conf, c, &number):
            return number
        for i in range(v.section_count):
            if self.finds_if(&v.sections[i].conf, c, &number):
                return number
        return -1

    cdef bint finds_if(self, plan_conf *owner, plan_conf *c, int *number) noexcept:
        cdef int i
        for i in range(owner.if_count):
            if &owner.ifs[i].conf == c:
                return True
            number[0] += 1
            if self.finds_if(&owner.ifs[i].conf, c, number):
                return True
        return False

    cdef object mapping_of(self, plan_mapping *m):
        """(section, -1) of a ProxyPass in a section, (-1, number) of another; (-2,
        number) of a target of rules."""
        cdef request_facts *r = &self.x.facts
        cdef plan_vhost *v = r.vhost
        cdef int i
        for i in range(r.conf_count):
            if r.confs[i].has_mapping and r.confs[i].mapping == m:
                return (self.section_of(r.confs[i]), -1)
        for i in range(v.mapping_count):
            if &v.mappings[i] == m:
                return (-1, i)
        if v.rewrite != NULL:
            for i in range(v.rewrite.target_count):
                if &v.rewrite_mappings[i] == m:
                    return (-2, i)
        return (-1, -1)

    # --- one rule at a time

    cdef object considered(self):
        """Every mapping in the order in which they are tried, and whether it matches:
        (section, number, does it match, does it serve such a request)."""
        cdef request_facts *r = &self.x.facts
        cdef unsigned int rest_at = r.rest_at
        cdef bint undecided = r.undecided
        cdef int i
        found = []
        if r.rewritten != REWRITTEN_NOT:
            return found
        for i in range(r.conf_count - 1, 0, -1):
            if r.confs[i].has_mapping:
                found.append(self.one_mapping(r.confs[i].mapping))
        for i in range(r.vhost.mapping_count):
            found.append(self.one_mapping(&r.vhost.mappings[i]))
        r.rest_at = rest_at
        r.undecided = undecided
        return found

    cdef object one_mapping(self, plan_mapping *m):
        cdef request_facts *r = &self.x.facts
        section, number = self.mapping_of(m)
        matches = r.decoded.length > 0 and mapping_matches(m, r) != 0
        return section, number, bool(matches), bool(mapping_serves(m, r))

    cdef object access(self):
        """(section, verdicts of its rules in prefix order: 1, 0, -1 no say)."""
        cdef request_facts *r = &self.x.facts
        cdef auth_question asks = r.asks
        cdef int wanted = r.host_wanted
        cdef int i, k
        found = []
        for i in range(r.conf_count):
            if r.confs[i].access_count == 0:
                continue
            verdicts = [
                access_told(access_evaluate(r, &r.confs[i].access[k], True))
                for k in range(r.confs[i].access_count)]
            found.append((self.section_of(r.confs[i]), verdicts))
        r.host_wanted = wanted
        r.asks = asks
        return found

    cdef object redirect(self):
        """(section, number) of the Redirect that applies; None: it is a rule's."""
        cdef request_facts *r = &self.x.facts
        cdef redirected *moved = &self.decided.moved
        cdef redirected out
        cdef bint absolute = not conf_flag(r, CONF_REDIRECT_RELATIVE, False)
        cdef int i, j
        for i in range(r.conf_count - 1, -1, -1):
            for j in range(r.confs[i].redirect_count):
                if redirect_apply(
                        r, &r.confs[i].redirects[j], absolute, &out) == 1 \
                        and out.status == moved.status \
                        and told_value(out.location) == told_value(moved.location):
                    return self.section_of(r.confs[i]), j
        return None

    cdef object env_rules(self):
        """(section, "if" or "set", number) of the rules that changed a variable."""
        cdef request_facts *r = &self.x.facts
        cdef value[ENV_COUNT_MAX] kept
        cdef plan_section *s
        cdef int i, j, number
        if r.conf_count < 1 or r.decoded.data == NULL:
            return []
        memcpy(&kept[0], &r.env[0], sizeof(value) * plan.env_count)
        memset(&r.env[0], 0, sizeof(value) * plan.env_count)
        for i in range(1, r.conf_count):
            number = self.section_of(r.confs[i])
            if 0 <= number < r.vhost.section_count:
                s = &r.vhost.sections[number]
                for j in range(s.group_count):
                    r.env[s.group_envs[j]] = kept[s.group_envs[j]]
        found = []
        order = [0, *range(1 + r.proxy_conf_count, r.conf_count),
                 *range(1, 1 + r.proxy_conf_count)]
        for i in order:
            for j in range(r.confs[i].env_if_count):
                if self.env_changes(&r.confs[i].env_ifs[j]):
                    found.append((self.section_of(r.confs[i]), "if", j))
        for i in range(r.conf_count):
            for j in range(r.confs[i].env_count):
                if self.env_changes(&r.confs[i].envs[j]):
                    found.append((self.section_of(r.confs[i]), "set", j))
        memcpy(&r.env[0], &kept[0], sizeof(value) * plan.env_count)
        return found

    cdef bint env_changes(self, env_op *op) noexcept:
        cdef value before = self.x.facts.env[op.variable]
        env_apply(&self.x.facts, op)
        return not same_place(before, self.x.facts.env[op.variable])

    cdef object header_rules(self):
        """(section, number) of the RequestHeader rules that change something."""
        cdef exchange *x = self.x
        cdef request_facts *r = &x.facts
        cdef out_list *out = &out_scratch
        cdef int i, j, early
        found = []
        out_from_head(out, &r.req, request_bytes(r))
        if x.attempt.upgrade.length:
            out_add(out, b"Upgrade", 7, x.attempt.upgrade.data,
                    x.attempt.upgrade.length, FIELD_UPGRADE, False)
        for early in (1, 0):
            for i in range(r.conf_count):
                for j in range(r.confs[i].request_header_count):
                    if r.confs[i].request_headers[j].early != early:
                        continue
                    before = self.fields(out)
                    header_apply(r, out, &r.confs[i].request_headers[j], False)
                    if self.fields(out) != before:
                        found.append((self.section_of(r.confs[i]), j))
        return found

    cdef object fields(self, out_list *out):
        cdef int i
        return [
            (told_bytes(out.fields[i].name, out.fields[i].name_length),
             told_bytes(out.fields[i].value, out.fields[i].value_length))
            for i in range(out.count)]
