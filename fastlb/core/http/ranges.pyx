"""Range of a request (ranges.pxd).

Neighbours and overlapping ranges that follow one another become one; a single malformed
one makes the whole field mean nothing; "0-" ends the list and stands for everything.
"""
# uses: ground/chartable, ground/text, ground/number

cdef struct range_list:
    byte_range *out
    int count
    long long sum
    bint is_open                # `now` waits for whether the next one joins it
    byte_range now


cdef bint range_one(
        const char *p, const char *end, long long size, byte_range *out) noexcept nogil:
    """"5-9", "5-", "-5", not yet cut to the size. False: it is malformed"""
    cdef const char *dash = <const char *>memchr_or_end(p, c'-', end - p)
    cdef long long number
    if dash == end:
        return False
    if dash == p:
        number = decimal_of(dash + 1, <unsigned int>(end - dash - 1))
        if number < 1:
            return False
        out.first = size - number
        out.last = size - 1
        return True
    out.first = decimal_of(p, <unsigned int>(dash - p))
    if out.first < 0:
        return False
    out.last = size - 1
    if dash + 1 < end:
        out.last = decimal_of(dash + 1, <unsigned int>(end - dash - 1))
        return out.last >= out.first
    return True


cdef bint range_push(range_list *l) noexcept nogil:
    """False: there are more than RANGES_MAX"""
    if l.count == RANGES_MAX:
        return False
    l.out[l.count] = l.now
    l.count += 1
    l.sum += l.now.last - l.now.first + 1
    return True


cdef bint range_joins(
        range_list *l, const byte_range *one, int *overlaps,
        int *reversals) noexcept nogil:
    """Does it overlap the range before it, or continue it? Then that grows."""
    cdef bint joined = one.first >= l.now.first and one.last <= l.now.last
    if one.first < l.now.first and one.last >= l.now.first - 1:
        l.now.first = one.first
        reversals[0] += 1
        joined = True
    if one.last >= l.now.last and one.first <= l.now.last + 1:
        l.now.last = one.last
        joined = True
    if joined:
        overlaps[0] += 1
    return joined


cdef int ranges_read(
        const char *data, unsigned int length, long long size, byte_range *out,
        int *overlaps, int *reversals) noexcept nogil:
    cdef const char *p = data
    cdef const char *end = data + length
    cdef const char *comma
    cdef byte_range one
    cdef range_list l
    cdef bint lost = False
    l.out = out
    l.count = 0
    l.sum = 0
    l.is_open = False
    overlaps[0] = reversals[0] = 0
    if length < 6 or not bytes_equal_nocase(data, b"bytes=", 6):
        return RANGES_WHOLE
    p += 6
    while p < end and p[0] != c',':     # an empty one ends the list
        comma = <const char *>memchr_or_end(p, c',', end - p)
        if not range_one(p, comma, size, &one):
            return RANGES_WHOLE
        if one.first == 0 and comma - p == 2 and p[1] == c'-':
            l.count = 0
            l.sum = 0
            l.is_open = True
            l.now = one
            break
        p = comma
        while p < end and p[0] == c',':
            p += 1
        if one.first < 0:
            one.first = 0
        if one.first >= size:
            lost = True
            continue
        if one.last >= size:
            one.last = size - 1
        if not l.is_open:
            l.is_open = True
            l.now = one
        elif not range_joins(&l, &one, overlaps, reversals):
            if not range_push(&l):
                return RANGES_WHOLE
            l.now = one
    if l.is_open:
        if not range_push(&l):
            return RANGES_WHOLE
    elif lost:
        return RANGES_NONE_HOLDS
    return l.count if l.sum <= size else RANGES_WHOLE
