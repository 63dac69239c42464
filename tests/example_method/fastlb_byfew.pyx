# cython: language_level=3, cdivision=True
"""lbmethod=byfew: whoever has had the fewest requests for its factor."""

from libc.stdint cimport int32_t, int64_t, uint32_t

from fastlb.lbmethod cimport (
    FASTLB_LBMETHOD_ABI, fastlb_election, fastlb_lbmethod, lbmethod_capsule)


cdef int64_t byfew_score(const fastlb_election *e, uint32_t i) noexcept nogil:
    return <int64_t>(
        e.candidates[i].elected * 10000 // <unsigned int>e.candidates[i].load_factor)


cdef int32_t byfew_choose(const fastlb_election *e) noexcept nogil:
    cdef uint32_t best = 0
    cdef uint32_t i
    for i in range(1, e.count):
        if byfew_score(e, i) < byfew_score(e, best):
            best = i
    return <int32_t>best


cdef fastlb_lbmethod byfew = fastlb_lbmethod(
    FASTLB_LBMETHOD_ABI, sizeof(fastlb_lbmethod), 0, 0, byfew_choose, byfew_score,
    b"whoever has had the fewest requests for its factor")

method = lbmethod_capsule(&byfew)
