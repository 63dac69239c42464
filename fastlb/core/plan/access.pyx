"""Who may ask for this (access.pxd)?"""
# uses: ground/text, io/writer, ground/address, ground/arena, plan/verdicts,
#       plan/access_plan, plan/plan, plan/client, plan/facts, plan/expr, plan/named,
#       plan/credentials, plan/auth_said

# Methods -------------------------------------------------------------------------

# Does one of the names stand for the request's method?
cdef bint names_method(request_facts *r, const text *names, int count) noexcept nogil:
    cdef const char *method = request_bytes(r) + r.req.method.offset
    cdef int i
    for i in range(count):
        if names[i].length == r.req.method.length and memcmp(
                names[i].data, method, names[i].length) == 0:
            return True
    return False


cdef bint limits_hold(request_facts *r, const method_limits *limits) noexcept nogil:
    """<Limit>, <LimitExcept>: is something said for the method of the request?"""
    cdef int i
    for i in range(limits.count):
        if names_method(r, limits.limits[i].names, limits.limits[i].name_count) \
                == limits.limits[i].others:
            return False
    return True


cdef bint access_applies(request_facts *r, access_op *op) noexcept nogil:
    """Is it, or anything within it, said for the method?"""
    cdef access_op *child
    if not op.limited:
        return True
    if op.op > ACCESS_NONE_OF:
        return limits_hold(r, &op.limits)
    child = op + 1
    while child < op + op.size:
        if access_applies(r, child):
            return True
        child += child.size
    return False


# Verdicts ------------------------------------------------------------------------

# Known, or asked for and VERDICT_UNKNOWN. found: what was found beside it
cdef int access_verdict(
        request_facts *r, auth_question *q, value *found) noexcept nogil:
    cdef int i, verdict
    verdict_key_of(q)
    for i in range(r.verdict_count):
        if r.verdicts[i].key.one == q.key.one and r.verdicts[i].key.other \
                == q.key.other:
            found[0] = r.verdicts[i].found
            return r.verdicts[i].verdict
    verdict = verdict_kept(&q.key, found)
    if verdict == VERDICT_UNKNOWN:
        r.asks = q[0]
    elif found.length:
        found[0] = arena_copy(&r.arena, found.data, found.length)
    return verdict


# The last section's value: the number of a group file, -1 when none is said.
cdef int access_group_file(request_facts *r, bint of_dbm) noexcept nogil:
    cdef plan_auth *said
    cdef int i, file
    for i in range(r.conf_count - 1, -1, -1):
        said = r.confs[i].auth
        if said == NULL:
            continue
        file = said.dbm_group_file if of_dbm else said.group_file
        if file >= 0:
            return file
    return -1


# As access_group_file, of a directory.
cdef int access_directory(request_facts *r) noexcept nogil:
    cdef int i
    for i in range(r.conf_count - 1, -1, -1):
        if r.confs[i].auth != NULL and r.confs[i].auth.directory >= 0:
            return r.confs[i].auth.directory
    return -1


cdef auth_question group_question(
        request_facts *r, access_op *op, int file) noexcept nogil:
    """Is the user one of those that op names? file: who knows it"""
    cdef auth_question q
    memset(&q, 0, sizeof(q))
    q.kind = ASKS_GROUP
    q.file = file
    q.user = r.user
    q.names_number = op.names_number
    return q


cdef bint asks_himself(request_facts *r, auth_question *q) noexcept nogil:
    """His password before the words of the rule, if this server knew it: another one
    never gets it. False: it is longer than what can be asked"""
    cdef value user, password
    cdef writer w
    if r.env[directory_login].data == NULL \
            or not same_text(auth_files[q.file].server, r.env[directory_server]) \
            or credentials_basic(r, &user, &password) != CREDENTIALS_FOUND:
        return True
    arena_write(&r.arena, &w)
    put(&w, password.data, password.length)
    put(&w, q.secret.data, q.secret.length)
    q.secret = arena_written(&r.arena, &w)
    q.password_bytes = password.length
    return q.secret.data != NULL and q.secret.length <= PASSWORD_BYTES_MAX


cdef value part_told(value *rest) noexcept nogil:
    """The next of what a directory has told, each with a NUL behind it; data NULL: that
    was all, and what has no end is a part of a name at most"""
    cdef const char *end = NULL
    cdef value part = value(NULL, 0)
    if rest.length:
        end = <const char *>memchr(rest.data, 0, rest.length)
    if end == NULL:
        return part
    part = value(rest.data, <unsigned int>(end - rest.data))
    rest[0] = value_from(rest[0], part.length + 1)
    return part


