"""Parsers under the fuzzer: whatever comes in, spans stay within it."""

from libc.stdint cimport uint8_t
from libc.stdlib cimport abort, calloc

cdef head *fuzz_head = <head *>calloc(1, sizeof(head))


cdef void must(bint holds) noexcept nogil:
    if not holds:
        abort()


# Results of a parser that are not looked at any further.
cdef void whatever(int code) noexcept nogil:
    pass


cdef head_limits fuzz_limits() noexcept nogil:
    cdef head_limits limits
    memset(&limits, 0, sizeof(limits))
    limits.line_bytes = 8190
    limits.field_bytes = 8190
    limits.field_count = 100
    limits.strict = True
    limits.allow_http09 = True
    return limits


cdef char *exactly(const uint8_t *data, size_t size) noexcept nogil:
    """A copy that ends where its block ends."""
    cdef char *copy = <char *>malloc(size)
    if size:
        memcpy(copy, data, size)
    return copy


cdef void check_spans(head *h, const char *data, int length) noexcept nogil:
    cdef unsigned int i
    cdef field *f
    must(<unsigned int>length == h.length)
    must(h.fields_at <= h.length)
    for i in range(h.field_count):
        f = &h.fields[i]
        must(f.name_length > 0)
        must(f.name >= h.fields_at)
        must(f.name + f.name_length < f.value + f.value_length + 1)
        must(f.value + f.value_length <= h.length)
        must(memchr(data + f.value, c'\n', f.value_length) == NULL)
        must(memchr(data + f.value, c'\r', f.value_length) == NULL)
        must(memchr(data + f.value, 0, f.value_length) == NULL)


