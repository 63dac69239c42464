"""Conditional requests (conditions.pxd).

Otherwise than RFC 9110: If-None-Match and If-Modified-Since must both hold; a date that
is later than now means nothing; what has changed within the last minute is not known
well enough for a Range.
"""
# uses: ground/text, http/dates

cdef enum:
    CONDITION_UNSAID = 0
    CONDITION_FAILS = 1         # the field is there, and does not hold
    CONDITION_HOLDS = 2
    FRESH_SECONDS = 60


cdef inline bint is_weak(value tag) noexcept nogil:
    return tag.length > 2 and tag.data[0] == c'W' and tag.data[1] == c'/'


cdef const char *tag_end(const char *p, const char *end) noexcept nogil:
    """Behind the closing quote, or where the item ends."""
    if p < end and p[0] == c'"':
        p = <const char *>memchr_or_end(p + 1, c'"', end - p - 1)
        return p + 1 if p < end else end
    while p < end and p[0] != c',' and p[0] != c' ' and p[0] != c'\t':
        p += 1
    return p


cdef bint tag_is_in(value list, value tag, bint weakly) noexcept nogil:
    """Is a tag one of a list? Strongly (RFC 9110 8.8.3.2) a weak one equals none."""
    cdef const char *p = list.data
    cdef const char *end = list.data + list.length
    cdef const char *begin
    cdef bint weak
    if is_weak(tag):
        if not weakly:
            return False
        tag = value(tag.data + 2, tag.length - 2)
    while p < end:
        if p[0] == c',' or p[0] == c' ' or p[0] == c'\t':
            p += 1
            continue
        weak = end - p > 2 and p[0] == c'W' and p[1] == c'/'
        if weak:
            p += 2
        begin = p
        p = tag_end(p, end)
        if (weakly or not weak) and <unsigned int>(p - begin) == tag.length \
                and memcmp(begin, tag.data, tag.length) == 0:
            return True
        if p == begin:
            p += 1
    return False


cdef int if_match(const conditions *c, const validators *v) noexcept nogil:
    if c.if_match.data == NULL:
        return CONDITION_UNSAID
    if c.if_match.length and c.if_match.data[0] == c'*':
        return CONDITION_HOLDS
    if v.etag.data != NULL and tag_is_in(c.if_match, v.etag, False):
        return CONDITION_HOLDS
    return CONDITION_FAILS


cdef int if_unmodified_since(const conditions *c, const validators *v) noexcept nogil:
    """HOLDS: it has been changed since"""
    cdef long long since
    if c.if_unmodified_since.data == NULL:
        return CONDITION_UNSAID
    since = date_of(c.if_unmodified_since.data, c.if_unmodified_since.length)
    if since == DATE_NONE or v.modified_s <= since:
        return CONDITION_FAILS
    if v.request_s < v.modified_s + FRESH_SECONDS and c.has_range:
        return CONDITION_FAILS
    return CONDITION_HOLDS


cdef int if_none_match(const conditions *c, const validators *v) noexcept nogil:
    """HOLDS: there is one that matches"""
    if c.if_none_match.data == NULL:
        return CONDITION_UNSAID
    if c.if_none_match.length and c.if_none_match.data[0] == c'*':
        return CONDITION_HOLDS
    if v.etag.data != NULL and tag_is_in(
            c.if_none_match, v.etag, c.is_read and not c.has_range):
        return CONDITION_HOLDS
    return CONDITION_FAILS


cdef int if_modified_since(const conditions *c, const validators *v) noexcept nogil:
    """HOLDS: it has not been changed since"""
    cdef long long since
    if c.if_modified_since.data == NULL:
        return CONDITION_UNSAID
    since = date_of(c.if_modified_since.data, c.if_modified_since.length)
    if since == DATE_NONE or since < v.modified_s or since > v.request_s:
        return CONDITION_FAILS
    if v.request_s < v.modified_s + FRESH_SECONDS and c.has_range:
        return CONDITION_FAILS
    return CONDITION_HOLDS


cdef int if_range(const conditions *c, const validators *v) noexcept nogil:
    if c.if_range.data == NULL or not c.has_range:
        return CONDITION_UNSAID
    if c.if_range.length and c.if_range.data[0] == c'"':
        if v.etag.data != NULL and same_text(c.if_range, v.etag):
            return CONDITION_HOLDS
        return CONDITION_FAILS
    if date_of(c.if_range.data, c.if_range.length) == v.modified_s \
            and v.request_s >= v.modified_s + FRESH_SECONDS:
        return CONDITION_HOLDS
    return CONDITION_FAILS


cdef bint range_is_meant(const conditions *c, const validators *v) noexcept nogil:
    return c.has_range and if_range(c, v) != CONDITION_FAILS


cdef int conditions_judge(const conditions *c, const validators *v) noexcept nogil:
    cdef int told
    cdef bint spoiled = False       # something says that it is to be sent
    cdef bint unchanged = False
    if if_match(c, v) == CONDITION_FAILS:
        return 412
    told = if_unmodified_since(c, v)
    if told == CONDITION_HOLDS:
        return 412
    spoiled |= told == CONDITION_FAILS
    told = if_none_match(c, v)
    if told == CONDITION_HOLDS and not c.is_read:
        return 412
    spoiled |= told == CONDITION_FAILS
    unchanged |= told == CONDITION_HOLDS
    told = if_modified_since(c, v)
    spoiled |= told == CONDITION_FAILS
    unchanged |= told == CONDITION_HOLDS and c.is_read
    if if_range(c, v) != CONDITION_UNSAID:
        return 200
    return 304 if unchanged and not spoiled else 200
