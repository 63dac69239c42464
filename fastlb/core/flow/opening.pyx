"""Opening a file, along no link that may not be followed.

Names hold no dot segments (plan/file_names.pyx). Where links may be followed all the
way the kernel looks the name up at once, and so it does where none may: openat2 with
RESOLVE_NO_SYMLINKS. In between, and where the kernel has no openat2, it is one part of
the path after the other, each opened by itself and looked at when it is open, so nobody
exchanges it in between.
"""
# uses: io/writer, plan/plan, plan/facts

cdef bint openat2_is_missing = False
cdef int file_errno = 0         # of the last one that was not opened


cdef int file_refused(int error) noexcept nogil:
    """What an errno of looking something up comes to."""
    if error == ENOENT:
        return FILE_IS_MISSING
    if error == ENOTDIR:
        return FILE_HAS_REST
    return FILE_IS_FORBIDDEN


cdef inline int file_flags(bint reads) noexcept nogil:
    """... to open it for reading, or only to see what it is."""
    return O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY if reads else O_PATH | O_CLOEXEC


cdef int file_look_up(const char *path, int how, bint reads) noexcept nogil:
    """Open it at once. how: RESOLVE_*. returns a descriptor; -1: file_errno; -2: only
    one part after the other will do"""
    global openat2_is_missing, file_errno
    cdef int flags = file_flags(reads)
    cdef int fd
    if likely(not openat2_is_missing):
        fd = openat2(AT_FDCWD, path, flags, how)
        file_errno = errno
        if likely(fd >= 0) or (errno != ENOSYS and errno != EPERM and errno != EAGAIN):
            return fd
        openat2_is_missing = errno != EAGAIN
    if how & RESOLVE_NO_SYMLINKS:
        return -2
    fd = openat(AT_FDCWD, path, flags)
    file_errno = errno
    return fd


cdef int file_open(file_facts *f) noexcept nogil:
    global file_errno
    cdef int rc
    file_errno = 0
    rc = file_reach(f, True)
    if rc == FILE_IS_DIRECTORY:
        close(f.fd)
        f.fd = -1
    if unlikely(rc == FILE_IS_FORBIDDEN and file_errno == EACCES) \
            and file_see(f) == FILE_IS_DIRECTORY:
        return FILE_IS_DIRECTORY    # nobody reads it: files in it may be served
    return rc


cdef int file_see(file_facts *f) noexcept nogil:
    cdef int rc = file_reach(f, False)
    if f.fd >= 0:
        close(f.fd)
        f.fd = -1
    return rc


cdef int file_reach(file_facts *f, bint reads) noexcept nogil:
    """f.fd, for reading or for a look, of a directory, too. returns FILE_*"""
    cdef char[FILE_NAME_BYTES_MAX] path
    cdef unsigned char every = 0xFF, some = 0
    cdef int fd = -2
    cdef int i
    if not copy_terminated(&path[0], sizeof(path), f.name.data, f.end):
        return FILE_IS_FORBIDDEN        # ENAMETOOLONG
    for i in range(f.level_count):
        every &= f.levels[i].options
        some |= f.levels[i].options
    if some & FILES_FOLLOW_OWN:
        pass
    elif every & FILES_FOLLOW:
        fd = file_look_up(&path[0], RESOLVE_NO_MAGICLINKS, reads)
    elif not some & FILES_FOLLOW:
        fd = file_look_up(
            &path[0], RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS, reads)
    if fd == -2:
        fd = file_walk(f, &path[0], reads)
        if fd < -1:
            return fd
    if fd < 0:
        i = file_refused(file_errno)
        if i == FILE_IS_MISSING and lstat_file(
                AT_FDCWD, &path[0], &f.about, AT_SYMLINK_NOFOLLOW) == 0:
            return FILE_IS_FORBIDDEN    # a link to nowhere
        return i
    if fstat_file(fd, &f.about) == 0:
        if likely(S_ISREG(f.about.st_mode)):
            f.fd = fd
            return FILE_IS_OPEN
        if S_ISDIR(f.about.st_mode):
            f.fd = fd
            return FILE_IS_DIRECTORY
    close(fd)
    return FILE_IS_FORBIDDEN


