"""Nonces and who has used them (nonces.pxd)."""
# uses: shared, ground/chartable, ground/text, ground/number, ground/hash, io/writer

cdef enum:
    SIGNED_WORDS = 4            # number, kind with the realm's length, opaque's hash
    REALM_BYTES_PLAIN = 64      # signed as it is; of a longer one its hash
    WORD_BYTES = 8
    NONCE_WORDS = NONCE_BYTES // WORD_BYTES
    NONCES_KNOWN = 256

# A nonce whose signature was right. It is right for ever: nothing but what stands here
# goes into it.
cdef struct known_nonce:
    uint64_t[NONCE_WORDS] nonce
    uint64_t[2] secret
    uint64_t number
    char[REALM_BYTES_PLAIN] realm
    unsigned int realm_length
    bint serves_once
    bint is_there

# Of one process. Only ours get in, and where they stand the signature says: nobody can
# aim at the place of another one.
cdef known_nonce[NONCES_KNOWN] nonces_known


# Make the part, for so many clients at least, or map it (`kept`: as of shared_make).
# returns 0; FAILED: errno is kept
cdef int nonces_make(
        nonce_view *v, uint64_t clients, const uint64_t *secret,
        int *kept) noexcept nogil:
    v.group_count = (clients + NONCE_WAYS - 1) // NONCE_WAYS
    v.secret[0] = secret[0]
    v.secret[1] = secret[1]
    if shared_make(
            &v.part, sizeof(nonce_heads)
            + v.group_count * NONCE_WAYS * sizeof(nonce_client), WRITES_ALL,
            kept) < 0:
        return FAILED
    v.heads = <nonce_heads *>v.part.writing
    v.clients = <nonce_client *>(v.part.writing + sizeof(nonce_heads))
    return 0


cdef void nonces_end(nonce_view *v) noexcept nogil:
    shared_end(&v.part)


# Clients -------------------------------------------------------------------------

cdef nonce_client *nonce_group(nonce_view *v, uint64_t key) noexcept nogil:
    return &v.clients[(key >> 1) % v.group_count * NONCE_WAYS]


# A key for a new client.
cdef uint64_t nonce_client_new(nonce_view *v, bint serves_once) noexcept nogil:
    cdef uint64_t key = (atomic_add_u64(&v.heads.clients, 1) + 1) << 1 | serves_once
    cdef nonce_client *c = nonce_group(v, key)
    cdef uint64_t seen, used, least, victim
    cdef int i, at
    cdef int _tries
    for _tries in range(NONCE_WAYS):
        at = 0
        least = victim = <uint64_t>-1
        for i in range(NONCE_WAYS):
            seen = atomic_get_u64(&c[i].key)
            used = atomic_get_u64(&c[i].used)
            # Of those that have used nothing the one that waits longest.
            if used < least or (used == least and seen < victim):
                at = i
                least = used
                victim = seen
        if atomic_swap_if_u64(&c[at].key, &victim, key):
            atomic_set_u64(&c[at].used, 0)
            break
    # Without a place it is a client that has lost it: it will get another key.
    return key


cdef nonce_client *nonce_client_at(nonce_view *v, uint64_t key) noexcept nogil:
    cdef nonce_client *c
    cdef int i
    if key < 2:
        return NULL
    c = nonce_group(v, key)
    for i in range(NONCE_WAYS):
        if atomic_get_u64(&c[i].key) == key:
            return &c[i]
    return NULL


cdef bint nonce_client_is_known(
        nonce_view *v, uint64_t key, bint serves_once) noexcept nogil:
    return (key & 1) == <uint64_t>serves_once and nonce_client_at(v, key) != NULL


# The number of a nonce that serves once.
cdef uint64_t nonce_number(nonce_view *v) noexcept nogil:
    return atomic_add_u64(&v.heads.numbers, 1) + 1


# Note that a client has used a nonce. returns NONCE_*
cdef int nonce_use(
        nonce_view *v, uint64_t key, uint64_t number, uint64_t count) noexcept nogil:
    cdef nonce_client *c = nonce_client_at(v, key)
    cdef uint64_t last = (<uint64_t>1 << NONCE_COUNT_BITS) - 1
    cdef uint64_t word, seen
    if c == NULL:
        return NONCE_CLIENT_GONE
    if key & 1:
        count = last
    elif count >= last:
        return NONCE_WORN
    word = number << NONCE_COUNT_BITS | count
    seen = atomic_get_u64(&c.used)
    while word > seen:
        # It only rises, so this ends; and of two that race one is late.
        if atomic_swap_if_u64(&c.used, &seen, word):
            return NONCE_ACCEPTED
    return NONCE_USED


# Signatures ----------------------------------------------------------------------

