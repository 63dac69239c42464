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
# uses: ground/text, io/buffer, io/writer, ground/path, ground/arena, io/tls_state,
#       io/watch, io/date, http/fields, http/head, http/exit, http/hops, http/framing,
#       balance/chance, balance/elect, balance/elect_told, balance/table_slots, seam,
#       plan/build, plan/tls_names, plan/verdicts, plan/access_plan, plan/plan,
#       plan/plan_begin, plan/out_fields, plan/client, plan/facts, plan/error_line,
#       plan/plan_rewrite, plan/match, plan/decide, plan/numbered, plan/asking,
#       plan/reasons, plan/logline, flow/exchange, flow/engine, flow/filtering,
#       flow/services, flow/attempt, flow/hash_key, flow/rewrite, flow/rewrite_answer,
#       flow/codecs, flow/tunnel, flow/choose, flow/begin, flow/explained

from libc.stdlib cimport calloc

cdef enum:
    EXPLAINED_TRACE = 5         # LogLevel rewrite:trace5 tells variables, too

cdef dict EXPLAINED_WHY = {
    ELECT_OK: "", ELECT_NO_MEMBERS: "no members",
    ELECT_ALL_IN_ERROR: "no usable member",
    ELECT_STICKY_LOST: "the session's member is not usable, and nofailover holds",
    ELECT_ALL_FULL: "every member has as many requests as it may have",
}
cdef dict EXPLAINED_REFUSED = {
    REFUSED_AS_IT_IS: "refused", REFUSED_NO_HOST: "no host",
    REFUSED_NO_NAME: "no server name", REFUSED_MISDIRECTED: "misdirected",
}


class _Heard:
    """What the core says meanwhile: rules of mod_rewrite tell each of their steps."""

    __slots__ = ("lines",)

    def __init__(self):
        self.lines = []

    def log(self, level, module, vhost, client, error, text, about):
        self.lines.append((level, module, text))
        return True


