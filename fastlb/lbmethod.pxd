# A balancing method of your own, in Cython: docs/balancing.md shows one. What the
# fields mean stands in fastlb_lbmethod.h, which lies where fastlb.get_include() says.

from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

cdef extern from "fastlb_lbmethod.h" nogil:
    const uint32_t FASTLB_LBMETHOD_ABI
    const char *FASTLB_LBMETHOD_CAPSULE
    const uint32_t FASTLB_NEEDS_TIMES
    const uint32_t FASTLB_NEEDS_KEY

    ctypedef struct fastlb_candidate:
        uint64_t name
        int64_t load_factor
        int64_t busy
        uint64_t elected
        uint64_t sent
        uint64_t received
        int64_t response_ns
        int64_t answered_us

    ctypedef struct fastlb_election:
        uint32_t size
        uint32_t count
        const fastlb_candidate *candidates
        int64_t now_us
        uint64_t random
        uint64_t key

    ctypedef int32_t (*fastlb_choose)(
        const fastlb_election *election) noexcept nogil
    ctypedef int64_t (*fastlb_score)(
        const fastlb_election *election, uint32_t candidate) noexcept nogil

    ctypedef struct fastlb_lbmethod:
        uint32_t abi
        uint32_t size
        uint32_t needs
        uint32_t reserved
        fastlb_choose choose
        fastlb_score score
        const char *rule


# What the entry point of the group fastlb.lbmethods names. m: as long as the process
cdef inline object lbmethod_capsule(const fastlb_lbmethod *m):
    return PyCapsule_New(<void *>m, FASTLB_LBMETHOD_CAPSULE, NULL)
