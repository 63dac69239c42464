"""The order of names in a listing, as mod_autoindex's."""
# uses: ground/text, ground/natural, plan/listing_plan, plan/listing

cdef extern from "stdlib.h" nogil:
    void sort_by "qsort_r"(
        void *base, size_t count, size_t size,
        int (*compare)(const void *, const void *, void *) noexcept nogil, void *how)


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


cdef int names_compare(const void *one, const void *other, void *how) noexcept nogil:
    cdef const listing *ls = <const listing *>how
    cdef const listed_name *a = (<const listed_name **>one)[0]
    cdef const listed_name *b = (<const listed_name **>other)[0]
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


cdef void listing_sort(listing *ls) noexcept nogil:
    if ls.count > 1:
        sort_by(ls.names, ls.count, sizeof(void *), names_compare, <void *>ls)
