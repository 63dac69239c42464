"""Free lists (free_list.pxd). One worker, one thread: no locks."""

cdef void *free_list_pop(free_list *kept) noexcept nogil:
    """One that was kept; NULL: there is none."""
    cdef void *one = kept.first
    if likely(one != NULL):
        kept.first = (<void **>one)[0]
        kept.count -= 1
    return one


cdef bint free_list_push(free_list *kept, void *one) noexcept nogil:
    """Keep it. False: there are enough, and it is the caller's to free."""
    if DEBUG_BUILD or unlikely(kept.count >= kept.most):
        return False
    (<void **>one)[0] = kept.first
    kept.first = one
    kept.count += 1
    return True


cdef void *free_list_take(free_list *kept, size_t size) noexcept nogil:
    """One that was kept, or a new one; NULL: no memory. What it holds is anybody's
    guess."""
    cdef void *one = free_list_pop(kept)
    if unlikely(one == NULL):
        one = malloc(size)
        if DEBUG_BUILD and one != NULL:
            memset(one, FREED_BYTE, size)
    return one


cdef void free_list_give(free_list *kept, void *one, size_t size) noexcept nogil:
    if DEBUG_BUILD:
        memset(one, FREED_BYTE, size)
    if unlikely(not free_list_push(kept, one)):
        free(one)


cdef void free_list_shed(free_list *kept) noexcept nogil:
    """Give all back to the system."""
    cdef void *one = free_list_pop(kept)
    while one != NULL:
        free(one)
        one = free_list_pop(kept)
