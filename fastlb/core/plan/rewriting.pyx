"""Rules at work: a condition, a rule, a list of them (rewrite_rules.pxd).

As mod_rewrite's apply_rewrite_list, apply_rewrite_rule and apply_rewrite_cond: the
order in which things happen, and what each of them sees, is httpd's.
"""
# uses: ground/text, io/writer, ground/arena, plan/rewrite_rules, plan/facts,
#       plan/rewrite_run, plan/undecided, plan/rewrite_url, plan/rewrite_trace,
#       plan/rewrite_text, plan/rewrite_cond, plan/rewrite_effects, plan/rewrite_index

cdef bint rewrite_conds_hold(rewriting *w, const rewrite_rule *rule) noexcept nogil:
    cdef int i = 0
    cdef bint holds
    while i < rule.cond_count:
        holds = rewrite_cond_holds(w, &rule.conds[i])
        if rule.conds[i].or_next:
            if holds:
                # what is chained by OR has its answer
                while i < rule.cond_count and rule.conds[i].or_next:
                    i += 1
        elif not holds:
            return False
        i += 1
    return True


cdef value rewrite_subject(rewriting *w) noexcept nogil:
    """What patterns are compared with: in a section without the section's path."""
    cdef value uri = w.filename
    cdef writer out
    if not w.is_dir:
        return uri
    if w.path_info.length:
        arena_write(&w.r.arena, &out)
        put(&out, uri.data, uri.length)
        put(&out, w.path_info.data, w.path_info.length)
        if unlikely(w.trace >= 3):
            trace_more(w, 3, True, b"add path info postfix: %s -> %s%s", uri, uri,
                       w.path_info, value(b"", 0))
        uri = arena_written(&w.r.arena, &out)
    if not filename_is_proxied(w) and uri.length >= w.directory.length and memcmp(
            uri.data, w.directory.data, w.directory.length) == 0:
        if unlikely(w.trace >= 3):
            trace_two(w, 3, True, b"strip per-dir prefix: %s -> %s", uri,
                      value_from(uri, w.directory.length))
        uri = value_from(uri, w.directory.length)
    return uri


cdef bint filename_is_proxied(const rewriting *w) noexcept nogil:
    return w.filename.length >= 6 and memcmp(w.filename.data, b"proxy:", 6) == 0


cdef value rewrite_joined(
        rewriting *w, const char *head, unsigned int length,
        value tail) noexcept nogil:
    cdef writer out
    arena_write(&w.r.arena, &out)
    put(&out, head, length)
    put(&out, tail.data, tail.length)
    return arena_written(&w.r.arena, &out)


# What came of one rule.
cdef enum:
    RULE_MISSED = 0
    RULE_MATCHED = 1
    RULE_NO_SUBSTITUTION = 2
    RULE_STATUS_SET = 3


cdef int rewrite_rule_apply(rewriting *w, const rewrite_rule *rule) noexcept nogil:
    cdef value made
    cdef int unsafe_mark = -1
    cdef bint proxied_before = w.is_dir and filename_is_proxied(w)
    cdef bint prefix_added = False
    cdef int found
    w.uri = rewrite_subject(w)
    if unlikely(w.trace >= 3):
        trace_two(w, 3, True, b"applying pattern '%s' to uri '%s'",
                  traced(&rule.pattern), w.uri)
    found = request_matches(
        w.r, rule.regex, True, w.uri.data, w.uri.length, &w.rule_groups[0])
    if (found > 0) == rule.negated:
        return RULE_MISSED
    w.cond_subject.data = NULL
    w.rule_subject = w.uri
    if rule.negated:
        w.rule_subject.data = NULL
    if rule.cond_count and not rewrite_conds_hold(w, rule):
        return RULE_MISSED
    if rule.substitutes:
        made = rewrite_expand(
            w, &rule.substitution, rule, NULL if rule.unsafe_3f else &unsafe_mark)
        if unlikely(w.trace >= 2):
            trace_two(w, 2, True, b"rewrite '%s' -> '%s'", w.uri, made)
        if unlikely(made.data == NULL or unsafe_mark > 0):
            w.status = 403 if made.data != NULL else 500
            w.because = REWRITE_UNSAFE_MARK if made.data != NULL else REWRITE_TOO_LONG
            return RULE_STATUS_SET
    rewrite_set_env(w, rule)
    rewrite_set_cookies(w, rule)
    if not rule.substitutes:
        rewrite_force(w, rule)
        if rule.sets_status:
            if unlikely(w.trace >= 2):
                trace_two(w, 2, True, b"forcing responsecode %s for %s",
                          traced_number(w, rule.status), w.filename)
            w.status = rule.status
        return RULE_NO_SUBSTITUTION
    if not proxied_before and (made.length == 0 or made.data[0] != c'/') \
            and not uri_is_absolute(made):
        if w.is_dir:
            if unlikely(w.trace >= 3):
                trace_more(w, 3, True, b"add per-dir prefix: %s -> %s%s", made,
                           w.directory, made, value(b"", 0))
            made = rewrite_joined(w, w.directory.data, w.directory.length, made)
            prefix_added = True
        elif not (rule.proxy or rule.redirect):
            if unlikely(w.trace >= 3):
                trace_two(w, 3, True, b"add root prefix: %s -> /%s", made, made)
            made = rewrite_joined(w, b"/", 1, made)
            prefix_added = True
    w.filename = made
    if w.is_dir and rule.discard_path_info:
        w.path_info.length = 0
    rewrite_split_query(w, rule)
    if rule.proxy:
        rewrite_qualify(w)
        if unlikely(w.trace >= 2):
            trace_one(w, 2, True, b"forcing proxy-throughput with %s", w.filename)
        w.filename = rewrite_joined(w, b"proxy:", 6, w.filename)
        return RULE_MATCHED
    if rule.redirect:
        rewrite_qualify(w)
        if unlikely(w.trace >= 2):
            trace_one(w, 2, True, b"explicitly forcing redirect with %s", w.filename)
        w.status = rule.status
        return RULE_MATCHED
    rewrite_reduce(w)
    if uri_is_absolute(w.filename):
        if unlikely(w.trace >= 2):
            trace_two(w, 2, True, b"implicitly forcing redirect (rc=%s with %s",
                      traced_number(w, rule.status), w.filename)
        w.status = rule.status
        return RULE_MATCHED
    if not rule.keep_slashes and not prefix_added and not (
            rule.output.length > 1 and rule.output.data[0] == c'/'
            and rule.output.data[1] == c'/'):
        while w.filename.length > 1 and w.filename.data[0] == c'/' and (
                w.filename.data[1] == c'/'):
            w.filename = value_from(w.filename, 1)
    rewrite_force(w, rule)
    return RULE_MATCHED


