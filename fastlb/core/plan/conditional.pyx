"""<If>, <ElseIf>, <Else>: sections that a request's expressions choose.

Those of all sections that apply are asked in the order in which these are merged, and
each that holds is merged behind everything else, with what it holds itself right behind
it (Apache: ap_if_walk).
"""
# uses: plan/plan, plan/facts, plan/expr

cdef bint match_ifs(request_facts *r) noexcept nogil:
    cdef int i
    cdef int count = r.conf_count
    for i in range(count):
        if r.confs[i].if_count and not ifs_of(r, r.confs[i]):
            return False
    return True


cdef bint ifs_of(request_facts *r, const plan_conf *c) noexcept nogil:
    """False: too many sections apply. They are nested as deep as they are written."""
    cdef int i
    cdef plan_if *one
    cdef bint applied = False
    for i in range(c.if_count):
        one = &c.ifs[i]
        if one.is_else and applied:
            continue
        applied = one.expr < 0 or expr_holds(r, one.expr, NULL) > 0
        if not applied:
            continue
        if r.conf_count == SECTIONS_MATCHED_MAX:
            return False
        r.confs[r.conf_count] = &one.conf
        r.conf_count += 1
        r.if_conf_count += 1
        if one.conf.if_count and not ifs_of(r, &one.conf):
            return False
    return True


cdef bint match_ifs_again(request_facts *r) noexcept nogil:
    """Now that the mapping is known: without those that were chosen before."""
    r.conf_count -= r.if_conf_count
    r.if_conf_count = 0
    return match_ifs(r)
