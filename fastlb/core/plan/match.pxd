# From a request to what applies to it: virtual host, sections, mapping; and in chapters
# of their own: path.pyx, target.pyx, redirect.pyx, access.pyx, reading.pyx and
# own_name.pyx.

# The set of virtual hosts for a connection's local address, most specific first.
cdef plan_set *match_set(plan_listener *listener, downstream *d) noexcept nogil
# The virtual host for a name within the set; the set's first one when none fits.
# found: False when the name is nobody's (StrictHostCheck)
cdef plan_vhost *match_vhost(
    plan_set *s, const char *host, unsigned int length, bint *found) noexcept nogil
# Decode and normalise the path (x.decoded, x.ways). returns 0, or -400, -404, -500
cdef int match_path(exchange *x) noexcept nogil
# Fill x.confs with the default settings and the <Location>s that match.
# returns False when more match than SECTIONS_MATCHED_MAX, or memory is wanting: none
# may be left out
cdef bint match_locations(exchange *x) noexcept nogil
# Find the mapping: 1 found (x.mapping, x.rest_at), 0 none (or excluded)
cdef int match_mapping(exchange *x) noexcept nogil
# Compose x.target from the mapping (target.pyx). returns 0, -403, or -500
cdef int match_target(exchange *x) noexcept nogil
# The same for a path of the configuration (ErrorDocument). returns 0 or -500
cdef int match_target_of(exchange *x, const text *path) noexcept nogil
# Insert the mapping's <Proxy> sections between the default and the locations.
cdef bint match_proxy_sections(exchange *x) noexcept nogil
# Redirects: 1 when one applies (x.local.location and x.status set), 0, or -500
cdef int match_redirect(exchange *x, bint in_sections) noexcept nogil
# Access rules of the sections: 1 allowed, 0 denied
cdef int match_access(exchange *x) noexcept nogil
# ... and under every other reading of the path.
cdef bint readings_admit(exchange *x) noexcept nogil
# What we call ourselves: the client's word for us in lower case, or ServerName; an IPv6
# literal in brackets. It lives as long as the exchange.
cdef value self_name(exchange *x) noexcept nogil
# The port that goes with it, the scheme's own at last. Never 0.
cdef int self_port(exchange *x) noexcept nogil
# Both as host[:port] for a URL; the scheme's own port is left out.
cdef value self_reference(exchange *x) noexcept nogil
# "http://" or "https://", as the client's connection is.
cdef void put_own_scheme(exchange *x, writer *w) noexcept nogil
# Does an absolute-form target name this server?
cdef bint authority_is_ours(exchange *x) noexcept nogil
# The handler set for the request; NULL when there is none.
cdef const text *match_handler(exchange *x) noexcept nogil
# A switch (CONF_*) by the last section that says it; usual: nobody does.
cdef bint conf_flag(exchange *x, int flag, bint usual) noexcept nogil
