"""Shared memory with a known writer (shared.pxd)."""

cdef extern from *:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <errno.h>
    #include <fcntl.h>
    #include <stdio.h>
    #include <sys/mman.h>
    #include <unistd.h>
    #ifndef F_SEAL_FUTURE_WRITE
    #define F_SEAL_FUTURE_WRITE 0x0010
    #endif
    enum {
        SHARED_FLAGS = MFD_CLOEXEC | MFD_ALLOW_SEALING,
        SHARED_READ = PROT_READ,
        SHARED_WRITE = PROT_READ | PROT_WRITE,
        SHARED_ADD_SEALS = F_ADD_SEALS,
        SHARED_GET_SEALS = F_GET_SEALS,
        SHARED_SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL,
        SHARED_SEALS_OF_READERS = SHARED_SEALS | F_SEAL_FUTURE_WRITE,
        SHARED_NO_PART = EINVAL,
    };
    #define SHARED_UNMAPPED ((char *)MAP_FAILED)
    #define SHARED_FAIL(why) (errno = (why))
    /* The same memory by a descriptor that cannot write; -1. */
    static int shared_reader(int fd) {
        char path[sizeof "/proc/self/fd/" + 3 * sizeof fd];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        return open(path, O_RDONLY | O_CLOEXEC);
    }
    """
    int SHARED_FLAGS, SHARED_READ, SHARED_WRITE, SHARED_NO_PART
    int SHARED_ADD_SEALS, SHARED_GET_SEALS, SHARED_SEALS, SHARED_SEALS_OF_READERS
    int SHARED_MAP "MAP_SHARED"
    char *SHARED_UNMAPPED
    void shared_errno "SHARED_FAIL"(int why) nogil
    int shared_memfd "memfd_create"(const char *name, unsigned int flags) nogil
    int shared_truncate "ftruncate"(int fd, long size) nogil
    void *shared_mmap "mmap"(
        void *address, size_t size, int protection, int flags, int fd,
        long offset) nogil
    int shared_munmap "munmap"(void *address, size_t size) nogil
    long shared_seek "lseek"(int fd, long offset, int whence) nogil
    int SHARED_END "SEEK_END"
    int shared_reader(int fd) nogil

cdef shared_part *shared_parts


# An empty descriptor gets its size, for ever. One that was handed on must have it.
cdef int shared_size(int fd, size_t size, bint is_new) noexcept nogil:
    if is_new:
        return 0 if shared_truncate(fd, <long>size) == 0 else FAILED
    if (shared_seek(fd, 0, SHARED_END) != <long>size
            or (fcntl(fd, SHARED_GET_SEALS, 0) & SHARED_SEALS) != SHARED_SEALS):
        shared_errno(SHARED_NO_PART)
        return FAILED
    return 0


# What was handed on has its seals.
cdef int shared_seal(int fd, int seals, bint is_new) noexcept nogil:
    return 0 if not is_new or fcntl(fd, SHARED_ADD_SEALS, seals) == 0 else FAILED


# fd stays the caller's. returns 0, 1: nobody can map it to write any more; FAILED
cdef int shared_map(shared_part *p, int fd, bint is_new) noexcept nogil:
    cdef int reader
    if shared_size(fd, p.size, is_new) < 0:
        return FAILED
    p.writing = <char *>shared_mmap(NULL, p.size, SHARED_WRITE, SHARED_MAP, fd, 0)
    if p.writing == SHARED_UNMAPPED:
        p.writing = NULL
        return FAILED
    if p.writers == WRITES_ALL:
        p.reading = p.writing
        return shared_seal(fd, SHARED_SEALS, is_new)
    reader = shared_reader(fd)
    if shared_seal(
            fd, SHARED_SEALS if reader >= 0 else SHARED_SEALS_OF_READERS, is_new) < 0:
        if reader >= 0:
            close(reader)
        return FAILED
    # made of a reader, or after the seal, so that it can never be made writable
    p.reading = <char *>shared_mmap(
        NULL, p.size, SHARED_READ, SHARED_MAP, reader if reader >= 0 else fd, 0)
    if reader >= 0:
        close(reader)
    if p.reading == SHARED_UNMAPPED:
        p.reading = NULL
        return FAILED
    return reader < 0


# Map that many bytes: of zeros, or what was handed on.
# kept          NULL; or in: a descriptor to map, -1: make one; out: the descriptor, the
#               caller's; -1: nobody can map it again
# returns       0; FAILED: errno is kept beside it, and so is a descriptor that came in
cdef int shared_make(
        shared_part *p, size_t size, int writers, int *kept) noexcept nogil:
    cdef bint is_new = kept == NULL or kept[0] < 0
    cdef int fd, got, why
    p.reading = p.writing = NULL
    p.size = size
    p.writers = writers
    p.following = NULL
    fd = shared_memfd(b"fastlb", SHARED_FLAGS) if is_new else kept[0]
    if fd < 0:
        return FAILED
    got = shared_map(p, fd, is_new)
    why = errno
    if got == 0 and kept != NULL:
        kept[0] = fd
    elif is_new:
        close(fd)
    if got < 0:
        shared_unmap(p)
        shared_errno(why)
        return FAILED
    shared_link(p)
    return 0


cdef void shared_unmap(shared_part *p) noexcept nogil:
    if p.writing != NULL:
        shared_munmap(p.writing, p.size)
    if p.reading != NULL and p.reading != p.writing:
        shared_munmap(p.reading, p.size)
    p.reading = p.writing = NULL


cdef void shared_link(shared_part *p) noexcept nogil:
    global shared_parts
    p.following = shared_parts
    shared_parts = p


cdef void shared_end(shared_part *p) noexcept nogil:
    cdef shared_part **at = &shared_parts
    while at[0] != NULL and at[0] != p:
        at = &at[0].following
    if at[0] == p:
        at[0] = p.following
    shared_unmap(p)


cdef void shared_become(int kind) noexcept nogil:
    """From here on this process writes only what `kind` of process may: WRITES_ALL is a
    worker, WRITES_MONITOR the monitor."""
    cdef shared_part *p = shared_parts
    while p != NULL:
        if p.writers > kind and p.writing != NULL:
            shared_munmap(p.writing, p.size)
            p.writing = NULL
        p = p.following