# returns REWRITE_*; w has what the request is, and gets what the rules make of it
cdef int rewrite_list_run(rewriting *w, const rewrite_list *rules) noexcept nogil:
    cdef rewrite_cursor cursor
    cdef const rewrite_rule *rule
    cdef int i = 0
    cdef int found
    cdef int changed = REWRITE_NOTHING
    cdef int rounds = 1
    cdef int steps = 0
    cdef unsigned int length_max = 2 * w.r.vhost.limits.line_bytes
    w.last = NULL
    rewrite_cursor_begin(&cursor, rules, w)
    while True:
        # What follows a chain is met only by whoever comes along it, or jumps there.
        if i >= rules.count or not rules.rules[i].follows_chain:
            i = rewrite_cursor_next(&cursor, rules, i, w)
        if i >= rules.count:
            return changed
        rule = rules.rules[i]
        if w.r.is_subrequest and (rule.no_subrequest or rule.redirect):
            i += 1
            continue
        steps += 1
        if unlikely(steps > REWRITE_STEPS_MAX):
            w.because = REWRITE_TOO_MANY_ROUNDS
            w.failed = rule
            w.status = 500
            return REWRITE_STATUS
        found = rewrite_rule_apply(w, rule)
        if unlikely(w.r.arena.starved):
            w.status = 500
            return REWRITE_STATUS
        if unlikely(w.map_is_silent):
            w.because = REWRITE_MAP_IS_SILENT
            w.failed = rule
            w.status = 503
            return REWRITE_STATUS
        if unlikely(request_waits(w.r)):
            return REWRITE_WAITS
        if found == RULE_MISSED:
            while i < rules.count and rules.rules[i].chain:
                i += 1
            i += 1
            # The rule behind a chain that was missed is one like others, unless it
            # follows the last of the chain: there is none with C before it.
            continue
        if rule.substitutes:
            if unlikely(w.trace >= 2):
                trace_one(w, 2, True, b"setting lastsub to rule with output %s",
                          traced(&rule.output))
            w.last = rule
        if unlikely(w.filename.length > length_max
                    or w.made_bytes > REWRITE_MADE_BYTES_MAX):
            w.because = REWRITE_TOO_LONG
            w.failed = rule
            w.status = 500
            return REWRITE_STATUS
        if found == RULE_STATUS_SET:
            w.failed = rule
            return REWRITE_STATUS_SET
        if rule.sets_status:
            return REWRITE_STATUS
        if found != RULE_NO_SUBSTITUTION:
            changed = REWRITE_NOESCAPE if rule.no_escape else REWRITE_NORMAL
            rewrite_cursor_begin(&cursor, rules, w)
        if rule.passthrough:
            if unlikely(w.trace >= 2):
                trace_one(w, 2, True, b"forcing '%s' to get passed through to next API "
                          b"URI-to-filename handler", w.filename)
            w.passes_through = True
            return REWRITE_NORMAL
        if rule.end:
            if unlikely(w.trace >= 8):
                trace_one(w, 8, True,
                          b"Rule has END flag, no further rewriting for this request",
                          value(b"", 0))
            w.r.rewriting_ended = True
            return changed
        if rule.proxy or rule.last:
            return changed
        if rule.next_round:
            rounds += 1
            if unlikely(rounds >= rule.rounds_max):
                w.because = REWRITE_TOO_MANY_ROUNDS
                w.failed = rule
                w.status = 500
                return REWRITE_STATUS
            i = 0
            rewrite_cursor_begin(&cursor, rules, w)
            continue
        i += 1
        if rule.skip > 0:
            # C arithmetic is kept from its end
            i = rules.count if rule.skip > rules.count - i else i + rule.skip
