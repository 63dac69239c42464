"""Headers of the PROXY protocol, both ways (preface.pxd).

What is refused is refused with the first byte that shows it. A line is taken as Apache
takes it: words may stand further apart, and what follows the client's port is not
looked at.
"""
# uses: io/writer, ground/address

cdef const char *PREFACE_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"

cdef enum:
    PREFACE_SIGNATURE_BYTES = 12
    PREFACE_HEAD = 16           # of version 2, before the addresses
    PREFACE_FOUR = 12           # two addresses and two ports
    PREFACE_SIX = 36
    PREFACE_TCP4 = 0x11
    PREFACE_TCP6 = 0x21


cdef int preface_refuse(preface *out, unsigned char why) noexcept nogil:
    out.why = why
    return FAILED


cdef int preface_read(
        const char *p, unsigned int length, preface *out) noexcept nogil:
    cdef unsigned int looked
    memset(out, 0, sizeof(preface))
    if length == 0:
        return AGAIN
    if p[0] == PREFACE_SIGNATURE[0]:
        looked = min(length, <unsigned int>PREFACE_SIGNATURE_BYTES)
        if memcmp(p, PREFACE_SIGNATURE, looked) != 0:
            return preface_refuse(out, PREFACE_IS_NONE)
        return AGAIN if length < PREFACE_HEAD else preface_read_bytes(
            <const unsigned char *>p, length, out)
    looked = min(length, <unsigned int>6)
    if memcmp(p, b"PROXY ", looked) != 0:
        return preface_refuse(out, PREFACE_IS_NONE)
    return AGAIN if length < 6 else preface_read_line(p, length, out)


cdef int preface_read_bytes(
        const unsigned char *p, unsigned int length, preface *out) noexcept nogil:
    """Version 2, of which at least PREFACE_HEAD bytes are there."""
    cdef unsigned int size = p[14] << 8 | p[15]
    cdef unsigned int needed
    cdef const unsigned char *ports
    if p[12] & 0xF0 != 0x20:
        return preface_refuse(out, PREFACE_IS_NONE)
    out.length = PREFACE_HEAD + size
    if out.length > PREFACE_BYTES_MAX:
        return preface_refuse(out, PREFACE_BYTES)
    out.number = p[12]
    if p[12] & 0x0F > 1:
        return preface_refuse(out, PREFACE_COMMAND)
    out.has_client = p[12] & 0x0F == 1
    if out.has_client:
        out.number = p[13]
        if p[13] != PREFACE_TCP4 and p[13] != PREFACE_TCP6:
            return preface_refuse(out, PREFACE_PROTOCOL)
        needed = PREFACE_FOUR if p[13] == PREFACE_TCP4 else PREFACE_SIX
        if size < needed:
            return preface_refuse(out, PREFACE_IS_NONE)
    if length < out.length:
        return AGAIN
    if not out.has_client:
        return PREFACE_WHOLE
    p += PREFACE_HEAD
    if needed == PREFACE_FOUR:
        out.address[10] = 255
        out.address[11] = 255
        memcpy(&out.address[12], p, 4)
        ports = p + 8
    else:
        memcpy(&out.address[0], p, 16)
        ports = p + 32
    out.port = <unsigned short>(ports[0] << 8 | ports[1])
    return PREFACE_WHOLE


cdef bint preface_word(
        const char **at, const char *end, const char *name,
        preface *out) noexcept nogil:
    """The next word of a line. False: there is none, and out says which is missing."""
    while at[0] < end and at[0][0] == c' ':
        at[0] += 1
    out.word = at[0]
    while at[0] < end and at[0][0] != c' ':
        at[0] += 1
    out.word_length = <unsigned int>(at[0] - out.word)
    if out.word_length:
        return True
    out.word = name
    out.word_length = <unsigned int>strlen(name)
    out.why = PREFACE_LACKS
    return False


cdef bint preface_word_is(preface *out, const char *word) noexcept nogil:
    return out.word_length == strlen(word) and memcmp(
        out.word, word, out.word_length) == 0


