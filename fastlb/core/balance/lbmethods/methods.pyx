"""The methods by number (methods.pxd)."""
# uses: balance/lbmethods/method, balance/lbmethods/byrequests,
#       balance/lbmethods/bytraffic, balance/lbmethods/bybusyness,
#       balance/lbmethods/bychoice, balance/lbmethods/byresponsetime,
#       balance/lbmethods/byhash, balance/lbmethods/heartbeat,
#       balance/lbmethods/outside

cdef lb_method[LB_METHODS_MAX] LB_METHODS
cdef int lb_method_count = 0


cdef int lb_method_row(
        const char *name, int needs, lb_choose choose, lb_reset reset, lb_tell tell,
        const char *rule) except -1:
    global lb_method_count
    if lb_method_count == LB_METHODS_MAX:
        raise RuntimeError("there are more methods than LB_METHODS_MAX")
    LB_METHODS[lb_method_count].name = name
    LB_METHODS[lb_method_count].needs = needs
    LB_METHODS[lb_method_count].choose = choose
    LB_METHODS[lb_method_count].reset = reset
    LB_METHODS[lb_method_count].tell = tell
    LB_METHODS[lb_method_count].rule = rule
    lb_method_count += 1
    return 0


lb_method_row(
    b"byrequests", LB_PAYS, byrequests_choose, byrequests_reset, byrequests_tell,
    b"the greatest lbstatus, of equal ones the first")
lb_method_row(
    b"bytraffic", 0, bytraffic_choose, bytraffic_reset, bytraffic_tell,
    b"the least traffic, of equal ones the first")
# what it keeps is what byrequests keeps
lb_method_row(
    b"bybusyness", LB_PAYS, bybusyness_choose, byrequests_reset, bybusyness_tell,
    b"the least busy, of equal ones the greatest lbstatus, then the first")
lb_method_row(
    b"bychoice", 0, bychoice_choose, bychoice_reset, bychoice_tell,
    b"of two that are drawn the less busy for its factor")
lb_method_row(
    b"byresponsetime", LB_TIMES, byresponsetime_choose, byresponsetime_reset,
    byresponsetime_tell,
    b"of two that are drawn the one whose answer is due sooner")
lb_method_row(
    b"byhash", LB_HASHES, byhash_choose, byhash_reset, byhash_tell,
    b"the first in the order of the request's key that has room")
lb_method_row(
    b"heartbeat", 0, heartbeat_choose, heartbeat_reset, heartbeat_tell,
    b"whoever is drawn by the workers that are ready, as members say themselves")


from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_IsValid

# Names of methods of other packages; rows point into them.
cdef list lb_names_kept = []


def take_lbmethod(str name, capsule):
    cdef const fastlb_lbmethod *method
    cdef bytes kept = name.encode()
    cdef int number, needs
    if not PyCapsule_IsValid(capsule, FASTLB_LBMETHOD_CAPSULE):
        raise ValueError("its entry point names no capsule 'fastlb.lbmethod'")
    method = <const fastlb_lbmethod *>PyCapsule_GetPointer(
        capsule, FASTLB_LBMETHOD_CAPSULE)
    if method.abi != FASTLB_LBMETHOD_ABI:
        raise ValueError(
            f"it was made for version {method.abi} of the interface, and this is "
            f"version {FASTLB_LBMETHOD_ABI}")
    if method.size != sizeof(fastlb_lbmethod) or method.choose == NULL \
            or method.rule == NULL:
        raise ValueError("it is not what version 1 of the interface says")
    needs = (LB_TIMES if method.needs & FASTLB_NEEDS_TIMES else 0) | (
        LB_HASHES if method.needs & FASTLB_NEEDS_KEY else 0)
    number = lb_method_find(kept)
    if number >= 0 and LB_METHODS[number].outside != method:
        raise ValueError("there is another one of that name")
    if number < 0:
        if lb_method_count == LB_METHODS_MAX:
            raise ValueError(f"there are {LB_METHODS_MAX} methods, and no room for it")
        lb_names_kept.append((kept, capsule))
        lb_method_row(
            kept, needs, outside_choose, outside_reset, outside_tell, method.rule)
        LB_METHODS[lb_method_count - 1].outside = method


cdef const lb_method *lb_method_of(int number) noexcept nogil:
    ASSERT(number >= 0)
    ASSERT(number < lb_method_count)
    return &LB_METHODS[number]


# Of any number: a later generation may know more methods than this process.
cdef str lb_method_name(uint32_t number):
    if number >= <uint32_t>lb_method_count:
        return ""
    return (<bytes>LB_METHODS[number].name).decode()


cdef int lb_method_find(const char *name) noexcept nogil:
    cdef int number
    for number in range(lb_method_count):
        if lb_strcmp(LB_METHODS[number].name, name) == 0:
            return number
    return -1