cdef void nonce_sign(
        const nonce_view *v, uint64_t number, bint serves_once, value opaque,
        text realm, uint64_t *out) noexcept nogil:
    """128 bits over all that it is for; of texts of any length their hashes."""
    cdef uint64_t[SIGNED_WORDS] what
    cdef uint64_t[2] hashed
    cdef char[SIGNED_WORDS * WORD_BYTES + REALM_BYTES_PLAIN] all
    cdef writer w
    what[0] = number
    what[1] = <uint64_t>realm.length << 1 | serves_once
    what[2] = what[3] = 0       # of no opaque at all, as most are
    if opaque.length:
        sip_hash(opaque.data, opaque.length, &v.secret[0], &what[2])
    writer_begin(&w, &all[0], sizeof(all))
    put(&w, <const char *>&what[0], sizeof(what))
    if realm.length <= REALM_BYTES_PLAIN:
        put(&w, realm.data, realm.length)
    else:
        sip_hash(realm.data, realm.length, &v.secret[0], &hashed[0])
        put(&w, <const char *>&hashed[0], sizeof(hashed))
    sip_hash(&all[0], writer_held(&w), &v.secret[0], out)


cdef void word_letters(uint64_t number, char *out) noexcept nogil:
    """Sixteen digits."""
    cdef unsigned char[WORD_BYTES] parts
    cdef int i
    for i in range(WORD_BYTES):
        parts[i] = <unsigned char>(number >> (56 - 8 * i))
    hex_letters(&parts[0], WORD_BYTES, out)


cdef void nonce_letters(
        const nonce_view *v, uint64_t number, bint serves_once, value opaque,
        text realm, char *out) noexcept nogil:
    """NONCE_BYTES."""
    cdef uint64_t[2] signature
    nonce_sign(v, number, serves_once, opaque, realm, &signature[0])
    word_letters(number, out)
    word_letters(signature[0], out + 16)
    word_letters(signature[1], out + 32)


# Write a nonce, NONCE_BYTES. opaque and realm are what it is signed for.
cdef void put_nonce(
        writer *w, const nonce_view *v, uint64_t number, bint serves_once, value opaque,
        text realm) noexcept nogil:
    cdef char[NONCE_BYTES] made
    nonce_letters(v, number, serves_once, opaque, realm, &made[0])
    put(w, &made[0], NONCE_BYTES)


cdef bint hex_read(const char *data, unsigned int length, uint64_t *out) noexcept nogil:
    """Up to sixteen digits, one at least. False: that is no number."""
    cdef unsigned int i
    cdef unsigned char digit
    out[0] = 0
    if not 0 < length <= 16:
        return False
    for i in range(length):
        digit = hex_value[<unsigned char>data[i]]
        if digit > 15:
            return False
        out[0] = out[0] << 4 | digit
    return True


cdef bint nonce_is_known(
        const known_nonce *k, const nonce_view *v, const uint64_t *nonce,
        bint serves_once, text realm) noexcept nogil:
    """Its time tells nothing of how much of the nonce was right."""
    cdef uint64_t wrong = 0
    cdef int i
    for i in range(NONCE_WORDS):
        wrong |= k.nonce[i] ^ nonce[i]
    wrong |= k.secret[0] ^ v.secret[0]
    wrong |= k.secret[1] ^ v.secret[1]
    return (
        wrong == 0 and k.is_there and k.serves_once == serves_once
        and same_text(
            value(&k.realm[0], k.realm_length), value(realm.data, realm.length)))


cdef void nonce_know(
        known_nonce *k, const nonce_view *v, const uint64_t *nonce, bint serves_once,
        text realm, uint64_t number) noexcept nogil:
    cdef writer w
    memcpy(&k.nonce[0], nonce, sizeof(k.nonce))
    memcpy(&k.secret[0], &v.secret[0], sizeof(k.secret))
    writer_begin(&w, &k.realm[0], sizeof(k.realm))
    put(&w, realm.data, realm.length)
    k.realm_length = writer_held(&w)
    k.serves_once = serves_once
    k.number = number
    k.is_there = True


cdef bint nonce_is_signed(
        const nonce_view *v, value nonce, bint serves_once, value opaque, text realm,
        uint64_t *number) noexcept nogil:
    cdef char[NONCE_BYTES] made
    cdef unsigned char wrong = 0
    cdef int i
    if not hex_read(nonce.data, 16, number):
        return False
    nonce_letters(v, number[0], serves_once, opaque, realm, &made[0])
    # Its time tells nothing of how much was right.
    for i in range(NONCE_BYTES):
        wrong |= <unsigned char>(made[i] ^ nonce.data[i])
    return wrong == 0


cdef bint nonce_is_ours(
        const nonce_view *v, value nonce, bint serves_once, value opaque, text realm,
        uint64_t *number) noexcept nogil:
    cdef uint64_t[NONCE_WORDS] words
    cdef known_nonce *k
    cdef int last
    if nonce.length != NONCE_BYTES:
        return False
    if opaque.length or realm.length > REALM_BYTES_PLAIN:
        return nonce_is_signed(v, nonce, serves_once, opaque, realm, number)
    last = hex_pair(nonce.data + NONCE_BYTES - 2)
    if last < 0:
        return False
    memcpy(&words[0], nonce.data, sizeof(words))
    k = &nonces_known[last % NONCES_KNOWN]
    if nonce_is_known(k, v, &words[0], serves_once, realm):
        number[0] = k.number
        return True
    if not nonce_is_signed(v, nonce, serves_once, opaque, realm, number):
        return False
    nonce_know(k, v, &words[0], serves_once, realm, number[0])
    return True
