"""Hashes: FNV-1a for names that nobody chooses to harm, SipHash-2-4 with 128 bits for
what a stranger must not be able to aim at, or to sign."""

cdef unsigned long long hash_of(const char *data, unsigned int length) noexcept nogil:
    """FNV-1a. Whoever can choose the name can choose the hash."""
    cdef unsigned long long hash = 14695981039346656037ULL
    cdef unsigned int i
    for i in range(length):
        hash = (hash ^ <unsigned char>data[i]) * 1099511628211ULL
    return hash


# SipHash ------------------------------------------------------------------------

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
        uint64_t *out) noexcept nogil:
    """secret, out: two words each."""
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
    out[0] = sip_half(&v[0])
    v[1] ^= 0xdd
    out[1] = sip_half(&v[0])
