"""URLs as mod_rewrite sees them: is one absolute, where is its query, is it ours?"""
# uses: ground/chartable, ground/text, ground/number, io/writer, ground/path,
#       plan/plan, plan/facts, plan/own_name

cdef bint value_begins(value v, const char *head, unsigned int length) noexcept nogil:
    return v.length >= length and bytes_equal_nocase(v.data, head, length)


cdef unsigned int uri_scheme(value uri, bint *takes_query) noexcept nogil:
    """Bytes of the scheme with its "://"; 0: the URL is not absolute.

    takes_query: out, whether a query makes sense there
    """
    cdef unsigned int length = 0
    takes_query[0] = False
    if uri.length <= 5 or uri.data[0] == c'/':
        return 0
    if value_begins(uri, b"http://", 7) or value_begins(uri, b"fcgi://", 7) or (
            value_begins(uri, b"scgi://", 7)):
        length = 7
    elif value_begins(uri, b"https://", 8):
        length = 8
    elif value_begins(uri, b"balancer://", 11):
        length = 11
    elif value_begins(uri, b"ws://", 5) or value_begins(uri, b"h2://", 5):
        length = 5
    elif value_begins(uri, b"wss://", 6) or value_begins(uri, b"h2c://", 6) or (
            value_begins(uri, b"ajp://", 6)):
        length = 6
    elif value_begins(uri, b"unix:", 5):
        length = 7 if uri.length > 6 and uri.data[5] == c'/' and (
            uri.data[6] == c'/') else 5
    elif value_begins(uri, b"mailto:", 7):
        length = 7
    if length:
        takes_query[0] = True
        return length
    if value_begins(uri, b"ftp://", 6):
        return 6
    if value_begins(uri, b"gopher://", 9):
        return 9
    if value_begins(uri, b"ldap://", 7) or value_begins(uri, b"nntp://", 7):
        return 7
    return 5 if value_begins(uri, b"news:", 5) else 0


cdef bint uri_is_absolute(value uri) noexcept nogil:
    cdef bint _takes_query
    return uri_scheme(uri, &_takes_query) != 0


cdef void put_uri(writer *w, value v) noexcept nogil:
    """Escaped as a path is, in lower case: as httpd writes a Location."""
    cdef unsigned int i
    cdef unsigned char c
    for i in range(v.length):
        c = v.data[i]
        if path_class[c] & PATH_PLAIN:
            put_byte(w, c)
        else:
            put_byte(w, c'%')
            put_byte(w, HEX_LOWER[c >> 4])
            put_byte(w, HEX_LOWER[c & 15])


cdef void put_absolute_uri(
        writer *w, value uri, unsigned int scheme) noexcept nogil:
    """An absolute URL with its path escaped; the host stays as it is."""
    cdef unsigned int at = scheme
    cdef int marks = 0
    cdef unsigned int begin
    if byte_before(uri.data, at) == c'/':
        while at < uri.length and uri.data[at] != c'/':
            at += 1
        if at >= uri.length or at + 1 >= uri.length:
            put(w, uri.data, uri.length)
            return
        at += 1
    put(w, uri.data, at)
    if value_begins(uri, b"ldap", 4) and byte_before(uri.data, scheme) == c'/':
        # dn?attributes?scope?filter?extensions (RFC 4516)
        begin = at
        while at < uri.length and marks < 4:
            if uri.data[at] == c'?':
                put_uri(w, value(uri.data + begin, at - begin))
                put_byte(w, c'?')
                begin = at + 1
                marks += 1
            at += 1
        put_uri(w, value_from(uri, begin))
        return
    put_uri(w, value_from(uri, at))


cdef value uri_host(value uri, unsigned int scheme, int *port) noexcept nogil:
    """The host of an absolute URL; port: out, 0 for none."""
    cdef unsigned int at = scheme
    cdef unsigned int end
    port[0] = 0
    while at < uri.length and uri.data[at] != c'/' and uri.data[at] != c':':
        at += 1
    end = at
    if at < uri.length and uri.data[at] == c':':
        at += 1
        while at < uri.length and char_class[<unsigned char>uri.data[at]] & CHAR_DIGIT:
            if port[0] < 100000:
                port[0] = port[0] * 10 + uri.data[at] - c'0'
            at += 1
        if port[0] == 0:
            port[0] = -1        # ":" without a number is no port of ours
    return value(uri.data + scheme, end - scheme)


cdef bint host_is_ours(request_facts *r, value host, int port) noexcept nogil:
    """Does a URL with that host and port name the request's virtual host?"""
    cdef plan_set *s = r.client.set
    cdef host_name *n
    cdef int i
    if port == 0:
        port = port_of_scheme(r)
    if port != r.client.listener.port and port != r.vhost.port:
        return False
    if r.vhost.server_name.length == host.length and bytes_equal_nocase(
            r.vhost.server_name.data, host.data, host.length):
        return True
    for i in range(s.name_count):
        n = &s.names[i]
        if n.vhost == r.vhost.index and (
                glob_match(
                    n.name.data, n.name.length, host.data, host.length, False, True)
                if n.wildcard else n.name.length == host.length
                and bytes_equal_nocase(n.name.data, host.data, host.length)):
            return True
    return False
