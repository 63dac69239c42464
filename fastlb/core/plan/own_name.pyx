"""What we call ourselves: name and port for URLs, pages and logs.

What the client called us, or what the configuration says (UseCanonicalName,
UseCanonicalPhysicalPort); and whether an absolute target is for us at all.
"""
# uses: ground/chartable, ground/text, io/writer, ground/address, ground/path,
#       ground/arena, http/host, plan/plan, plan/match, flow/exchange

cdef bint client_speaks_tls(exchange *x) noexcept nogil:
    """To us, or (ServerName https://...) to whoever stands before us. As Apache's
    ap_http_scheme."""
    return x.down.tls_vhost != NULL or x.vhost.says_https


cdef int port_of_scheme(exchange *x) noexcept nogil:
    return 443 if client_speaks_tls(x) else 80


cdef int port_asked_for(exchange *x) noexcept nogil:
    """The port behind the name that the client calls us; 0: none is named."""
    cdef value asked
    if x.host.length == 0:
        return 0        # nothing was checked
    asked = host_field_of(x)
    return port_of_authority(asked.data, asked.length)


cdef value self_name(exchange *x) noexcept nogil:
    """What we call ourselves: the client's word for us in lower case, or ServerName.

    An IPv6 literal keeps its brackets. As Apache's ap_get_server_name_for_url.
    """
    cdef value out = value(x.vhost.server_name.data, x.vhost.server_name.length)
    cdef writer w
    if x.host.length == 0 or conf_flag(x, CONF_USE_CANONICAL_NAME, False):
        return out
    arena_write(&x.arena, &w)
    put_lower(&w, request_bytes(x) + x.host.offset, x.host.length)
    return arena_written(&x.arena, &w)


cdef int self_port(exchange *x) noexcept nogil:
    """The port that goes with self_name, as Apache's ap_get_server_port."""
    cdef bint canonical = conf_flag(x, CONF_USE_CANONICAL_NAME, False)
    cdef bint physical = conf_flag(x, CONF_USE_CANONICAL_PHYSICAL_PORT, False)
    cdef int port = 0 if canonical else port_asked_for(x)
    if port == 0 and (canonical or not physical):
        port = x.vhost.port
    if port == 0 and physical:
        downstream_learn_local(x.down)
        port = x.down.local_port
    return port if port else port_of_scheme(x)


cdef value self_reference(exchange *x) noexcept nogil:
    """host[:port] for URLs that point at ourselves.

    The scheme's own port is never written.
    """
    cdef value name = self_name(x)
    cdef int port = self_port(x)
    cdef writer w
    if port == port_of_scheme(x):
        return name
    arena_write(&x.arena, &w)
    put(&w, name.data, name.length)
    put_byte(&w, c':')
    put_number(&w, port)
    return arena_written(&x.arena, &w)


cdef void put_own_scheme(exchange *x, writer *w) noexcept nogil:
    if client_speaks_tls(x):
        put(w, b"https://", 8)
    else:
        put(w, b"http://", 7)


cdef bint authority_is_ours(exchange *x) noexcept nogil:
    """Does an absolute-form target name its virtual host, or our own address?

    A port that it names must be that of the listener or of the virtual host.
    """
    cdef const char *host = request_bytes(x) + x.host.offset
    cdef value authority = request_part(x, x.authority)
    cdef int port = port_of_authority(authority.data, authority.length)
    cdef plan_set *s = x.down.set
    cdef host_name *n
    cdef char[ADDRESS_TEXT_BYTES] local
    cdef unsigned int length
    cdef int i
    if port and port != x.down.listener.port and port != x.vhost.port:
        return False
    if x.vhost.server_name.length == x.host.length and bytes_equal_nocase(
            x.vhost.server_name.data, host, x.host.length):
        return True
    for i in range(s.name_count):
        n = &s.names[i]
        if n.vhost == x.vhost.index and (
                glob_match(n.name.data, n.name.length, host, x.host.length, False, True)
                if n.wildcard else n.name.length == x.host.length
                and bytes_equal_nocase(n.name.data, host, x.host.length)):
            return True
    downstream_learn_local(x.down)
    length = address_text(&x.down.local[0], &local[0])
    if x.host.length > 2 and host[0] == c'[':
        return length == x.host.length - 2 and memcmp(
            host + 1, &local[0], length) == 0
    return length == x.host.length and memcmp(host, &local[0], length) == 0
