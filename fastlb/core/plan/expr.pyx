"""The evaluator of expressions (expr.pxd)."""
# uses: ground/text, io/writer, ground/address, ground/arena, io/watch, plan/expr_ops,
#       plan/facts, plan/undecided, plan/tls_variables, plan/variables,
#       plan/error_line, plan/expr_words, plan/look_up

cdef long long expr_told_us = 0     # when the log was told of one last


cdef bint compared(int step, int order) noexcept nogil:
    """step: from EXPR_SAME on, in the order of its six"""
    if step == 0:
        return order == 0
    if step == 1:
        return order != 0
    if step == 2:
        return order < 0
    if step == 3:
        return order <= 0
    if step == 4:
        return order > 0
    return order >= 0


cdef int order_of_texts(value a, value b) noexcept nogil:
    cdef unsigned int least = a.length if a.length < b.length else b.length
    cdef int order = memcmp(a.data, b.data, least) if least else 0
    if order:
        return order
    return (a.length > b.length) - (a.length < b.length)


cdef int order_of_lengths(value a, value b) noexcept nogil:
    """SSLRequire: the shorter one is the lesser."""
    if a.length != b.length:
        return 1 if a.length > b.length else -1
    return order_of_texts(a, b)


cdef int order_of_numbers(value a, value b) noexcept nogil:
    cdef long long x = expr_number(a)
    cdef long long y = expr_number(b)
    return (x > y) - (x < y)


cdef value group_taken(const expr_groups *groups, int number) noexcept nogil:
    cdef int begin = groups.pairs[2 * number]
    if groups.subject.data == NULL or begin < 0:
        return value(NULL, 0)
    return value(
        groups.subject.data + begin,
        <unsigned int>(groups.pairs[2 * number + 1] - begin))


cdef value words_joined(
        request_facts *r, const value *words, int count) noexcept nogil:
    cdef int i
    cdef writer w
    arena_write(&r.arena, &w)
    for i in range(count):
        put(&w, words[i].data, words[i].length)
    return arena_written(&r.arena, &w)


cdef bint expr_match(
        request_facts *r, const expr_op *op, bint decides, value subject,
        expr_groups *groups) noexcept nogil:
    """A pattern without groups leaves $0-$9 as they are, as in httpd."""
    cdef bint hit
    if not op.has_groups:
        return request_matches(
            r, op.number, decides, subject.data, subject.length, NULL) > 0
    hit = request_matches(
        r, op.number, decides, subject.data, subject.length, &groups.pairs[0]) > 0
    groups.subject = value(NULL, 0)
    if hit:
        groups.subject = subject
        if subject.data == NULL:
            groups.subject.data = b""
    return hit


