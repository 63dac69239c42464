"""Verdicts over passwords and groups (verdicts.pxd)."""
# uses: ground/text, io/watch, plan/build

import os

cdef struct verdict_place:
    verdict_key key
    long long until_us          # 0: free

cdef enum:
    AUTH_FILES_MAX = 1024       # of one configuration; more: no worker begins

cdef auth_file *auth_files = NULL
cdef int auth_file_count = 0
cdef dict auth_file_numbers = {}
cdef verdict_place *verdict_places = NULL
cdef uint64_t[4] verdict_secret


cdef int auth_file_add(object path) except -2:
    global auth_files, auth_file_count
    if path in auth_file_numbers:
        return auth_file_numbers[path]
    if auth_file_count == AUTH_FILES_MAX:
        raise ValueError(f"more than {AUTH_FILES_MAX} files of users and groups")
    if auth_files == NULL:
        auth_files = <auth_file *>plan_alloc(sizeof(auth_file) * AUTH_FILES_MAX)
    auth_files[auth_file_count].path = plan_text(path)
    auth_files[auth_file_count].looked_us = -1
    auth_file_numbers[path] = auth_file_count
    auth_file_count += 1
    return auth_file_count - 1


cdef object auth_file_path(int number):
    return auth_files[number].path.data[:auth_files[number].path.length]


cdef object verdicts_begin():
    global verdict_places, auth_file_count
    cdef bytes secret = os.urandom(sizeof(verdict_secret))
    memcpy(&verdict_secret[0], <const char *>secret, sizeof(verdict_secret))
    auth_file_numbers.clear()
    auth_file_count = 0
    if verdict_places == NULL:
        verdict_places = <verdict_place *>plan_alloc(
            sizeof(verdict_place) * VERDICTS_MAX)
    memset(verdict_places, 0, sizeof(verdict_place) * VERDICTS_MAX)


# SipHash-2-4 ---------------------------------------------------------------------

cdef struct sip:
    uint64_t a
    uint64_t b
    uint64_t c
    uint64_t d
    uint64_t tail               # bytes that fill no word yet
    unsigned int length


cdef inline uint64_t turned(uint64_t word, int bits) noexcept nogil:
    return word << bits | word >> (64 - bits)


cdef inline void sip_round(sip *s) noexcept nogil:
    s.a += s.b
    s.b = turned(s.b, 13) ^ s.a
    s.a = turned(s.a, 32)
    s.c += s.d
    s.d = turned(s.d, 16) ^ s.c
    s.a += s.d
    s.d = turned(s.d, 21) ^ s.a
    s.c += s.b
    s.b = turned(s.b, 17) ^ s.c
    s.c = turned(s.c, 32)


cdef void sip_begin(sip *s, const uint64_t *key) noexcept nogil:
    s.a = key[0] ^ <uint64_t>0x736f6d6570736575
    s.b = key[1] ^ <uint64_t>0x646f72616e646f6d
    s.c = key[0] ^ <uint64_t>0x6c7967656e657261
    s.d = key[1] ^ <uint64_t>0x7465646279746573
    s.tail = 0
    s.length = 0


cdef inline void sip_word(sip *s, uint64_t word) noexcept nogil:
    s.d ^= word
    sip_round(s)
    sip_round(s)
    s.a ^= word


cdef void sip_put(sip *s, const void *data, unsigned int size) noexcept nogil:
    cdef const unsigned char *p = <const unsigned char *>data
    cdef unsigned int i
    for i in range(size):
        s.tail |= <uint64_t>p[i] << (8 * (s.length & 7))
        s.length += 1
        if s.length & 7 == 0:
            sip_word(s, s.tail)
            s.tail = 0


cdef uint64_t sip_end(sip *s) noexcept nogil:
    cdef int _
    sip_word(s, s.tail | <uint64_t>(s.length & 255) << 56)
    s.c ^= 255
    for _ in range(4):
        sip_round(s)
    return s.a ^ s.b ^ s.c ^ s.d


# Files ---------------------------------------------------------------------------

cdef bint same_moment(const timespec *one, const timespec *other) noexcept nogil:
    return one.tv_sec == other.tv_sec and one.tv_nsec == other.tv_nsec


cdef void auth_file_look(auth_file *f) noexcept nogil:
    """Is it still what it was? Whoever replaces or writes it is noticed at once."""
    cdef file_status now
    cdef bint is_there
    if f.looked_us == watch.now_us:
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
    cdef auth_file *f = &auth_files[q.file]
    cdef sip s
    cdef int i
    cdef uint64_t[2] out
    auth_file_look(f)
    for i in range(2):
        sip_begin(&s, &verdict_secret[2 * i])
        sip_put(&s, &q.kind, sizeof(q.kind))
        sip_put(&s, &q.file, sizeof(q.file))
        sip_put(&s, &q.names_number, sizeof(q.names_number))
        sip_put(&s, &f.state, sizeof(f.state))
        sip_put(&s, &q.user.length, sizeof(q.user.length))
        sip_put(&s, q.user.data, q.user.length)
        sip_put(&s, q.secret.data, q.secret.length)
        out[i] = sip_end(&s)
    q.key.one = out[0]
    q.key.other = out[1]


cdef bint verdict_known(const verdict_key *key) noexcept nogil:
    cdef verdict_place *p
    cdef int i
    p = &verdict_places[key.one % (VERDICTS_MAX // VERDICT_WAYS) * VERDICT_WAYS]
    for i in range(VERDICT_WAYS):
        if ((p[i].key.one ^ key.one) | (p[i].key.other ^ key.other)) == 0:
            return watch.now_us < p[i].until_us
    return False


cdef void verdict_keep(const verdict_key *key) noexcept nogil:
    """The place of the verdict that ends first is taken."""
    cdef verdict_place *p
    cdef int i
    cdef int first = 0
    p = &verdict_places[key.one % (VERDICTS_MAX // VERDICT_WAYS) * VERDICT_WAYS]
    for i in range(VERDICT_WAYS):
        if p[i].key.one == key.one and p[i].key.other == key.other:
            first = i
            break
        if p[i].until_us < p[first].until_us:
            first = i
    p[first].key = key[0]
    p[first].until_us = watch.now_us + VERDICT_KEPT_US
