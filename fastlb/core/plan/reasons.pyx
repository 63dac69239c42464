"""The phrases of status codes. They are for people: no client decides by them."""
# uses: ground/text, http/fields, plan/build

cdef struct status_reason:
    int status
    const char *text

cdef status_reason[REASONS_MAX] reasons
cdef int reason_count = 0


cdef void reasons_begin(dict texts) except *:
    """Take over the usual phrases, in memory that lives as long as the process."""
    global reason_count
    cdef int n = 0
    cdef text copy
    if len(texts) > REASONS_MAX:
        raise ValueError(f"more than {REASONS_MAX} phrases of status codes")
    for status, phrase in sorted(texts.items()):
        copy = plan_text(phrase)
        reasons[n].status = status
        reasons[n].text = copy.data
        n += 1
    reason_count = n


# The usual phrase of a status.
cdef const char *reason_of(int status, unsigned int *length) noexcept nogil:
    cdef const char *found = reason_known(status, length)
    if length[0]:
        return found
    length[0] = 7
    return b"Unknown"


# ... where there is one; else b"".
cdef const char *reason_known(int status, unsigned int *length) noexcept nogil:
    cdef int i
    for i in range(reason_count):
        if reasons[i].status == status:
            length[0] = <unsigned int>strlen(reasons[i].text)
            return reasons[i].text
    length[0] = 0
    return b""


cdef const char *reason_said(
        const head *res, const char *data, unsigned int *length) noexcept nogil:
    """A member's phrase as it came, be it empty or none; the usual one in the place of
    one that holds controls."""
    if unlikely(res.reason.offset and res.reason.length == 0):
        return reason_of(res.status, length)
    length[0] = res.reason.length
    return data + res.reason.offset


# Towards the member --------------------------------------------------------------