cdef void granted_told(
        request_facts *r, const access_op *op, int directory,
        value found) noexcept nogil:
    """AUTHORIZE_*: as it has told of who the user is, or found, as it tells now."""
    cdef const auth_file *f = &auth_files[directory]
    cdef bint is_known = r.told_by == directory + 1
    cdef value part
    cdef int i
    for i in range(f.told_count):
        part = r.env[r.told[i]] if is_known else part_told(&found)
        if part.data == NULL:
            part = value(b"", 0)
        env_set(r, f.granted[i], part.data, part.length)
        if not is_known and op.op != ACCESS_LDAP_SEARCH:
            env_set(r, f.told[i], part.data, part.length)


# Require ldap-*
cdef bint directory_names_user(request_facts *r, access_op *op) noexcept nogil:
    cdef auth_question q = group_question(
        r, op, op.source if op.source >= 0 else access_directory(r))
    cdef value found
    cdef int verdict
    if unlikely(directory_login >= 0) \
            and r.env[directory_login].data != NULL:
        q.user = r.env[directory_login]
    if q.user.data == NULL:
        q.user.data = b""       # ldap-search
    if op.expr >= 0:
        q.secret = words_of(r, op.expr)
        if q.secret.data == NULL or q.secret.length > PASSWORD_BYTES_MAX:
            r.undecided = True
            return False
    if q.file >= 0 and unlikely(auth_files[q.file].as_user) and not asks_himself(r, &q):
        r.undecided = True
        return False
    if q.file < 0 or q.user.length > USER_BYTES_MAX:
        r.undecided = True
        return False
    if unlikely(auth_files[q.file].told_count
                and r.told_by != q.file + 1):
        q.kind = ASKS_TOLD
    verdict = access_verdict(r, &q, &found)
    if verdict == VERDICT_FAULT or verdict == VERDICT_BUSY:
        # Whom a rule keeps out must not come in while nobody can be asked.
        r.undecided = True
    if verdict == VERDICT_GRANTED:
        granted_told(r, op, q.file, found)
    return verdict == VERDICT_GRANTED


cdef bint user_is_in_group(request_facts *r, access_op *op) noexcept nogil:
    cdef auth_question q = group_question(
        r, op, op.source if op.source >= 0 else access_group_file(r, False))
    cdef value found
    cdef int verdict
    if unlikely(op.expr >= 0) and not groups_named(r, op.expr, &q.secret):
        return False
    if q.file < 0:
        return False
    verdict = access_verdict(r, &q, &found)
    if verdict == VERDICT_LARGE:
        # Nobody knows who is in it: who is kept out for it must not come in.
        r.undecided = True
    return verdict == VERDICT_GRANTED


cdef value dbm_groups_named(request_facts *r, access_op *op) noexcept nogil:
    """The realm and the groups, each with a NUL; data NULL: that cannot be asked."""
    cdef plan_auth said = auth_said(r)
    cdef value groups = value(b"", 0)
    cdef writer w
    cdef int i
    if unlikely(op.expr >= 0) and not groups_named(r, op.expr, &groups):
        return value(NULL, 0)
    arena_write(&r.arena, &w)
    put(&w, said.name.data, said.name.length)
    put_byte(&w, 0)
    put(&w, groups.data, groups.length)
    for i in range(op.name_count):
        put(&w, op.names[i].data, op.names[i].length)
        put_byte(&w, 0)
    groups = arena_written(&r.arena, &w)
    if groups.length > PASSWORD_BYTES_MAX:
        r.undecided = True
        return value(NULL, 0)
    return groups


# Require dbm-group
cdef bint user_is_in_dbm_group(request_facts *r, access_op *op) noexcept nogil:
    cdef auth_question q = group_question(
        r, op, op.source if op.source >= 0 else access_group_file(r, True))
    cdef value found
    cdef int verdict
    if q.file < 0:
        return False
    q.secret = dbm_groups_named(r, op)
    if q.secret.data == NULL:
        return False
    verdict = access_verdict(r, &q, &found)
    if verdict == VERDICT_FAULT or verdict == VERDICT_LARGE:
        # Whom a rule keeps out must not come in while nobody knows.
        r.undecided = True
    return verdict == VERDICT_GRANTED


