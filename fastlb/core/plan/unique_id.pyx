"""UNIQUE_ID: what no other request is called (mod_unique_id).

    second of receipt (4 bytes) | the worker's own random bytes (10) | count (6)

in base 64 with "-" and "_" for its last letters: 27 of them, as httpd writes them. The
random bytes tell workers apart, and generations; within a worker the count does, which
begins anywhere. Only a request of a configuration that names the variable has one.
"""
# uses: ground/text, io/writer, ground/arena, io/date, plan/client, plan/facts

cdef extern from *:
    """
    static const char UNIQUE_LETTERS[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    """
    const char *UNIQUE_LETTERS

cdef unsigned char[UNIQUE_ROOT_BYTES] unique_root
cdef uint64_t unique_count = 0      # 48 bits of it are written


cdef object unique_begin(bytes random):
    """random: UNIQUE_ROOT_BYTES + 2 bytes, this worker's alone"""
    global unique_count
    cdef int i
    for i in range(UNIQUE_ROOT_BYTES):
        unique_root[i] = random[i]
    # As httpd's: the low two bytes begin anywhere and count in front of the others.
    unique_count = int.from_bytes(random[UNIQUE_ROOT_BYTES:], "big")


# What the error log calls a connection (%{c}L): another word for each of this worker,
# and hardly one of another's.
cdef void put_connection_id(writer *w, const client_facts *client) noexcept nogil:
    cdef unsigned char[CONNECTION_ID_BYTES + 1] raw
    cdef uint64_t word
    memcpy(&word, &unique_root[0], sizeof(word))
    # By an odd number none is hit twice.
    word += client.number * <uint64_t>0x9E3779B97F4A7C15
    memcpy(&raw[0], &word, sizeof(word))
    raw[CONNECTION_ID_BYTES] = 0
    put_unique_letters(w, &raw[0], CONNECTION_ID_LETTERS)


cdef void put_unique_letters(
        writer *w, const unsigned char *raw, int count) noexcept nogil:
    """raw: a zero behind its last byte"""
    cdef unsigned int bits
    cdef int i
    for i in range(count):
        bits = raw[6 * i // 8] << 8 | raw[6 * i // 8 + 1]
        put_byte(w, UNIQUE_LETTERS[bits >> (10 - 6 * i % 8) & 63])


cdef value unique_id_make(request_facts *r) noexcept nogil:
    global unique_count
    cdef unsigned char[UNIQUE_BYTES + 1] raw
    cdef writer w
    cdef long long second = (r.started_us + wall_offset_us) // 1000000
    cdef int i
    for i in range(4):
        raw[i] = <unsigned char>(second >> (24 - 8 * i))
    for i in range(UNIQUE_ROOT_BYTES):
        raw[4 + i] = unique_root[i]
    raw[14] = <unsigned char>(unique_count >> 8)
    raw[15] = <unsigned char>unique_count
    for i in range(4):
        raw[16 + i] = <unsigned char>(unique_count >> (40 - 8 * i))
    raw[UNIQUE_BYTES] = 0
    unique_count += 1
    arena_write(&r.arena, &w)
    put_unique_letters(&w, &raw[0], UNIQUE_LETTERS_COUNT)
    return arena_written(&r.arena, &w)
