# From a request to what applies to it: virtual host, sections, mapping.

# The set of virtual hosts for a connection's local address, most specific first.
cdef plan_set *match_set(plan_listener *listener, client_facts *client) noexcept nogil
# The virtual host for a name within the set; the set's first one when none fits.
# found: False when the name is nobody's (StrictHostCheck)
cdef plan_vhost *match_vhost(
    plan_set *s, const char *host, unsigned int length, bint *found) noexcept nogil
# Fill r.confs with the default settings and the <Location>s that match.
# returns False when more match than SECTIONS_MATCHED_MAX, or memory is wanting: none
# may be left out
cdef bint match_locations(request_facts *r) noexcept nogil
# Find the mapping: 1 found (r.mapping, r.rest_at), 0 none (or excluded)
cdef int match_mapping(request_facts *r) noexcept nogil
# The same, unless a rule has decided on it already.
cdef bint find_mapping(request_facts *r) noexcept nogil
# Insert the mapping's <Proxy> sections between the default and the locations.
cdef bint match_proxy_sections(request_facts *r) noexcept nogil
# The handler set for the request; NULL when there is none.
cdef const text *match_handler(request_facts *r) noexcept nogil
