# Atomic words of the shared table; atomics.h says what each promises.

from libc.stdint cimport int32_t, int64_t, uint16_t, uint32_t, uint64_t

cdef extern from "atomics.h" nogil:
    uint16_t atomic_get_u16 "ATOMIC_GET"(const uint16_t *p)
    void atomic_set_u16 "ATOMIC_SET"(uint16_t *p, uint16_t v)
    uint32_t atomic_get_u32 "ATOMIC_GET"(const uint32_t *p)
    int32_t atomic_get_i32 "ATOMIC_GET"(const int32_t *p)
    uint64_t atomic_get_u64 "ATOMIC_GET"(const uint64_t *p)
    int64_t atomic_get_i64 "ATOMIC_GET"(const int64_t *p)
    void atomic_set_u32 "ATOMIC_SET"(uint32_t *p, uint32_t v)
    void atomic_set_i32 "ATOMIC_SET"(int32_t *p, int32_t v)
    void atomic_set_u64 "ATOMIC_SET"(uint64_t *p, uint64_t v)
    void atomic_set_i64 "ATOMIC_SET"(int64_t *p, int64_t v)
    uint32_t atomic_add_u32 "ATOMIC_ADD"(uint32_t *p, uint32_t v)
    uint64_t atomic_add_u64 "ATOMIC_ADD"(uint64_t *p, uint64_t v)
    uint32_t atomic_get_acquire_u32 "ATOMIC_GET_ACQUIRE"(const uint32_t *p)
    void atomic_set_release_u32 "ATOMIC_SET_RELEASE"(uint32_t *p, uint32_t v)
    uint32_t atomic_or_u32 "ATOMIC_OR"(uint32_t *p, uint32_t v)
    uint32_t atomic_and_u32 "ATOMIC_AND"(uint32_t *p, uint32_t v)
    bint atomic_swap_if_u32 "ATOMIC_SWAP_IF"(
        uint32_t *p, uint32_t *seen, uint32_t next)
    bint atomic_swap_if_u64 "ATOMIC_SWAP_IF"(
        uint64_t *p, uint64_t *seen, uint64_t next)
    void atomic_fence_full "ATOMIC_FENCE_FULL"()
    void atomic_fence_acquire "ATOMIC_FENCE_ACQUIRE"()
    void atomic_fence_release "ATOMIC_FENCE_RELEASE"()
    void atomic_keep_order "ATOMIC_KEEP_ORDER"()
