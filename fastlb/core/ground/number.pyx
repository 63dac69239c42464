"""Numbers as text (number.pxd)."""
# uses: ground/chartable

cdef const char *HEX_LOWER = b"0123456789abcdef"
cdef const char *HEX_UPPER = b"0123456789ABCDEF"

cdef enum:
    PAIR_LETTERS = 2            # of a byte
    PAIRS_BYTES = 512

cdef char[PAIRS_BYTES] hex_pairs        # of every byte, in lower case


cdef void hex_pairs_begin() noexcept nogil:
    cdef int i
    for i in range(PAIRS_BYTES // PAIR_LETTERS):
        hex_pairs[PAIR_LETTERS * i] = HEX_LOWER[i >> 4]
        hex_pairs[PAIR_LETTERS * i + 1] = HEX_LOWER[i & 15]


hex_pairs_begin()


cdef void hex_letters(
        const unsigned char *data, unsigned int count, char *out) noexcept nogil:
    """Two digits in lower case for each byte; out: room for them."""
    cdef unsigned int i
    for i in range(count):
        memcpy(out + PAIR_LETTERS * i, &hex_pairs[PAIR_LETTERS * data[i]], 2)


cdef long long decimal_of(const char *p, unsigned int length) noexcept nogil:
    """Digits only, below 2**63; -1: it is anything else, or nothing."""
    cdef const char *end = p + length
    cdef long long number = 0
    cdef int digit
    if length == 0:
        return -1
    while p < end:
        if not char_class[<unsigned char>p[0]] & CHAR_DIGIT:
            return -1
        digit = p[0] - c"0"
        if number > (LLONG_MAX - digit) // 10:
            return -1
        number = number * 10 + digit
        p += 1
    return number


cdef int hex_pair(const char *p) noexcept nogil:
    """The value of two hexadecimal digits; -1: they are none."""
    cdef int high = hex_value[<unsigned char>p[0]]
    cdef int low = hex_value[<unsigned char>p[1]]
    return -1 if high == 255 or low == 255 else high << 4 | low


cdef char *decimal_before(char *end, unsigned long long number) noexcept nogil:
    """Write the digits so that they end before `end`, where there is room for
    NUMBER_DIGITS_MAX; returns where they begin."""
    cdef char *p = end
    while True:
        p -= 1
        p[0] = c'0' + <char>(number % 10)
        number //= 10
        if number == 0:
            return p


cdef char *hex_before(char *end, unsigned long long number) noexcept nogil:
    cdef char *p = end
    while True:
        p -= 1
        p[0] = HEX_LOWER[number & 15]
        number >>= 4
        if number == 0:
            return p
