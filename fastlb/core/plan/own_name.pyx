"""What we call ourselves: name and port for URLs, pages and logs.

What the client called us, or what the configuration says (UseCanonicalName,
UseCanonicalPhysicalPort); and whether an absolute target is for us at all.
"""
# uses: ground/chartable, ground/text, io/writer, ground/address, ground/path,
#       ground/arena, http/host, plan/plan, plan/client, plan/facts

cdef bint client_speaks_tls(request_facts *r) noexcept nogil:
    """To us, or (ServerName https://...) to whoever stands before us. As Apache's
    ap_http_scheme."""
    return r.client.tls_vhost != NULL or r.vhost.says_https


cdef int port_of_scheme(request_facts *r) noexcept nogil:
    return 443 if client_speaks_tls(r) else 80


cdef int port_asked_for(request_facts *r) noexcept nogil:
    """The port behind the name that the client calls us; 0: none is named."""
    cdef value asked
    if r.host.length == 0:
        return 0        # nothing was checked
    asked = host_field_of(r)
    return port_of_authority(asked.data, asked.length)


# The client's word for us in lower case, or ServerName; an IPv6 literal in brackets. It
# lives as long as the exchange.
cdef value self_name(request_facts *r) noexcept nogil:
    """What we call ourselves: the client's word for us in lower case, or ServerName.

    An IPv6 literal keeps its brackets. As Apache's ap_get_server_name_for_url.
    """
    cdef value out = value(r.vhost.server_name.data, r.vhost.server_name.length)
    cdef writer w
    if r.host.length == 0 or conf_flag(r, CONF_USE_CANONICAL_NAME, False):
        return out
    arena_write(&r.arena, &w)
    put_lower(&w, request_bytes(r) + r.host.offset, r.host.length)
    return arena_written(&r.arena, &w)


# The port that goes with it, the scheme's own at last. Never 0.
cdef int self_port(request_facts *r) noexcept nogil:
    """The port that goes with self_name, as Apache's ap_get_server_port."""
    cdef bint canonical = conf_flag(r, CONF_USE_CANONICAL_NAME, False)
    cdef bint physical = conf_flag(r, CONF_USE_CANONICAL_PHYSICAL_PORT, False)
    cdef int port = 0 if canonical else port_asked_for(r)
    if port == 0 and (canonical or not physical):
        port = r.vhost.port
    if port == 0 and physical:
        client_learn_local(r.client)
        port = r.client.local_port
    return port if port else port_of_scheme(r)


# Both as host[:port] for a URL; the scheme's own port is left out.
cdef value self_reference(request_facts *r) noexcept nogil:
    """host[:port] for URLs that point at ourselves.

    The scheme's own port is never written.
    """
    cdef value name = self_name(r)
    cdef int port = self_port(r)
    cdef writer w
    if port == port_of_scheme(r):
        return name
    arena_write(&r.arena, &w)
    put(&w, name.data, name.length)
    put_byte(&w, c':')
    put_number(&w, port)
    return arena_written(&r.arena, &w)


# "http://" or "https://", as the client's connection is.
cdef void put_own_scheme(request_facts *r, writer *w) noexcept nogil:
    if client_speaks_tls(r):
        put(w, b"https://", 8)
    else:
        put(w, b"http://", 7)


# Does an absolute-form target name this server?
cdef bint authority_is_ours(request_facts *r) noexcept nogil:
    """Does an absolute-form target name its virtual host, or our own address?

    A port that it names must be that of the listener or of the virtual host.
    """
    cdef const char *host = request_bytes(r) + r.host.offset
    cdef value authority = request_part(r, r.authority)
    cdef int port = port_of_authority(authority.data, authority.length)
    cdef plan_set *s = r.client.set
    cdef host_name *n
    cdef char[ADDRESS_TEXT_BYTES] local
    cdef unsigned int length
    cdef int i
    if port and port != r.client.listener.port and port != r.vhost.port:
        return False
    if r.vhost.server_name.length == r.host.length and bytes_equal_nocase(
            r.vhost.server_name.data, host, r.host.length):
        return True
    for i in range(s.name_count):
        n = &s.names[i]
        if n.vhost == r.vhost.index and (
                glob_match(n.name.data, n.name.length, host, r.host.length, False, True)
                if n.wildcard else n.name.length == r.host.length
                and bytes_equal_nocase(n.name.data, host, r.host.length)):
            return True
    client_learn_local(r.client)
    length = address_text(&r.client.local[0], &local[0])
    if r.host.length > 2 and host[0] == c'[':
        return length == r.host.length - 2 and memcmp(
            host + 1, &local[0], length) == 0
    return length == r.host.length and memcmp(host, &local[0], length) == 0