@final
cdef class Explainer:
    """The plan of a model, and one request at a time (`_core.pyi`)."""

    cdef Table table
    cdef downstream *down
    cdef upstream *up
    cdef exchange *x
    cdef value[ENV_COUNT_MAX] env
    cdef decision decided
    cdef bytes asked        # the head
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
        error_line_begin(model)
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
        filters_give(self.x)
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
        cdef bytes found
        cdef int what
        self.names = names or {}
        engine.view = &self.table.view
        engine.chance = chance
        watch.now_us = clock_us()
        self.connect(listener, asked, remote, local, name)
        told["tls"] = self.down.client.tls_vhost != NULL
        if self.begin(told) < 0:
            return told
        self.names_known()
        memset(&self.decided, 0, sizeof(decision))
        what = request_decide(&x.facts, &self.decided)
        for verdict in verdicts:
            if what != DECIDED_WAIT or x.facts.host_wanted:
                break
            found = <bytes>verdict[1]
            request_learn_verdict(
                &x.facts, verdict[0], found, <unsigned int>len(found))
            self.heard.lines.clear()
            x.facts.trace_told = 0      # rules tell all of it anew
            what = request_decide(&x.facts, &self.decided)
        if what == DECIDED_WAIT and x.facts.host_wanted == 0:
            told["what"] = "wait"
            if x.facts.asks.kind == ASKS_REQUEST:
                told["asked"] = auth_requests[x.facts.asks.file]
            elif x.facts.asks.kind == ASKS_MAP:
                told["program"] = (
                    x.facts.asks.file,
                    x.facts.asks.user.data[:x.facts.asks.user.length])
                told["rules"] = [
                    text for _, module, text in self.heard.lines if module == "rewrite"]
            else:
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
        told["what"] = told_decided(what)
        self.tell_decision(told, what)
        told["considered"] = explained_considered(&x.facts)
        told["access"] = explained_access(&x.facts)
        if what == DECIDED_MEMBER:
            self.tell_member(told)
        told["env"] = {
            name: told_value(x.facts.env[<int>number])
            for name, number in plan_envs.items()
            if x.facts.env[<int>number].data != NULL
        }
        told["env_rules"] = explained_env_rules(&x.facts)
        return told

    def document(self, int status):
        """(section, number, '"text', path or URL) of the ErrorDocument; None: none."""
        return explained_document(&self.x.facts, status)

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
        filters_give(x)
        rc = rewrite_response(x, res, &self.up.input.data[self.up.input.start])
        if rc < 0:
            return -rc
        return told_bytes(
            &self.down.output.data[self.down.output.start],
            buffer_held(self.down.output))

    # --- the way, as begin.pyx and route.pyx go it

    cdef object names_known(self):
        for number, allowed in self.names.items():
            client_host_learn(&self.down.client, number, allowed)

    cdef object connect(
            self, int listener, bytes asked, bytes remote, bytes local, object name):
        """A client's connection at that listener, with its handshake's name."""
        cdef downstream *d = self.down
        cdef plan_vhost *v
        cdef bytes sni = name or b""
        cdef bint known
        self.end()
        client_imagine(&d.client, &d.c, listener, remote, local)
        self.names_known()
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
        self.asked = asked
        exchange_clear(self.x, d, &self.env[0])
        d.x = self.x

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
        """Read the head, as exchange_begin does. returns 1, or minus the status"""
        cdef exchange *x = self.x
        cdef downstream *d = self.down
        cdef understanding found
        cdef int i
        cdef int rc = exchange_understand(x, buffer_held(d.input), &found)
        told["vhost"] = d.vhost.index
        if found.host_was_asked:
            told["vhost_named"] = bool(found.host_is_known)
            told["vhosts"] = [
                d.client.set.vhosts[i] for i in range(d.client.set.count)]
        if rc < 0:
            told["what"] = "error"
            told["status"] = -rc
            told["because"] = EXPLAINED_REFUSED[<int>found.refused]
            if x.local.why == WHY_HOST and found.refused == REFUSED_AS_IT_IS:
                told["because"] = "unknown host" if found.host_was_asked else "bad host"
        return rc

    cdef object tell_decision(self, dict told, int what):
        cdef request_facts *r = &self.x.facts
        cdef decision *d = &self.decided
        told["status"] = d.moved.status if what == DECIDED_REDIRECT else d.status
        told["because"] = told_because(d.because)
        told["location"] = told_value(d.moved.location)
        told["redirect"] = None
        if what == DECIDED_REDIRECT:
            told["redirect"] = explained_redirect(r, &d.moved)
        told["rules"] = [
            text for _, module, text in self.heard.lines if module == "rewrite"]
        told["handler"] = told_bytes(d.handler.data, d.handler.length) \
            if d.handler != NULL else None
        told["path"] = told_value(r.decoded)
        told["misread"] = told_value(r.misread)
        told["challenge"] = told_value(r.challenge)
        told["excluded"] = bool(r.excluded)
        told["sections"] = [
            section_number(r, r.confs[i]) for i in range(r.conf_count)]
        told["mapping"] = None if r.mapping == NULL else explained_mapping(r, r.mapping)
        told["target"] = told_value(r.target)
        told["file"] = None
        told["alias"] = -1
        if r.file != NULL:
            told["file"] = told_value(r.file.name)
            told["alias"] = r.file.alias

    cdef object tell_member(self, dict told):
        """Stickiness, election and the head that goes out."""
        cdef exchange *x = self.x
        cdef plan_mapping *m = x.facts.mapping
        cdef uint64_t chance
        cdef int rc
        told["balancer"] = m.balancer
        told["member"] = m.member
        if m.balancer >= 0:
            chance = engine.chance
            told["election"] = elect_told(
                engine.view, &plan.balancers[m.balancer], watch.now_us,
                chance_next(&chance), hash_key_of(x, &plan.balancers[m.balancer]))
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
            if member_is_off(x):
                told["what"] = "error"
                told["status"] = 503
                told["because"] = "the member is disabled"
                return
        attempt_begin(x, False)
        request_upgrade(x)
        told["upgrade"] = told_value(x.attempt.upgrade)
        if upgrade_is_missing(x):
            told["what"] = "error"
            told["status"] = 426
            told["because"] = "no upgrade is asked for"
            return
        told["header_rules"] = explained_header_rules(x, self.asked)
        x.body.chunked_out = x.body.framing.kind == BODY_CHUNKED
        x.up = self.up
        x.up.x = x
        x.up.member = x.member
        if x.member.protocol != PROTOCOL_HTTP:
            if not codec_begin(x):
                raise MemoryError
            told["protocol"] = x.attempt.codec.of.name.decode()
        rc = rewrite_request(x)
        if rc < 0:
            told["what"] = "error"
            told["status"] = -rc
            told["because"] = "the head cannot be sent"
            return
        if x.attempt.codec != NULL:
            told["head"] = self.coded_head()
            return
        told["head"] = told_bytes(
            &self.up.output.data[self.up.output.start], buffer_held(self.up.output))

    cdef bytes coded_head(self):
        """What a member was told by its own protocol, as a head of HTTP would."""
        cdef exchange *x = self.x
        cdef value method = request_part(&x.facts, x.facts.req.method)
        cdef writer w
        cdef value made
        arena_write(&x.facts.arena, &w)
        put(&w, method.data, method.length)
        put_byte(&w, c' ')
        put_target(&w, x.member.path.data, x.member.path.length)
        put_target(&w, x.facts.target.data, x.facts.target.length)
        put_byte(&w, c' ')
        put(&w, x.attempt.codec.of.name, strlen(x.attempt.codec.of.name))
        put(&w, b"\r\n", 2)
        out_write(&out_scratch, &w, bit(FIELD_EXPECT) | HOP_BY_HOP_IDS)
        put(&w, b"\r\n", 2)
        made = arena_written(&x.facts.arena, &w)
        if made.data == NULL:
            raise MemoryError
        return told_bytes(made.data, made.length)