cdef int fuzz_request_head(const uint8_t *data, size_t size) noexcept nogil:
    cdef head_limits limits = fuzz_limits()
    cdef char *p = exactly(data, size)
    cdef unsigned int length = <unsigned int>size
    cdef unsigned int scanned = 0
    cdef framing body
    cdef hop_facts hop
    cdef span host, path
    cdef int end, rc
    if size:
        # In two pieces as in one.
        end = head_find_end(p, length, &scanned)
        scanned = 0
        if head_find_end(p, length // 2, &scanned) == AGAIN:
            must(head_find_end(p, length, &scanned) == end)
    rc = head_parse_request(fuzz_head, p, length, &limits)
    if rc > 0:
        must(rc == end)
        check_spans(fuzz_head, p, rc)
        if head_check_host(fuzz_head, p, limits.strict, &host, &path) == 0:
            must(host.offset + host.length <= length)
            must(path.offset + path.length <= length)
        limits.compat_apache = length & 1
        if framing_of_request(fuzz_head, p, &limits, &body) == 0:
            must(body.length >= 0)
        head_drop_hop_by_hop(fuzz_head, p, &hop)
    free(p)
    return 0


cdef void fuzz_kept(const char *p) noexcept nogil:
    """What the head says of how long its connection is kept."""
    cdef kept_time kept
    cdef field *f = head_field(fuzz_head, FIELD_KEEP_ALIVE)
    memset(&kept, 0, sizeof(kept))
    if f != NULL:
        kept_hear(&kept, p + f.value, f.value_length)
    must(0 <= kept.said_us <= <long long>KEPT_SAID_S_MAX * 1000000)
    must(kept_for_us(&kept) > 0)


cdef int fuzz_response_head(const uint8_t *data, size_t size) noexcept nogil:
    cdef head_limits limits = fuzz_limits()
    cdef framing body
    cdef hop_facts hop
    cdef char *p
    cdef int rc
    if size == 0:
        return 0
    limits.ignore_bad_fields = data[0] & 1
    p = exactly(data + 1, size - 1)
    rc = head_parse_response(fuzz_head, p, <unsigned int>(size - 1), &limits)
    if rc > 0:
        check_spans(fuzz_head, p, rc)
        must(100 <= fuzz_head.status <= 999)
        if framing_of_response(fuzz_head, p, data[0] >> 1 & 15, &body) == 0:
            must(body.length >= 0)
        head_drop_hop_by_hop(fuzz_head, p, &hop)
        fuzz_kept(p)
    free(p)
    return 0


cdef int fuzz_chunked(const uint8_t *data, size_t size) noexcept nogil:
    """The first byte says where the rest is cut: the result is the same."""
    cdef chunk_decoder whole, parts
    cdef unsigned int payload, consumed, first, first_consumed, second, second_consumed
    cdef unsigned int cut
    cdef char *one
    cdef char *two
    cdef int rc
    if size == 0:
        return 0
    cut = data[0] if data[0] < size - 1 else <unsigned int>(size - 1)
    one = exactly(data + 1, size - 1)
    chunk_begin(&whole)
    rc = chunk_decode(&whole, one, <unsigned int>(size - 1), &payload, &consumed)
    must(payload <= consumed and consumed <= size - 1)
    chunk_begin(&parts)
    two = exactly(data + 1, cut)
    second = second_consumed = 0
    if chunk_decode(&parts, two, cut, &first, &first_consumed) == 0:
        free(two)
        two = exactly(data + 1 + cut, size - 1 - cut)
        if not parts.done:
            must((chunk_decode(&parts, two, <unsigned int>(size - 1 - cut), &second,
                               &second_consumed) == 0) == (rc == 0))
    else:
        must(rc != 0)
    must(first + second == payload)
    must(first_consumed + second_consumed == consumed)
    must(parts.done == whole.done)
    must(whole.trailer_part <= consumed)
    if whole.done:
        fuzz_trailers(one + (consumed - whole.trailer_part), whole.trailer_part)
    free(two)
    free(one)
    return 0


cdef void fuzz_trailers(const char *lines, unsigned int length) noexcept nogil:
    """A section that the decoder has passed: each line is a field, up to the last, and
    nothing that may travel frames a message."""
    cdef const char *end
    cdef trailer t
    cdef unsigned int i
    if length == 0:
        return
    must(length >= 2)
    end = lines + length - 2
    while next_trailer(&lines, end, &t):
        must(t.name_length > 0)
        must(t.content + t.content_length <= end)
        for i in range(t.name_length):
            must(char_class[<unsigned char>t.name[i]] & CHAR_TOKEN)
        for i in range(t.content_length):
            must(char_class[<unsigned char>t.content[i]] & CHAR_VALUE)
        if trailer_may_travel(t.name, t.name_length):
            must(not (t.name_length == 14
                      and bytes_equal_nocase(t.name, b"content-length", 14)))
            must(not (t.name_length == 17
                      and bytes_equal_nocase(t.name, b"transfer-encoding", 17)))
    must(lines == end)


cdef int fuzz_host(const uint8_t *data, size_t size) noexcept nogil:
    cdef unsigned int name_length = 0
    cdef bint has_port = False
    cdef char *p
    if size < 2:
        return 0
    p = exactly(data + 1, size - 1)
    if authority_check(
            p, <unsigned int>(size - 1), data[0] & 1, &name_length, &has_port) == 0:
        must(0 < name_length <= size - 1)
    free(p)
    return 0


cdef int fuzz_fields(const uint8_t *data, size_t size) noexcept nogil:
    """Comma lists and numbers."""
    cdef char *p = exactly(data, size)
    cdef const char *at = p
    cdef const char *begin
    cdef unsigned int length
    value_has_token(p, <unsigned int>size, b"chunked", 7)
    while next_list_member(&at, p + size, &begin, &length):
        must(begin >= p and begin + length <= p + size)
    must(decimal_of(p, <unsigned int>size) >= -1)
    free(p)
    return 0


cdef int fuzz_client_hello(const uint8_t *data, size_t size) noexcept nogil:
    cdef client_hello hello
    cdef char *p
    if size == 0 or size > HELLO_BYTES_MAX:
        return 0
    p = exactly(data, size)
    if hello_judge(p, <unsigned int>size, &hello) == HELLO_WHOLE and hello.name != NULL:
        must(hello.name_length <= TLS_NAME_BYTES_MAX)
    free(p)
    return 0


# The answer of a proxy to CONNECT: where it ends does not hang on how it came.
cdef int fuzz_remote(const uint8_t *data, size_t size) noexcept nogil:
    cdef char *p = exactly(data, size)
    cdef char *part
    cdef int end = remote_head(fuzz_head, p, <unsigned int>size)
    cdef int i
    must(end == AGAIN or end == -502 or 0 < end <= <int>size)
    if end > 0:
        must(p[end - 1] == c'\n')
        must(100 <= fuzz_head.status <= 999)
        check_spans(fuzz_head, p, end)
        for i in range(end):
            part = exactly(data, i)
            must(remote_head(fuzz_head, part, <unsigned int>i) == AGAIN)
            free(part)
    free(p)
    return 0


cdef preface whole_of(const char *p, unsigned int size) noexcept nogil:
    cdef preface told
    cdef int rc = preface_read(p, size, &told)
    must(rc == PREFACE_WHOLE)
    return told


cdef int fuzz_preface(const uint8_t *data, size_t size) noexcept nogil:
    """What is whole is so with any more behind it, is nothing before its last byte,
    and says who it is about."""
    cdef preface told, again
    cdef char *p
    cdef char[PREFACE_LINE_BYTES_MAX] made
    cdef unsigned int length, version
    cdef int rc
    if size == 0 or size > PREFACE_BYTES_MAX + 16:
        return 0
    p = exactly(data, size)
    rc = preface_read(p, <unsigned int>size, &told)
    if rc == AGAIN:
        must(size < PREFACE_BYTES_MAX)
    elif rc == FAILED:
        must(told.why < PREFACE_REFUSALS)
    else:
        must(15 <= told.length <= size)
        must(whole_of(p, told.length).length == told.length)
        must(preface_read(p, told.length - 1, &again) == AGAIN)
        for version in range(1, 3):
            length = preface_write(
                &made[0], <int>version, &told.address[0], told.port, &told.address[0],
                80)
            must(length <= PREFACE_LINE_BYTES_MAX)
            again = whole_of(&made[0], length)
            must(again.length == length and again.port == told.port)
            must(memcmp(&again.address[0], &told.address[0], ADDRESS_BYTES) == 0)
    free(p)
    return 0


cdef int fuzz_sticky(const uint8_t *data, size_t size) noexcept nogil:
    """A target, a line end, cookies."""
    cdef const uint8_t *stop = data + size
    cdef sticky_result found
    cdef char *target
    cdef char *cookies
    cdef size_t length
    if size:
        stop = <const uint8_t *>memchr(data, c'\n', size)
        if stop == NULL:
            stop = data + size
    length = stop - data
    target = exactly(data, length)
    cookies = exactly(stop, size - length)
    if sticky_find(&plan.balancers[0], target, <unsigned int>length, cookies,
                   <unsigned int>(size - length), &found):
        must(found.route >= found.value)
        must(found.route + found.route_length <= found.value + found.value_length)
    free(target)
    free(cookies)
    return 0


cdef int fuzz_own_cookie(const uint8_t *data, size_t size) noexcept nogil:
    """A Cookie field, behind which a value of ours is sent once as well."""
    cdef own_cookie c
    cdef uint64_t[2] members
    cdef cookie_said said
    cdef char[OWN_COOKIE_BYTES] made
    cdef arena a
    cdef writer w
    cdef value with_ours, left
    cdef char *p = exactly(data, size)
    cdef int tries = OWN_COOKIES_TRIED_MAX
    memset(&c, 0, sizeof(c))
    memset(&a, 0, sizeof(a))
    c.name.data = b"LB"
    c.name.length = 2
    c.max_age_s = 100
    c.count = 2
    c.members = &members[0]
    members[0] = own_cookie_member(&c, b"a", 1)
    members[1] = own_cookie_member(&c, b"b", 1)
    must(not own_cookie_find(
        &c, value(p, <unsigned int>size), 150, &tries, &said) or said.position < 2)
    own_cookie_letters(&c, 100, members[1], &made[0])
    arena_write(&a, &w)
    put(&w, b"LB=", 3)
    put(&w, &made[0], OWN_COOKIE_BYTES)
    put(&w, b";", 1)
    put(&w, p, size)
    with_ours = arena_written(&a, &w)
    if with_ours.data != NULL:
        tries = 1
        must(own_cookie_find(&c, with_ours, 151, &tries, &said))
        must(said.position == 1 and said.is_old)
        left = own_cookie_left_out(&c, &a, with_ours)
        must(left.data != NULL and left.length <= 2 * size)
        must(own_cookie_left_out(&c, &a, left).data == NULL)
        tries = OWN_COOKIES_TRIED_MAX
        must(not own_cookie_find(&c, left, 151, &tries, &said))
    arena_end(&a)
    free(p)
    return 0


cdef int fuzz_fastcgi(const uint8_t *data, size_t size) noexcept nogil:
    """The first byte says where the rest is cut: the output is the same."""
    cdef fastcgi_decoder whole, parts
    cdef unsigned int cut
    cdef char *one
    cdef char *two
    cdef unsigned int first, second = 0
    cdef int rc, again
    if size == 0:
        return 0
    cut = data[0] if data[0] < size - 1 else <unsigned int>(size - 1)
    one = exactly(data + 1, size - 1)
    fastcgi_begin(&whole)
    rc = fuzz_records(&whole, one, size - 1, &first)
    fastcgi_begin(&parts)
    two = exactly(data + 1, cut)
    again = fuzz_records(&parts, two, cut, &second)
    must(memcmp(two, one, second) == 0 if second else True)
    free(two)
    if again == FASTCGI_MORE:
        two = exactly(data + 1 + cut, size - 1 - cut)
        cut = second
        again = fuzz_records(&parts, two, size - 1 - <size_t>data_cut(data, size),
                             &second)
        must(memcmp(two, one + cut, second) == 0 if second else True)
        second += cut
        free(two)
    must(again == rc and second == first)
    must(whole.output_ended == parts.output_ended)
    free(one)
    return 0


cdef size_t data_cut(const uint8_t *data, size_t size) noexcept nogil:
    return data[0] if data[0] < size - 1 else size - 1


cdef int fuzz_records(
        fastcgi_decoder *d, char *data, size_t size,
        unsigned int *output) noexcept nogil:
    cdef char *out = data
    cdef char *at = data
    cdef value said
    cdef int rc
    while True:
        rc = fastcgi_decode(d, &out, &at, data + size, &said)
        must(data <= out <= at <= data + size)
        if rc == FASTCGI_SAID:
            must(data <= said.data and said.data + said.length <= at)
        elif rc != FASTCGI_RECORD:
            break
    must(rc != FASTCGI_MORE or at == data + size)
    output[0] = <unsigned int>(out - data)
    return rc


cdef int fuzz_script_head(const uint8_t *data, size_t size) noexcept nogil:
    """A head that is made of it is one for the parser, or is refused by it."""
    cdef head_limits limits = fuzz_limits()
    cdef char *p = <char *>malloc(SCRIPT_HEAD_ROOM + size)
    cdef char *at = p + SCRIPT_HEAD_ROOM
    cdef char *begin
    cdef unsigned int scanned = 0
    cdef long long announced
    cdef int length, rc
    memcpy(at, data, size)
    length = script_head_find_end(at, <unsigned int>(size // 2), &scanned)
    if length == AGAIN:
        length = script_head_find_end(at, <unsigned int>size, &scanned)
    if length != AGAIN:
        must(0 < length <= <int>size)
        rc = script_head_to_http(at, <unsigned int>length, &begin, &announced)
        must(announced >= -1)
        if rc > 0:
            must(begin >= p and begin + rc == at + length)
            rc = head_parse_response(fuzz_head, begin, <unsigned int>rc, &limits)
            if rc > 0:
                check_spans(fuzz_head, begin, rc)
                must(200 <= fuzz_head.status <= 999)
                must(not fuzz_head.seen >> FIELD_TRANSFER_ENCODING & 1)


cdef byte_range *fuzz_ranges = <byte_range *>calloc(RANGES_MAX, sizeof(byte_range))


cdef int fuzz_validators(const uint8_t *data, size_t size) noexcept nogil:
    """Range, dates and tags of a conditional request, over a size of the input's."""
    cdef char *p
    cdef long long whole = 1
    cdef unsigned int length
    cdef int overlaps, reversals, i, count
    cdef conditions c
    cdef validators v
    if size < 2:
        return 0
    whole += data[0] * data[1]
    p = exactly(data + 2, size - 2)
    length = <unsigned int>(size - 2)
    count = ranges_read(p, length, whole, fuzz_ranges, &overlaps, &reversals)
    must(count >= RANGES_NONE_HOLDS and count <= RANGES_MAX)
    for i in range(count):
        must(0 <= fuzz_ranges[i].first <= fuzz_ranges[i].last)
        must(fuzz_ranges[i].last < whole)
    must(date_of(p, length) >= DATE_NONE)
    memset(&c, 0, sizeof(c))
    c.if_match = c.if_none_match = c.if_range = value(p, length)
    c.if_modified_since = c.if_unmodified_since = value(p, length)
    c.has_range = data[0] & 1
    c.is_read = data[0] & 2
    v.etag = value(b"\"a\"", 3)
    if data[0] & 4:
        v.etag = value(b"W/\"a\"", 5)
    v.modified_s = data[1]
    v.request_s = 1000
    count = conditions_judge(&c, &v)
    must(count == 200 or count == 304 or count == 412)
    whatever(range_is_meant(&c, &v))
    free(p)
    return 0
