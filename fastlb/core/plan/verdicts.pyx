"""Verdicts over passwords and groups (verdicts.pxd)."""
# uses: ground/text, ground/hash, io/writer, io/watch, plan/build

import os

cdef struct verdict_place:
    verdict_key key
    long long until_us          # 0: free
    int verdict
    unsigned int found_bytes
    char[FOUND_BYTES] found

cdef enum:
    AUTH_FILES_MAX = 1024       # of one configuration; more: no worker begins
    AUTH_FILE_LOOK_US = 100     # between two looks at one

cdef auth_file *auth_files = NULL
cdef int auth_file_count = 0
cdef int directory_login = -1
cdef int directory_server = -1
cdef dict auth_file_numbers = {}
cdef list auth_file_sources = []
cdef verdict_place *verdict_places = NULL
cdef uint64_t[2] verdict_secret


# Number of a file or directory; the same one has the same number.
cdef int auth_file_add(object source) except -2:
    global auth_files, auth_file_count, verdict_places
    if source in auth_file_numbers:
        return auth_file_numbers[source]
    if auth_file_count == AUTH_FILES_MAX:
        raise ValueError(f"more than {AUTH_FILES_MAX} files of users and groups")
    if auth_files == NULL:
        auth_files = <auth_file *>plan_alloc(sizeof(auth_file) * AUTH_FILES_MAX)
        verdict_places = <verdict_place *>plan_alloc(
            sizeof(verdict_place) * VERDICTS_MAX)
    auth_files[auth_file_count].path = text(NULL, 0)
    if isinstance(source, bytes):
        auth_files[auth_file_count].path = plan_text(source)
    elif hasattr(source, "pages"):      # of dbm
        auth_files[auth_file_count].path = plan_text(os.fsencode(source.pages))
    auth_files[auth_file_count].looked_us = -1
    auth_file_numbers[source] = auth_file_count
    auth_file_sources.append(source)
    auth_file_count += 1
    return auth_file_count - 1


cdef object auth_file_source(int number):
    return auth_file_sources[number]


# A secret of this process, and room for verdicts where there are files.
cdef object verdicts_begin():
    global auth_file_count, directory_login, directory_server
    cdef bytes secret = os.urandom(sizeof(verdict_secret))
    memcpy(&verdict_secret[0], <const char *>secret, sizeof(verdict_secret))
    auth_file_numbers.clear()
    auth_file_sources.clear()
    auth_file_count = 0
    directory_login = directory_server = -1
    if verdict_places != NULL:
        memset(verdict_places, 0, sizeof(verdict_place) * VERDICTS_MAX)


# Files ---------------------------------------------------------------------------

cdef bint same_moment(const timespec *one, const timespec *other) noexcept nogil:
    return one.tv_sec == other.tv_sec and one.tv_nsec == other.tv_nsec


cdef void auth_file_look(auth_file *f) noexcept nogil:
    """Is it still what it was? Whoever replaces or writes it is noticed within
    AUTH_FILE_LOOK_US: a request in front of httpd's own reading is no later."""
    cdef file_status now
    cdef bint is_there
    if watch.now_us - f.looked_us < AUTH_FILE_LOOK_US or f.path.data == NULL:
        return
    f.looked_us = watch.now_us
    memset(&now, 0, sizeof(now))
    is_there = file_status_of(f.path.data, &now) == 0
    if likely(is_there == f.is_there and now.st_ino == f.was.st_ino
              and now.st_dev == f.was.st_dev and now.st_size == f.was.st_size
              and same_moment(&now.st_mtim, &f.was.st_mtim)
              and same_moment(&now.st_ctim, &f.was.st_ctim)):
        return
    f.is_there = is_there
    f.was = now
    f.state += 1


# Verdicts ------------------------------------------------------------------------

cdef void verdict_key_of(auth_question *q) noexcept nogil:
    """The key of a question; its file is looked at.

    What is hashed is read in one way: numbers and lengths come first.
    """
    cdef auth_file *f = &auth_files[q.file]
    cdef uint64_t[4] begin
    cdef char[32 + USER_BYTES_MAX + PASSWORD_BYTES_MAX] text
    cdef writer w
    auth_file_look(f)
    begin[0] = <uint64_t>q.kind << 32 | <unsigned int>q.file
    begin[1] = f.state
    begin[2] = <uint64_t>q.password_bytes << 32 | <unsigned int>q.names_number
    begin[3] = <uint64_t>q.user.length << 32 | q.secret.length
    writer_begin(&w, &text[0], sizeof(text))
    put(&w, <const char *>&begin[0], sizeof(begin))
    put(&w, q.user.data, q.user.length)
    put(&w, q.secret.data, q.secret.length)
    sip_hash(&text[0], writer_held(&w), &verdict_secret[0], &q.key.one)


cdef void verdict_key_of_map(int program, value key, verdict_key *out) noexcept nogil:
    """... of what a program is asked; it holds for one request alone."""
    cdef uint64_t[2] secret
    secret[0] = verdict_secret[0] ^ ASKS_MAP
    secret[1] = verdict_secret[1] ^ <unsigned int>program
    sip_hash(key.data, key.length, &secret[0], &out.one)


# Refusals of passwords are not: whoever guesses would push out what others know.
cdef bint verdict_may_be_kept(const auth_question *q, int verdict) noexcept nogil:
    return verdict == VERDICT_GRANTED or (
        verdict == VERDICT_DENIED and (q.kind == ASKS_GROUP or q.kind == ASKS_TOLD))


cdef verdict_place *verdict_group(const verdict_key *key) noexcept nogil:
    return &verdict_places[key.one % (VERDICTS_MAX // VERDICT_WAYS) * VERDICT_WAYS]


# What is known; found: what was kept beside it, for one step only.
cdef int verdict_kept(const verdict_key *key, value *found) noexcept nogil:
    cdef verdict_place *p = verdict_group(key)
    cdef int i
    for i in range(VERDICT_WAYS):
        if ((p[i].key.one ^ key.one) | (p[i].key.other ^ key.other)) == 0:
            if watch.now_us >= p[i].until_us:
                return VERDICT_UNKNOWN
            found[0] = value(&p[i].found[0], p[i].found_bytes)
            return p[i].verdict
    return VERDICT_UNKNOWN


cdef void verdict_keep(
        const verdict_key *key, int verdict, value found) noexcept nogil:
    """The place of the verdict that ends first is taken."""
    cdef verdict_place *p = verdict_group(key)
    cdef writer w
    cdef int i
    cdef int first = 0
    for i in range(VERDICT_WAYS):
        if p[i].key.one == key.one and p[i].key.other == key.other:
            first = i
            break
        if p[i].until_us < p[first].until_us:
            first = i
    p[first].key = key[0]
    p[first].until_us = watch.now_us + VERDICT_KEPT_US
    p[first].verdict = verdict
    writer_begin(&w, &p[first].found[0], FOUND_BYTES)
    put(&w, found.data, found.length)
    p[first].found_bytes = writer_held(&w)
