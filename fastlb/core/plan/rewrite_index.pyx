"""Which rules a path can meet: those without a literal prefix, and those whose prefix
it has.

A list of more than REWRITE_LIST_PLAIN rules knows its prefixes by length and hash. Of
each length that occurs the path's beginning is looked up once, when a run begins and
when a rule has changed the path; what is found are lists of rules in file order, and
the next rule to try is the lowest that stands in any of them.
"""
# uses: ground/chartable, ground/text, ground/hash, plan/rewrite_rules,
#       plan/rewrite_run

# Rules in file order; place: how far a run has come in them.
cdef struct rewrite_run:
    const int *rules
    int count
    int place

cdef struct rewrite_cursor:
    bint known                  # the runs are those of the path as it is
    int run_count
    rewrite_run[REWRITE_PREFIX_MAX + 1] runs


cdef void rewrite_cursor_begin(
        rewrite_cursor *c, const rewrite_list *rules, rewriting *w) noexcept nogil:
    """The path is another one."""
    c.known = False


cdef bint rule_may_match(const rewrite_rule *rule, value uri) noexcept nogil:
    if rule.prefix.length == 0:
        return True
    if uri.length < rule.prefix.length:
        return False
    if rule.prefix_any_case:
        return bytes_equal_nocase(uri.data, rule.prefix.data, rule.prefix.length)
    return memcmp(uri.data, rule.prefix.data, rule.prefix.length) == 0


cdef int rewrite_cursor_next(
        rewrite_cursor *c, const rewrite_list *rules, int first,
        rewriting *w) noexcept nogil:
    """The first rule from there on that may match; the count of rules: none."""
    cdef int i, lowest
    cdef rewrite_run *run
    if w.is_dir or unlikely(w.trace >= 3):
        # Sections have few rules, and each has its own idea of the path; a trace
        # tells of every rule.
        while first < rules.count and rules.rules[first].follows_chain:
            first += 1
        return first
    if rules.index == NULL:
        while first < rules.count and (
                rules.rules[first].follows_chain
                or not rule_may_match(rules.rules[first], w.filename)):
            first += 1
        return first
    if not c.known:
        rewrite_cursor_find(c, rules.index, w.filename)
    lowest = rules.count
    for i in range(c.run_count):
        run = &c.runs[i]
        while run.place < run.count and run.rules[run.place] < first:
            run.place += 1
        if run.place < run.count and run.rules[run.place] < lowest:
            lowest = run.rules[run.place]
    return lowest


cdef void rewrite_cursor_find(
        rewrite_cursor *c, const rewrite_index *index, value uri) noexcept nogil:
    cdef int i
    cdef rewrite_length *of
    cdef const rewrite_bucket *b
    c.known = True
    c.run_count = 1
    c.runs[0] = rewrite_run(index.any, index.any_count, 0)
    for i in range(index.length_count):
        of = &index.lengths[i]
        if of.length > uri.length:
            return
        b = rewrite_bucket_of(of, uri.data)
        if b.prefix != NULL:
            c.runs[c.run_count] = rewrite_run(b.rules, b.count, 0)
            c.run_count += 1


cdef rewrite_bucket *rewrite_bucket_of(
        const rewrite_length *of, const char *prefix) noexcept nogil:
    """Its place, or the free one where it would be: half of them are free."""
    cdef unsigned int at = <unsigned int>hash_of(prefix, of.length) & of.mask
    while of.buckets[at].prefix != NULL and memcmp(
            of.buckets[at].prefix, prefix, of.length) != 0:
        at = (at + 1) & of.mask
    return &of.buckets[at]
