"""The names of a directory for its listing: which are there, and which may be seen.

As httpd, which asks for each name what a request for it would be answered with: one
that is denied, or that a rule forbids, is not shown, nor is a link that Options let
nobody follow. What that question changes of the request is put back
(listing_restore).
"""
# uses: ground/chartable, ground/text, io/writer, ground/path, ground/arena, io/watch,
#       plan/listing_plan, plan/plan, plan/entity, plan/listing, plan/facts,
#       plan/mime, plan/decide, flow/opening, flow/file_send, flow/listing_said

cdef enum:
    BATCH_BYTES = 16384         # of names, from the kernel at once
    NAMES_ROOM = 64             # to begin with
    ENTRY_TYPE_AT = 18          # struct linux_dirent64
    ENTRY_NAME_AT = 19


# What names change of a request: all before its arena, its sections and variables.

cdef size_t listing_kept_head(const request_facts *r) noexcept nogil:
    return <size_t>(<const char *>&r.arena - <const char *>r)


cdef void listing_keep(listing *ls, const request_facts *r) noexcept nogil:
    cdef size_t head = listing_kept_head(r)
    cdef size_t confs = sizeof(void *) * CONFS_MAX
    memcpy(ls.kept, r, head)
    memcpy(ls.kept + head, &r.confs[0], sizeof(void *) * r.conf_count)
    memcpy(ls.kept + head + confs, &r.env[0], sizeof(value) * plan.env_count)


cdef void listing_restore(const listing *ls, request_facts *r) noexcept nogil:
    cdef size_t head = listing_kept_head(r)
    cdef size_t confs = sizeof(void *) * CONFS_MAX
    memcpy(r, ls.kept, head)
    memcpy(&r.confs[0], ls.kept + head, sizeof(void *) * r.conf_count)
    memcpy(&r.env[0], ls.kept + head + confs, sizeof(value) * plan.env_count)


cdef int listing_decide(request_facts *r, value path, decision *d) noexcept nogil:
    """What would become of a request for it: between listing_keep and
    listing_restore."""
    r.regex_us = 0
    # What joined those of the request would hang on them when its memory is given back.
    r.cookies = NULL
    return request_decide_within(r, path, d)


# One name ------------------------------------------------------------------------

cdef bint listing_stat(
        const listing *ls, const char *name, file_status *about) noexcept nogil:
    """What lies there, behind a link that may be followed. False: nothing to show"""
    cdef file_status link
    cdef unsigned char options = ls.folder_options
    if lstat_file(ls.directory, name, about, AT_SYMLINK_NOFOLLOW) != 0:
        return False
    if S_ISLNK(about.st_mode):
        link = about[0]
        if not options & (FILES_FOLLOW | FILES_FOLLOW_OWN) \
                or lstat_file(ls.directory, name, about, 0) != 0 \
                or (options & FILES_FOLLOW_OWN and about.st_uid != link.st_uid):
            return False
    return S_ISREG(about.st_mode) or S_ISDIR(about.st_mode)


cdef bint listing_admits(
        listing *ls, request_facts *r, value path, value whole) noexcept nogil:
    """Would a request for it be let in, as far as is known now, and lead there? A
    directory's paths end with a slash."""
    cdef decision d
    cdef int what = listing_decide(r, path, &d)
    if what == DECIDED_ERROR:
        return ls.options & LISTING_SHOWS_FORBIDDEN != 0 and (
            d.status == 401 or d.status == 403)
    if what == DECIDED_WAIT or r.file == NULL or not same_text(r.file.name, whole):
        return False
    # That of the directory which is listed has been looked for.
    return byte_before(whole.data, whole.length) != c'/' \
        or not file_is_overridden(r.file, r.vhost)


cdef bint listing_looks(listing *ls, const char *name, value whole) noexcept nogil:
    """Do pattern and IndexIgnore let it be looked at?"""
    cdef value last = value(name, <unsigned int>strlen(name))
    if last.length == 0 or last.length > LISTING_NAME_BYTES_MAX or (
            name[0] == c'.' and (
                last.length == 1 or (last.length == 2 and name[1] == c'.'))):
        return False
    if ls.pattern.length > LISTING_PATTERN_BYTES_MAX:
        return False
    if ls.pattern.length and (
            (name[0] == c'.' and ls.pattern.data[0] != c'.') or not glob_match(
                ls.pattern.data, ls.pattern.length, last.data, last.length, False,
                False)):
        return False
    return not listing_ignores(ls, whole, last)


cdef listed_name *listing_more(listing *ls, request_facts *r) noexcept nogil:
    """Room for one more. NULL: there is no memory"""
    cdef listed_name **larger
    cdef int room
    if ls.count == ls.room:
        room = 2 * ls.room if ls.room else NAMES_ROOM
        larger = <listed_name **>arena_take_struct(
            &r.arena, <unsigned int>(room * sizeof(void *)))
        if larger == NULL:
            return NULL
        if ls.count:
            memcpy(larger, ls.names, ls.count * sizeof(void *))
        ls.names = larger
        ls.room = room
    return <listed_name *>arena_take_struct(&r.arena, sizeof(listed_name))


