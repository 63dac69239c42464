# From a request to what applies to it: virtual host, sections, mapping.

# The virtual host for a name within the set; the set's first one when none fits.
# found: False when the name is nobody's (StrictHostCheck)
cdef plan_vhost *match_vhost(
    plan_set *s, const char *host, unsigned int length, bint *found) noexcept nogil
# The same, unless a rule has decided on it already.
cdef bint find_mapping(request_facts *r) noexcept nogil
# Insert the mapping's <Proxy> sections between the default and the locations.
cdef bint match_proxy_sections(request_facts *r) noexcept nogil