cdef bint groups_named(request_facts *r, int expr, value *groups) noexcept nogil:
    """What a request makes of them. False: nothing that could be asked for"""
    cdef value words = words_of(r, expr)
    groups[0] = words_listed(r, words)
    if words.data == NULL or groups.length > PASSWORD_BYTES_MAX:
        r.undecided = True
        return False
    return groups.length > 0


cdef bint user_is_named(request_facts *r, int expr) noexcept nogil:
    cdef value words = words_of(r, expr)
    cdef value word
    if words.data == NULL:
        r.undecided = True
        return False
    while next_word(r, &words, &word):
        if same_text(word, r.user):
            return True
    return False


# Rules ---------------------------------------------------------------------------

cdef bint access_hit(request_facts *r, access_op *op) noexcept nogil:
    """Does a single condition hold?"""
    cdef int i, holds, known
    if op.op == ACCESS_GRANTED:
        return True
    if op.op == ACCESS_IP:
        for i in range(op.network_count):
            if network_holds(&op.networks[i], &r.client.remote[0]):
                return True
    elif op.op == ACCESS_LOCAL:
        client_learn_local(r.client)
        return address_is_loopback(&r.client.remote[0]) or memcmp(
            &r.client.remote[0], &r.client.local[0], 16) == 0
    elif op.op == ACCESS_ENV:
        for i in range(op.name_count):
            if r.env[op.envs[i]].data != NULL:
                return True
    elif op.op == ACCESS_METHOD:
        return names_method(r, op.names, op.name_count)
    elif op.op == ACCESS_HOST or op.op == ACCESS_FORWARD_DNS:
        if op.names_number >= HOST_NAMES_MAX:
            # To be none of these would let somebody in that one of them keeps out.
            r.undecided = True
            return False
        known = client_host(r.client, op.names_number)
        if known == HOST_UNKNOWN:
            r.host_wanted = op.names_number + 1
            r.host_forward = op.op == ACCESS_FORWARD_DNS
        return known == HOST_ALLOWED
    elif op.op == ACCESS_USER and unlikely(op.expr >= 0):
        return user_is_named(r, op.expr)
    elif op.op == ACCESS_USER:
        for i in range(op.name_count):
            if same_text(value(op.names[i].data, op.names[i].length), r.user):
                return True
    elif op.op == ACCESS_GROUP:
        return user_is_in_group(r, op)
    elif op.op == ACCESS_DBM_GROUP:
        return user_is_in_dbm_group(r, op)
    elif op.op >= ACCESS_LDAP:
        return directory_names_user(r, op)
    elif op.op == ACCESS_VALID_USER:
        return True
    elif op.op == ACCESS_EXPR:
        holds = expr_holds(r, op.expr, NULL)
        if holds < 0:
            r.undecided = True
        return holds > 0
    return False


cdef int access_leaf(request_facts *r, access_op *op) noexcept nogil:
    if r.user.data == NULL and ACCESS_USER <= op.op and op.op != ACCESS_EXPR \
            and op.op != ACCESS_LDAP_SEARCH:
        return ACCESS_NEEDS_USER
    if access_hit(r, op):
        return ACCESS_IS_GRANTED
    if op.op == ACCESS_EXPR and op.names_user and r.user.data == NULL:
        return ACCESS_NEEDS_USER
    return ACCESS_IS_DENIED


cdef int access_join(int op, int sofar, int more) noexcept nogil:
    """What a container makes of one more of its rules, none of which decided it."""
    if sofar == ACCESS_IS_NEUTRAL or more == ACCESS_IS_NEUTRAL:
        return more if sofar == ACCESS_IS_NEUTRAL else sofar
    if op == ACCESS_ALL_OF:
        return more if more == ACCESS_NEEDS_USER else sofar
    return more if more == ACCESS_NEEDS_USER and sofar == ACCESS_IS_DENIED else sofar


cdef int access_evaluate(
        request_facts *r, access_op *op, bint in_all) noexcept nogil:
    """in_all: of what surrounds it all must hold"""
    cdef int result = ACCESS_IS_NEUTRAL
    cdef int one
    cdef access_op *child
    if unlikely(op.limited) and not access_applies(r, op):
        return ACCESS_IS_GRANTED if in_all else ACCESS_IS_NEUTRAL
    if op.op > ACCESS_NONE_OF:
        result = access_leaf(r, op)
    else:
        child = op + 1
        while child < op + op.size:
            one = access_evaluate(r, child, op.op == ACCESS_ALL_OF)
            if one == (ACCESS_IS_DENIED if op.op == ACCESS_ALL_OF
                       else ACCESS_IS_GRANTED):
                result = one
                break
            result = access_join(op.op, result, one)
            child += child.size
    if op.negated or op.op == ACCESS_NONE_OF:
        # Nobody is let in for not being refused.
        return ACCESS_IS_DENIED if result == ACCESS_IS_GRANTED else ACCESS_IS_NEUTRAL
    return result


