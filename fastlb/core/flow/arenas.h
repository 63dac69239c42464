/* Where the interpreter keeps its objects.

   It takes memory for them in arenas, and divides these into pools of 16 KiB. What it
   takes from our import on is noted through its own interface. What it took before is
   found by the head of each pool (Objects/obmalloc.c of CPython 3.10 and later); at
   that time no byte of a stranger's is in the process, so nobody can imitate one, and
   what is not recognised is only kept.

   A process that will never again run a line of Python can give all of it back: some
   three megabytes of its own, as soon as it has counted references. */
#ifndef FASTLB_ARENAS_H
#define FASTLB_ARENAS_H
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define POOL_BYTES 16384
#define POOL_ALIGN 16
#define MAPS_LINE_BYTES 512 /* a longer line is read in pieces, which name no memory */

struct pool_head {
    unsigned int count, unused; /* blocks in use */
    void *free, *next, *previous;
    unsigned int arena, size_class, next_offset, last_offset;
};

/* Under AddressSanitizer most of what is mapped is its own shadow, terabytes of it. */
#define POOLS_ARE_FOUND 1
#if defined(__SANITIZE_ADDRESS__)
#undef POOLS_ARE_FOUND
#define POOLS_ARE_FOUND 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#undef POOLS_ARE_FOUND
#define POOLS_ARE_FOUND 0
#endif
#endif

#define ARENAS_MAX 16384 /* beyond it they are kept */

static struct { void *at; size_t size; } arenas[ARENAS_MAX];
static int arena_noted;
static PyObjectArenaAllocator arena_system;

static void *arena_get(void *context, size_t size) {
    void *at = arena_system.alloc(context, size);
    if (at != NULL && arena_noted < ARENAS_MAX) {
        arenas[arena_noted].at = at;
        arenas[arena_noted++].size = size;
    }
    return at;
}

static void arena_put_back(void *context, void *at, size_t size) {
    int i = 0;
    while (i < arena_noted)
        if ((uintptr_t)arenas[i].at - (uintptr_t)at < size)
            arenas[i] = arenas[--arena_noted]; /* it, or a pool that was found in it */
        else
            i++;
    arena_system.free(context, at, size);
}

static int pool_is_one(const struct pool_head *p) {
    unsigned int size = (p->size_class + 1) * POOL_ALIGN;
    return p->size_class < 32 && p->last_offset == POOL_BYTES - size &&
           p->next_offset >= sizeof *p && p->next_offset <= POOL_BYTES &&
           p->count && p->count <= POOL_BYTES / size && p->next != NULL;
}

static void pools_find(void) {
    char line[MAPS_LINE_BYTES];
    unsigned long at, end, inode;
    FILE *maps = fopen("/proc/self/maps", "re");
    if (maps == NULL)
        return;
    while (fgets(line, sizeof line, maps) != NULL) {
        if (sscanf(line, "%lx-%lx rw-p %*x %*x:%*x %lu", &at, &end, &inode) != 3 ||
            inode != 0 || strchr(line, '[') != NULL)
            continue;
        at = (at + POOL_BYTES - 1) & ~(POOL_BYTES - 1UL);
        for (; at + POOL_BYTES <= end && arena_noted < ARENAS_MAX; at += POOL_BYTES)
            if (pool_is_one((const struct pool_head *)at)) {
                arenas[arena_noted].at = (void *)at;
                arenas[arena_noted++].size = POOL_BYTES;
            }
    }
    fclose(maps);
}

static void arenas_note(void) {
    PyObjectArenaAllocator noting;
    PyObject_GetArenaAllocator(&arena_system);
    if (arena_system.alloc == arena_get)
        return;
    if (POOLS_ARE_FOUND)
        pools_find();
    noting.ctx = arena_system.ctx;
    noting.alloc = arena_get;
    noting.free = arena_put_back;
    PyObject_SetArenaAllocator(&noting);
}

/* Holes are free blocks in pools that hold others. A process that has just been forked
   would put its new objects there, and for every few of them copy a page that is
   everybody's. While its master holds the holes, new objects stand together, in pools
   of their own. */
#define BLOCK_BYTES_MAX 512 /* larger ones are the C library's */
#define HOLES_MAX (1L << 20) /* beyond it they are left */

struct hole { struct hole *next; };

static struct hole *holes;

/* May its head be read? Of the arenas from before our import not all pools are known,
   and where the interpreter was told to use another allocator there are none. */
static int pool_is_mapped(uintptr_t at) {
    unsigned char is_in;
    return mincore((void *)at, 1, &is_in) == 0;
}

static void holes_free(void) {
    struct hole *hole;
    while ((hole = holes) != NULL) {
        holes = hole->next;
        PyObject_Free(hole);
    }
}

/* How many were found. */
static long holes_fill(void) {
    long count = 0;
    size_t size;
    holes_free();
    for (size = POOL_ALIGN; size <= BLOCK_BYTES_MAX; size += POOL_ALIGN) {
        uintptr_t known = 0;
        while (count < HOLES_MAX) {
            struct hole *hole = PyObject_Malloc(size);
            uintptr_t at = (uintptr_t)hole & ~(POOL_BYTES - 1UL);
            const struct pool_head *pool = (const struct pool_head *)at;
            if (hole == NULL)
                break;
            if ((at != known && !pool_is_mapped(at)) || !pool_is_one(pool) ||
                pool->count == 1) {
                PyObject_Free(hole); /* another allocator's; or the pool is a new one */
                break;
            }
            known = at;
            hole->next = holes;
            holes = hole;
            count++;
        }
    }
    return count;
}

/* After this nothing of the interpreter may be touched. */
static void arenas_drop(void) {
    int i;
    for (i = 0; i < arena_noted; i++)
        madvise(arenas[i].at, arenas[i].size, MADV_DONTNEED);
}
#endif
