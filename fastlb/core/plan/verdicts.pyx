"""Verdicts over passwords and groups (verdicts.pxd)."""
# uses: ground/text, io/writer, io/watch, plan/build

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
cdef uint64_t[2] verdict_secret


# Number of a file; the same path has the same number.
cdef int auth_file_add(object path) except -2:
    global auth_files, auth_file_count, verdict_places
    if path in auth_file_numbers:
        return auth_file_numbers[path]
    if auth_file_count == AUTH_FILES_MAX:
        raise ValueError(f"more than {AUTH_FILES_MAX} files of users and groups")
    if auth_files == NULL:
        auth_files = <auth_file *>plan_alloc(sizeof(auth_file) * AUTH_FILES_MAX)
        verdict_places = <verdict_place *>plan_alloc(
            sizeof(verdict_place) * VERDICTS_MAX)
    auth_files[auth_file_count].path = plan_text(path)
    auth_files[auth_file_count].looked_us = -1
    auth_file_numbers[path] = auth_file_count
    auth_file_count += 1
    return auth_file_count - 1


cdef object auth_file_path(int number):
    return auth_files[number].path.data[:auth_files[number].path.length]


# A secret of this process, and room for verdicts where there are files.
cdef object verdicts_begin():
    global auth_file_count
    cdef bytes secret = os.urandom(sizeof(verdict_secret))
    memcpy(&verdict_secret[0], <const char *>secret, sizeof(verdict_secret))
    auth_file_numbers.clear()
    auth_file_count = 0
    if verdict_places != NULL:
        memset(verdict_places, 0, sizeof(verdict_place) * VERDICTS_MAX)


# SipHash-2-4 with 128 bits -------------------------------------------------------

cdef inline uint64_t turned(uint64_t word, int bits) noexcept nogil:
    return word << bits | word >> (64 - bits)


cdef inline void sip_round(uint64_t *v) noexcept nogil:
    v[0] += v[1]
    v[1] = turned(v[1], 13) ^ v[0]
    v[0] = turned(v[0], 32)
    v[2] += v[3]
    v[3] = turned(v[3], 16) ^ v[2]
    v[0] += v[3]
    v[3] = turned(v[3], 21) ^ v[0]
    v[2] += v[1]
    v[1] = turned(v[1], 17) ^ v[2]
    v[2] = turned(v[2], 32)


cdef uint64_t sip_half(uint64_t *v) noexcept nogil:
    cdef int _
    for _ in range(4):
        sip_round(v)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


cdef void sip_hash(
        const char *data, unsigned int size, const uint64_t *secret,
        verdict_key *out) noexcept nogil:
    cdef uint64_t[4] v
    cdef uint64_t word
    cdef unsigned int at = 0
    v[0] = secret[0] ^ <uint64_t>0x736f6d6570736575
    v[1] = secret[1] ^ <uint64_t>0x646f72616e646f6d ^ 0xee
    v[2] = secret[0] ^ <uint64_t>0x6c7967656e657261
    v[3] = secret[1] ^ <uint64_t>0x7465646279746573
    while True:
        word = 0
        if at + 8 > size:
            memcpy(&word, data + at, size - at)
            word |= <uint64_t>(size & 255) << 56
        else:
            memcpy(&word, data + at, 8)
        v[3] ^= word
        sip_round(&v[0])
        sip_round(&v[0])
        v[0] ^= word
        at += 8
        if at > size:
            break
    v[2] ^= 0xee
    out.one = sip_half(&v[0])
    v[1] ^= 0xdd
    out.other = sip_half(&v[0])


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
    begin[2] = <unsigned int>q.names_number
    begin[3] = <uint64_t>q.user.length << 32 | q.secret.length
    writer_begin(&w, &text[0], sizeof(text))
    put(&w, <const char *>&begin[0], sizeof(begin))
    put(&w, q.user.data, q.user.length)
    put(&w, q.secret.data, q.secret.length)
    sip_hash(&text[0], writer_held(&w), &verdict_secret[0], &q.key)


# Is it known to be granted?
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
