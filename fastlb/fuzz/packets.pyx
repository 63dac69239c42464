"""Packets of members that do not speak HTTP."""

cdef char[8 * AJP_PACKET_BYTES_MAX] fuzz_text


cdef void fuzz_ajp_head(const char *p, unsigned int length) noexcept nogil:
    """The first packet, where it is the head of an answer: what is made of it is one
    head, and nothing behind it."""
    cdef head_limits limits = fuzz_limits()
    cdef framing body
    cdef writer w
    cdef char *content
    cdef int whole = ajp_packet(p, length, AJP_PACKET_BYTES_MAX)
    cdef int rc
    if whole <= AJP_PACKET_HEAD:
        return
    must(<unsigned int>whole <= length)
    content = exactly(<const uint8_t *>p + AJP_PACKET_HEAD, whole - AJP_PACKET_HEAD)
    writer_begin(&w, fuzz_text, sizeof(fuzz_text))
    rc = ajp_head_text(content, <unsigned int>(whole - AJP_PACKET_HEAD), &w)
    free(content)
    if rc < 0:
        return
    must(not w.full)
    limits.field_count = FIELD_COUNT_MAX
    limits.field_bytes = limits.line_bytes = HEAD_BYTES_MAX
    rc = head_parse_response(fuzz_head, fuzz_text, writer_held(&w), &limits)
    if rc <= 0:
        must(rc != AGAIN)
        return
    must(<unsigned int>rc == writer_held(&w))
    check_spans(fuzz_head, fuzz_text, rc)
    must(head_field(fuzz_head, FIELD_TRANSFER_ENCODING) == NULL)
    if framing_of_response(fuzz_head, fuzz_text, METHOD_GET, &body) == 0:
        must(body.length >= 0)


cdef int fuzz_ajp(const uint8_t *data, size_t size) noexcept nogil:
    """As fuzz_chunked: what follows a head, in one piece and in two; packets as large
    as ProxyIOBufferSize may make them."""
    cdef ajp_decoder whole, parts
    cdef unsigned int payload, consumed, first, first_consumed, second, second_consumed
    cdef unsigned int cut, i
    cdef char *one
    cdef char *two
    cdef char *three
    cdef int rc
    if size == 0:
        return 0
    cut = data[0] if data[0] < size - 1 else <unsigned int>(size - 1)
    one = exactly(data + 1, size - 1)
    fuzz_ajp_head(one, <unsigned int>(size - 1))
    memset(&whole, 0, sizeof(whole))
    whole.packet_max = ((data[0] & 7) + 1) * AJP_PACKET_BYTES
    rc = ajp_decode(&whole, one, <unsigned int>(size - 1), &payload, &consumed)
    must(payload <= consumed and consumed <= size - 1)
    must(rc < 0 or whole.ended or consumed == size - 1)
    memset(&parts, 0, sizeof(parts))
    parts.packet_max = whole.packet_max
    two = exactly(data + 1, cut)
    three = exactly(data + 1 + cut, size - 1 - cut)
    second = second_consumed = 0
    if ajp_decode(&parts, two, cut, &first, &first_consumed) < 0:
        must(rc < 0)
    elif not parts.ended:
        must((ajp_decode(&parts, three, <unsigned int>(size - 1 - cut), &second,
                         &second_consumed) < 0) == (rc < 0))
    must(first + second == payload)
    must(first_consumed + second_consumed == consumed)
    must(parts.ended == whole.ended)
    must(parts.reusable == whole.reusable and parts.asked == whole.asked)
    for i in range(payload):
        must(one[i] == (two[i] if i < first else three[i - first]))
    free(three)
    free(two)
    free(one)
    return 0