cdef void listing_name(listing *ls, const char *name) noexcept nogil:
    """Behind its directory's paths, with a slash behind it, if there is room."""
    cdef unsigned int length = <unsigned int>strlen(name)
    if length > LISTING_NAME_BYTES_MAX:
        return
    memcpy(ls.folder + ls.folder_length, name, length)
    memcpy(ls.path + ls.path_length, name, length)
    ls.folder[ls.folder_length + length] = c'/'
    ls.path[ls.path_length + length] = c'/'


cdef int listing_take(listing *ls, request_facts *r, const char *name) noexcept nogil:
    """Look at one name. returns 0, or FAILED: there is no memory"""
    cdef file_status about
    cdef value whole = value(
        ls.folder, ls.folder_length + <unsigned int>strlen(name))
    listing_name(ls, name)
    if not listing_looks(ls, name, whole) or not listing_stat(ls, name, &about):
        return 0
    return listing_add(ls, r, name, &about)


cdef bint listing_see(
        listing *ls, request_facts *r, value name, const file_status *about,
        listed_name *shown) noexcept nogil:
    """What is shown of a name. False: nothing. Between listing_keep and
    listing_restore"""
    cdef bint is_directory = S_ISDIR(about.st_mode)
    cdef unsigned int length = name.length + is_directory
    cdef value whole = value(ls.folder, ls.folder_length + name.length)
    cdef mime_found found
    memset(shown, 0, sizeof(listed_name))
    shown.size = shown.modified_us = -1
    if not listing_admits(
            ls, r, value(ls.path, ls.path_length + length),
            value(ls.folder, ls.folder_length + length)):
        return False
    if not ls.options & (LISTING_FANCY | LISTING_TABLE):
        return True
    memset(&found, 0, sizeof(found))
    if not is_directory:
        mime_of(r, name.data, name.length, &found)
        shown.size = about.st_size
    shown.modified_us = (
        about.st_mtim.tv_sec * 1000000 + about.st_mtim.tv_nsec // 1000)
    shown.comes_first = is_directory and ls.options & LISTING_FOLDERS_FIRST != 0
    listing_adorn(ls, shown, whole, name, is_directory, &found)
    return True


cdef int listing_add(
        listing *ls, request_facts *r, const char *name,
        const file_status *about) noexcept nogil:
    """A name that is there, if a request for it would be let in. returns as
    listing_take"""
    cdef value whole = value(name, <unsigned int>strlen(name))
    cdef arena_place place = arena_here(&r.arena)
    cdef listed_name shown
    cdef listed_name *n
    cdef bint is_shown = listing_see(ls, r, whole, about, &shown)
    cdef writer w
    ls.regex_us += r.regex_us
    listing_restore(ls, r)
    arena_back(&r.arena, place)
    if unlikely(r.arena.starved):
        return FAILED
    if not is_shown:
        return 0
    n = listing_more(ls, r)
    if n == NULL:
        return FAILED
    n[0] = shown
    arena_write(&r.arena, &w)
    put(&w, name, whole.length)
    if S_ISDIR(about.st_mode):
        put_byte(&w, c'/')
    n.name = arena_written(&r.arena, &w)
    if n.name.data == NULL:
        return FAILED
    ls.names[ls.count] = n
    ls.count += 1
    listing_holds(
        ls, <long long>(sizeof(listed_name) + sizeof(void *)) + n.name.length)
    return 0


# All of them ---------------------------------------------------------------------

cdef int listing_read(
        listing *ls, request_facts *r, long long until) noexcept nogil:
    """Go on. returns 0: all of it is read; AGAIN: it is others' turn; a status,
    negated"""
    cdef char *entry
    cdef ssize_t n
    cdef unsigned short size
    listing_keep(ls, r)
    while True:
        while ls.batch_at < ls.batch_end:
            if ls.count == LISTING_NAMES_MAX or ls.looked_at == LISTING_LOOKS_MAX \
                    or ls.regex_us > LISTING_REGEX_US_MAX:
                ls.is_cut = True
                return 0
            entry = ls.batch + ls.batch_at
            memcpy(&size, entry + ENTRY_TYPE_AT - sizeof(size), sizeof(size))
            ls.batch_at += size
            ls.looked_at += 1
            if listing_take(ls, r, entry + ENTRY_NAME_AT) < 0:
                return -500
            if clock_us() >= until:     # a name may take as long as a request
                return AGAIN
        n = getdents64(ls.directory, ls.batch, BATCH_BYTES)
        if n <= 0:
            # One that has gone meanwhile is empty.
            ls.is_cut = n < 0 and errno != ENOENT
            return 0
        ls.batch_at = 0
        ls.batch_end = <unsigned int>n
