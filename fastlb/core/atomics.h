/* Atomic words of the shared table, in C11's memory model.
 *
 * The generic builtins work on plain integers, so that the structs of table.h hold
 * sized integers and nothing else. atomics.pxd gives each use its type. */
#ifndef FASTLB_ATOMICS_H
#define FASTLB_ATOMICS_H

/* A word that stands alone: no order with other words is asked for. */
#define ATOMIC_GET(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define ATOMIC_SET(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define ATOMIC_ADD(p, v) __atomic_fetch_add((p), (v), __ATOMIC_RELAXED)

/* A word that publishes what was written before it. */
#define ATOMIC_GET_ACQUIRE(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define ATOMIC_SET_RELEASE(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

/* Read-modify-write of flags; each returns the word as it was before. */
#define ATOMIC_OR(p, v) __atomic_fetch_or((p), (v), __ATOMIC_ACQ_REL)
#define ATOMIC_AND(p, v) __atomic_fetch_and((p), (v), __ATOMIC_ACQ_REL)

/* Put `next` where `*seen` still stands; else `*seen` becomes what stands there. */
#define ATOMIC_SWAP_IF(p, seen, next) \
    __atomic_compare_exchange_n((p), (seen), (next), 0, __ATOMIC_ACQ_REL, \
                                __ATOMIC_ACQUIRE)

/* What this process has stored is seen by others before it reads on. */
#define ATOMIC_FENCE_FULL() __atomic_thread_fence(__ATOMIC_SEQ_CST)

/* Fences between the words of a versioned record. */
#define ATOMIC_FENCE_ACQUIRE() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define ATOMIC_FENCE_RELEASE() __atomic_thread_fence(__ATOMIC_RELEASE)

/* Program order for a reader that comes after this process was killed: whatever was
 * executed is visible then, so only the compiler must be held back. */
#define ATOMIC_KEEP_ORDER() __atomic_signal_fence(__ATOMIC_SEQ_CST)

#endif