cdef int preface_read_line(
        const char *p, unsigned int length, preface *out) noexcept nogil:
    cdef unsigned int looked = min(length, <unsigned int>PREFACE_LINE_BYTES_MAX)
    cdef const char *end = <const char *>memchr(p, c'\r', looked)
    cdef const char *at = p + 6
    cdef bint four
    if end == NULL or end + 1 == p + looked:
        if looked == PREFACE_LINE_BYTES_MAX:
            return preface_refuse(out, PREFACE_TOO_LONG)
        return AGAIN
    if end[1] != c'\n':
        return preface_refuse(out, PREFACE_TOO_LONG)
    out.line_length = <unsigned int>(end - p)
    out.length = out.line_length + 2
    if not preface_word(&at, end, b"family", out):
        return FAILED
    if preface_word_is(out, b"UNKNOWN"):
        return PREFACE_WHOLE
    four = preface_word_is(out, b"TCP4")
    if not four and not preface_word_is(out, b"TCP6"):
        return preface_refuse(out, PREFACE_FAMILY)
    if not preface_word(&at, end, b"client-address", out):
        return FAILED
    if not address_read(out.word, out.word_length, &out.address[0]) \
            or four != (memchr(out.word, c':', out.word_length) == NULL):
        return preface_refuse(out, PREFACE_ADDRESS)
    if not preface_word(&at, end, b"destination-address", out) \
            or not preface_word(&at, end, b"client-port", out):
        return FAILED
    if not preface_port(out):
        return preface_refuse(out, PREFACE_PORT)
    out.has_client = True
    return PREFACE_WHOLE


cdef bint preface_port(preface *out) noexcept nogil:
    cdef unsigned int i
    cdef unsigned int number = 0
    for i in range(out.word_length):
        if not c'0' <= out.word[i] <= c'9':
            return False
        number = 10 * number + <unsigned int>(out.word[i] - c'0')
        if number > 0xFFFF:
            return False
    out.port = <unsigned short>number
    return True


cdef void put_two_bytes(writer *w, unsigned int number) noexcept nogil:
    put_byte(w, <char>(number >> 8))
    put_byte(w, <char>(number & 255))


cdef void put_preface_address(
        writer *w, const unsigned char *address, bint four) noexcept nogil:
    cdef char[ADDRESS_TEXT_BYTES] text
    if four or not address_is_four(address):
        put(w, &text[0], address_text(address, &text[0]))
        return
    # Beside one of the other family, and without the dots that some do not read there.
    put(w, b"::ffff:", 7)
    put_hex(w, address[12] << 8 | address[13])
    put_byte(w, c':')
    put_hex(w, address[14] << 8 | address[15])


cdef unsigned int preface_write(
        char *out, int version, const unsigned char *client, unsigned short client_port,
        const unsigned char *here, unsigned short port) noexcept nogil:
    cdef writer w
    cdef bint four = address_is_four(client) and address_is_four(here)
    cdef unsigned int skipped = 12 if four else 0
    writer_begin(&w, out, PREFACE_LINE_BYTES_MAX)
    if version == 1:
        put(&w, b"PROXY TCP4 " if four else b"PROXY TCP6 ", 11)
        put_preface_address(&w, client, four)
        put_byte(&w, c' ')
        put_preface_address(&w, here, four)
        put_byte(&w, c' ')
        put_number(&w, client_port)
        put_byte(&w, c' ')
        put_number(&w, port)
        put(&w, b"\r\n", 2)
    else:
        put(&w, PREFACE_SIGNATURE, PREFACE_SIGNATURE_BYTES)
        put_byte(&w, 0x21)
        put_byte(&w, PREFACE_TCP4 if four else PREFACE_TCP6)
        put_two_bytes(&w, PREFACE_FOUR if four else PREFACE_SIX)
        put(&w, client + skipped, ADDRESS_BYTES - skipped)
        put(&w, here + skipped, ADDRESS_BYTES - skipped)
        put_two_bytes(&w, client_port)
        put_two_bytes(&w, port)
    return writer_held(&w)
