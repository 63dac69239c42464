# What must be, stated where it matters. Alive in builds with FASTLB_DEBUG=1 only: a
# worker whose ASSERT fails says which, and ends. The line is that of the .pyx.
#
# A condition changes nothing. "and" and "or" are computed in every build (and dropped
# by the compiler), so there only plain reads; loops go under `if DEBUG_BUILD`.

cdef extern from "debug.h" nogil:
    enum:
        DEBUG_BUILD
    void ASSERT(bint condition) noexcept