cdef int expr_run(
        request_facts *r, int number, expr_groups *groups,
        value *out) noexcept nogil:
    """returns 1, 0 or FAILED; out: the word that is left, of a text"""
    cdef const plan_expr *e = &plan_exprs[number]
    cdef const expr_op *op
    cdef value[EXPR_STACK_MAX + 1] stack
    cdef int held = 0       # words on the stack; the check has counted them
    cdef int i = 0
    cdef int glob
    cdef bint holds = False
    cdef bint failed = False
    cdef unsigned char[ADDRESS_BYTES] address
    while i < e.count:
        op = &e.ops[i]
        i += 1
        ASSERT(0 <= held <= EXPR_STACK_MAX)
        if op.step == EXPR_TEXT:
            stack[held] = value(op.literal.data, op.literal.length)
            held += 1
        elif op.step == EXPR_VARIABLE:
            stack[held] = variable_value(r, op.number)
            held += 1
        elif op.step == EXPR_JUMP_IF:
            if holds:
                i = op.number
        elif op.step == EXPR_JUMP_UNLESS:
            if not holds:
                i = op.number
        elif op.step == EXPR_MATCH:
            held -= 1
            holds = expr_match(r, op, e.decides, stack[held], groups) != op.negated
        elif op.step <= EXPR_FUNCTION:
            if op.step == EXPR_GROUP:
                stack[held] = group_taken(groups, op.number)
                held += 1
            elif op.step == EXPR_JOIN:
                held -= op.number
                stack[held] = words_joined(r, &stack[held], op.number)
                held += 1
            else:
                held -= 1
                stack[held] = expr_function(r, op.number, stack[held], &failed)
                held += 1
        elif op.step <= EXPR_AT_LEAST:
            held -= 2
            holds = compared(
                op.step - EXPR_SAME,
                order_of_lengths(stack[held], stack[held + 1]) if unlikely(op.number)
                else order_of_texts(stack[held], stack[held + 1]))
        elif op.step <= EXPR_NUMBER_AT_LEAST:
            held -= 2
            holds = compared(
                op.step - EXPR_NUMBER_SAME,
                order_of_numbers(stack[held], stack[held + 1]))
        elif op.step == EXPR_NOT:
            holds = not holds
        elif op.step == EXPR_CONSTANT:
            holds = op.number != 0
        elif op.step == EXPR_CLIENT:
            holds = network_holds(op.networks, &r.client.remote[0])
        elif op.step == EXPR_GLOB:
            held -= 2
            glob = expr_glob(stack[held + 1], stack[held], op.number)
            holds = glob == 1
            failed = failed or glob < 0
        elif op.step == EXPR_IS_ONE:
            held -= 2
            holds = same_word(stack[held], stack[held + 1])
            held += 1
        else:
            # One word is looked at, and taken off.
            held -= 1
            if op.step == EXPR_NOT_EMPTY:
                holds = stack[held].length > 0
            elif op.step == EXPR_EMPTY:
                holds = stack[held].length == 0
            elif op.step == EXPR_TRUTH:
                holds = expr_truth(stack[held])
            elif op.step == EXPR_FILE:
                holds = expr_file_is(stack[held], op.number)
            elif op.step == EXPR_URL_IS_FINE:
                holds = url_is_fine(look_up_url(r, stack[held]))
            elif op.step == EXPR_FILE_IS_FINE:
                holds = file_is_fine(look_up_file(
                    r, stack[held],
                    value(NULL, 0) if r.file == NULL else folder_of(r.file.name)))
            elif op.step == EXPR_PEER_EXTENSION:
                holds = word_is_told(
                    stack[held], tls_variable(r.client, op.number))
            elif op.step == EXPR_ADDRESS:
                holds = expr_address(stack[held], &address[0]) and network_holds(
                    op.networks, &address[0])
    if held:
        out[0] = stack[0]
        if out[0].data == NULL:
            out[0].data = b""
    if unlikely(failed):
        expr_give_up(r, number)
        return FAILED
    return holds


cdef bint word_is_told(value word, value told) noexcept nogil:
    """Is it one of those that a NUL ends each?"""
    cdef unsigned int length
    while told.length:
        length = <unsigned int>(
            <const char *>memchr_or_end(told.data, 0, told.length) - told.data)
        if same_word(word, value(told.data, length)):
            return True
        told = value_from(told, min(length + 1, told.length))
    return False


cdef bint same_word(value a, value b) noexcept nogil:
    return a.length == b.length and (
        a.length == 0 or memcmp(a.data, b.data, a.length) == 0)


cdef void expr_give_up(request_facts *r, int number) noexcept nogil:
    """At most once a minute for all of them."""
    global expr_told_us
    if expr_told_us and watch.now_us - expr_told_us < REGEX_TOLD_EVERY_US:
        return
    expr_told_us = watch.now_us
    with gil:
        error_line_say(
            "error", "core", r.vhost.index, r.client, r, 0,
            f"FB0303: {expr_places[number]}: the expression could not be worked out: a "
            "file that it reads is missing or too large, or a pattern is too long")


cdef int expr_holds(
        request_facts *r, int number, expr_groups *groups) noexcept nogil:
    cdef expr_groups own
    cdef value unused
    if groups == NULL:
        own.subject = value(NULL, 0)
        groups = &own
    return expr_run(r, number, groups, &unused)


cdef value expr_text(
        request_facts *r, int number, const expr_groups *groups) noexcept nogil:
    cdef expr_groups own
    cdef value found = value(b"", 0)
    if groups != NULL:
        own = groups[0]
    else:
        own.subject = value(NULL, 0)
    if expr_run(r, number, &own, &found) < 0:
        return value(NULL, 0)
    return found
