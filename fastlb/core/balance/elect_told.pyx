"""What an election looks at, for people: the state of each member, and what the method
says of those that may serve.

The functions that elect asks are asked one after the other, and then the table is as it
was before: nothing is elected here.
"""
# uses: balance/table, balance/ledger, balance/lbmethods/method,
#       balance/lbmethods/methods, balance/elect

from libc.stdlib cimport malloc


cdef object elect_told_state(uint32_t flags):
    """Why a member cannot be elected by itself; "": it can."""
    if flags & (FLAG_STOPPED | FLAG_SHUTDOWN):
        return "stopped"
    if flags & FLAG_DISABLED:
        return "disabled"
    if flags & FLAG_ERROR:
        return "error"
    if flags & FLAG_HEALTH:
        return "failed check"
    if flags & FLAG_AGENT_DOWN:
        return "agent says down"
    if flags & FLAG_DRAIN:
        return "drains"
    if flags & FLAG_SPARE:
        return "spare"
    if flags & FLAG_STANDBY:
        return "standby"
    return ""


cdef object elect_told(
        const table_view *t, const balancer_plan *b, long long now_us,
        uint64_t random, uint64_t key):
    """What elect would look at now, without a route.

    members  by position: state (elect_told_state), lbset, retry_ms until an E is over
             (-1: until a probe, or whoever runs the server), whether it is a candidate,
             and its scores (name, number)
    rule     of the method
    """
    cdef lb_choice c
    cdef lb_score[LB_SCORES_MAX] scores
    cdef member_slot *kept = <member_slot *>malloc(
        sizeof(member_slot) * <size_t>(b.member_count + 1))
    cdef const lb_method *method = lb_method_of(b.lbmethod)
    cdef const member_entry *e
    cdef int i, k
    if kept == NULL:
        raise MemoryError
    memset(&c, 0, sizeof(c))
    c.table = t
    c.candidates = elect_candidates
    c.now_us = now_us
    c.random = random
    c.compat_apache = b.compat_apache
    c.key = key
    c.load_percent = b.hash_load_percent
    c.outside = method.outside
    members = []
    for i in range(b.member_count):
        kept[i] = b.members[i][0]
        e = member_entry_of(t, b.members[i])
        members.append({
            "state": elect_told_state(member_flags_now(t, b.members[i])) or (
                "full" if member_is_full(t, b.members[i]) else ""),
            "lbset": e.lbset,
            "retry_ms": member_retry_in_ms(t, b.members[i], now_us),
            "is_candidate": False,
            "scores": [],
        })
    elect_force_recovery(t, b, now_us)
    elect_gather(&c, b)
    for i in range(c.count):
        told = members[elect_positions[i]]
        told["is_candidate"] = True
        for k in range(method.tell(&c, i, &scores[0])):
            told["scores"].append((scores[k].name.decode(), scores[k].number))
    for i in range(b.member_count):
        b.members[i][0] = kept[i]
    free(kept)
    return {"members": members, "rule": method.rule.decode()}