cdef unsigned char file_options_at(
        const file_facts *f, unsigned int at) noexcept nogil:
    """FILES_* of what begins there."""
    cdef int i = f.level_count - 1
    while i > 0 and f.levels[i].at > at:
        i -= 1
    return f.levels[i].options


cdef int file_walk(const file_facts *f, char *path, bint reads) noexcept nogil:
    """One part after the other. returns a descriptor; -1: file_errno;
    FILE_IS_FORBIDDEN"""
    global file_errno
    cdef int flags = O_PATH | O_CLOEXEC
    cdef int at = openat(AT_FDCWD, b"/", flags | O_DIRECTORY)
    cdef int following
    cdef unsigned int i = 1
    cdef unsigned int begin
    cdef bint last
    while at >= 0:
        begin = i
        while i < f.end and path[i] != c'/':
            i += 1
        last = i == f.end
        path[i] = 0
        if begin == i:          # the root, or what is meant ends with a slash
            following = openat(at, b".", file_flags(reads) | O_DIRECTORY)
            file_errno = errno
        else:
            following = file_step(
                at, path + begin, file_options_at(f, begin - 1), last and reads)
        close(at)
        at = following
        if last:
            return at
        path[i] = c'/'
        i += 1
    return at


cdef int file_step(
        int at, const char *part, unsigned char options, bint reads) noexcept nogil:
    """One part of a path. returns a descriptor, to be read if it is the last one and
    that is wished; -1: file_errno; FILE_IS_FORBIDDEN: a link that is not to be
    followed"""
    global file_errno
    cdef file_status link, target, again
    cdef int flags = O_PATH | O_CLOEXEC
    cdef int fd = openat(at, part, flags | O_NOFOLLOW)
    if fd < 0 or fstat_file(fd, &link) != 0:
        file_errno = errno
        if fd >= 0:
            close(fd)
        return -1
    target = link
    if S_ISLNK(link.st_mode):
        close(fd)
        if not options & (FILES_FOLLOW | FILES_FOLLOW_OWN):
            return FILE_IS_FORBIDDEN
        fd = openat(at, part, flags)
        if fd < 0 or fstat_file(fd, &target) != 0 or (
                options & FILES_FOLLOW_OWN and target.st_uid != link.st_uid):
            if fd >= 0:
                close(fd)
            return FILE_IS_FORBIDDEN
    if not reads:
        return fd
    # What is held can be looked at and not read: it is opened once more, and must be
    # the same.
    close(fd)
    fd = openat(
        at, part, file_flags(True) | (0 if S_ISLNK(link.st_mode) else O_NOFOLLOW))
    file_errno = errno
    if fd >= 0 and (
            fstat_file(fd, &again) != 0 or again.st_ino != target.st_ino
            or again.st_dev != target.st_dev):
        close(fd)
        return FILE_IS_FORBIDDEN
    return fd


cdef bint file_is_denied(file_facts *f, const plan_vhost *v) noexcept nogil:
    """Does anything keep it from whoever else opens it: .htaccess, a link that is not
    to be followed?"""
    return file_is_overridden(f, v) or file_see(f) == FILE_IS_FORBIDDEN


cdef bint file_is_overridden(
        const file_facts *f, const plan_vhost *v) noexcept nogil:
    """Lies a .htaccess on the way to it, where AllowOverride lets it say something?"""
    cdef char[FILE_NAME_BYTES_MAX] path
    cdef file_status about
    cdef unsigned char some = 0
    cdef unsigned int at
    cdef int i
    cdef writer w
    for i in range(f.level_count):
        some |= f.levels[i].options
    if likely(not some & FILES_OVERRIDES):
        return False
    for at in range(f.end + 1):
        if (at < f.end and f.name.data[at] != c'/') or not (
                file_options_at(f, at) & FILES_OVERRIDES):
            continue
        for i in range(v.access_name_count):
            writer_begin(&w, &path[0], sizeof(path))
            put(&w, f.name.data, at)
            put_byte(&w, c'/')
            put(&w, v.access_names[i].data, v.access_names[i].length)
            put_byte(&w, 0)
            if w.full or lstat_file(AT_FDCWD, &path[0], &about, 0) == 0 or (
                    errno != ENOENT and errno != ENOTDIR):
                return True
    return False