cdef int requires_of(
        request_facts *r, int begin, int end, int *merging) noexcept nogil:
    """What Require says in some sections together.

    merging: AUTH_MERGING_*, how that counts beside what comes before them
    """
    cdef int i, one
    cdef int result = ACCESS_IS_UNSAID
    cdef plan_conf *c
    merging[0] = AUTH_MERGING_OFF
    for i in range(begin, end):
        c = r.confs[i]
        if c.access_count == 0:
            if unlikely(c.merging_off):
                result = ACCESS_IS_UNSAID
                merging[0] = AUTH_MERGING_ENDS
            elif unlikely(c.auth_merging != AUTH_MERGING_OFF):
                merging[0] = c.auth_merging
            continue
        one = ACCESS_IS_ELSEWHERE
        if likely(access_applies(r, c.access)):
            one = access_evaluate(r, c.access, True)
        result = access_merge(c.auth_merging, result, one)
        merging[0] = c.auth_merging
    return result


cdef int requires_join(
        request_facts *r, int before, int begin, int end) noexcept nogil:
    """What is before some sections, and these as one."""
    cdef int merging
    cdef int result = requires_of(r, begin, end, &merging)
    if result != ACCESS_IS_UNSAID:
        return access_merge(merging, before, result)
    return ACCESS_IS_UNSAID if merging == AUTH_MERGING_ENDS else before


cdef int access_requires(request_facts *r) noexcept nogil:
    """Require of all sections, merged (AuthMerging): <Proxy>, then those of the path,
    then <If>.

    returns ACCESS_*; r.host_wanted or r.asks is set when that depends on what is not
    known yet
    """
    cdef int path = min(1 + r.proxy_conf_count, r.conf_count)
    cdef int ifs = r.conf_count - r.if_conf_count
    cdef int merging
    cdef int result = requires_of(r, 0, path, &merging)
    result = requires_join(r, result, path, ifs)
    if unlikely(r.if_conf_count):
        result = requires_join(r, result, ifs, r.conf_count)
    return ACCESS_IS_GRANTED if result == ACCESS_IS_ELSEWHERE else result


cdef int access_merge(int merging, int before, int one) noexcept nogil:
    cdef int op = ACCESS_ALL_OF if merging == AUTH_MERGING_AND else ACCESS_ANY_OF
    cdef int decides = ACCESS_IS_DENIED if op == ACCESS_ALL_OF else ACCESS_IS_GRANTED
    cdef int elsewhere = ACCESS_IS_GRANTED if op == ACCESS_ALL_OF else ACCESS_IS_NEUTRAL
    if before == ACCESS_IS_UNSAID or merging <= AUTH_MERGING_OFF:
        return one
    if before == ACCESS_IS_ELSEWHERE and one == ACCESS_IS_ELSEWHERE:
        return one
    if before == ACCESS_IS_ELSEWHERE:
        before = elsewhere
    if one == ACCESS_IS_ELSEWHERE:
        one = elsewhere
    if before == decides or one == decides:
        return decides
    return access_join(op, before, one)


# Apache 2.2 ----------------------------------------------------------------------

# The word that is said for the request's method by Order or Satisfy.
cdef int access_old_word(
        request_facts *r, const old_word *words, int count, int usual) noexcept nogil:
    cdef int i
    for i in range(count - 1, -1, -1):
        if limits_hold(r, &words[i].limits):
            return words[i].word
    return usual


cdef bint old_list_holds(request_facts *r, access_op *ops, int count) noexcept nogil:
    cdef int i
    for i in range(count):
        if limits_hold(r, &ops[i].limits) and access_hit(r, &ops[i]) != ops[i].negated:
            return True
    return False


# Order, Allow and Deny.
cdef bint access_old_admits(request_facts *r, old_access *old) noexcept nogil:
    cdef int order = access_old_word(
        r, old.orders, old.order_count, ORDER_DENY_ALLOW)
    cdef bint allowed = old_list_holds(r, old.allows, old.allow_count)
    cdef bint denied
    if order == ORDER_DENY_ALLOW and allowed:
        return True
    denied = old_list_holds(r, old.denies, old.deny_count)
    return not denied and (allowed or order == ORDER_DENY_ALLOW)
