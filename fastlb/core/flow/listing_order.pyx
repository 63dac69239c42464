"""The order of names in a listing, as mod_autoindex's."""
# uses: ground/text, ground/natural, ground/arena, io/watch, plan/listing_plan,
#       plan/listing, plan/facts, flow/file_send

cdef enum:
    MERGES_PER_LOOK = 64        # at the clock


cdef int texts_compare(const listing *ls, value a, value b) noexcept nogil:
    """Names by the words of IndexOptions; two that count alike never are."""
    cdef int result = 0
    cdef bint ignore_case = ls.options & LISTING_IGNORES_CASE != 0
    if ls.options & LISTING_VERSION_SORT:
        if ignore_case:
            result = natural_compare(a.data, a.length, b.data, b.length, True)
        if result == 0:
            result = natural_compare(a.data, a.length, b.data, b.length, False)
    if result == 0 and ignore_case:
        result = bytes_compare(a.data, a.length, b.data, b.length, True)
    if result == 0:
        result = bytes_compare(a.data, a.length, b.data, b.length, False)
    return result


cdef int abouts_compare(
        const listing *ls, const text *a, const text *b) noexcept nogil:
    cdef text nothing = text(b"", 0)
    if a == NULL:
        a = &nothing
    if b == NULL:
        b = &nothing
    if ls.options & LISTING_VERSION_SORT:
        return natural_compare(a.data, a.length, b.data, b.length, False)
    return bytes_compare(a.data, a.length, b.data, b.length, False)


cdef int names_compare(
        const listing *ls, const listed_name *a, const listed_name *b) noexcept nogil:
    cdef const listed_name *swapped
    cdef int result = 0
    if a.comes_first != b.comes_first:
        return -1 if a.comes_first else 1
    if ls.order != c'A':
        swapped = a
        a = b
        b = swapped
    if ls.key == c'M' and a.modified_us != b.modified_us:
        return -1 if a.modified_us < b.modified_us else 1
    if ls.key == c'S' and a.size != b.size:
        return -1 if a.size < b.size else 1
    if ls.key == c'D':
        result = abouts_compare(ls, a.about, b.about)
    return result if result else texts_compare(ls, a.name, b.name)


cdef bint sort_begin(listing *ls, request_facts *r) noexcept nogil:
    """False: there is no memory"""
    cdef unsigned int bytes = <unsigned int>(ls.count * sizeof(void *))
    ls.merged = <listed_name **>arena_take_struct(&r.arena, bytes)
    listing_holds(ls, bytes)
    ls.merge.run = 1
    return ls.merged != NULL


cdef void sort_one(listing *ls) noexcept nogil:
    """Merge the next name of two runs."""
    cdef listing_merge *m = &ls.merge
    cdef int *taken = &m.right
    if m.out == m.end:
        m.left = m.out
        m.middle = m.right = min(m.left + m.run, ls.count)
        m.end = min(m.right + m.run, ls.count)
    if m.left < m.middle and (m.right == m.end or names_compare(
            ls, ls.names[m.left], ls.names[m.right]) < 0):
        taken = &m.left
    ls.merged[m.out] = ls.names[taken[0]]
    taken[0] += 1
    m.out += 1


cdef int listing_sort(
        listing *ls, request_facts *r, long long until) noexcept nogil:
    """Go on: each name is merged once for each doubling of runs. returns as
    listing_read"""
    cdef listing_merge *m = &ls.merge
    cdef listed_name **names
    if ls.count <= 1:
        return 0
    if m.run == 0 and not sort_begin(ls, r):
        return -500
    while m.run < ls.count:
        while m.out < ls.count:
            sort_one(ls)
            if m.out % MERGES_PER_LOOK == 0 and clock_us() >= until:
                return AGAIN
        names = ls.names
        ls.names = ls.merged
        ls.merged = names
        m.run *= 2
        m.out = m.end = 0
    return 0
