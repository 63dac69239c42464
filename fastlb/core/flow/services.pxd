# What only Python can do for a request; a call for few of them. The callables are the
# worker's (seam.pxd), and none of these calls back: what they find is the caller's to
# act upon.

# What an answer made by Python holds.
cdef struct page:
    char *body                  # malloc'ed, and the caller's to free; may be NULL
    long long length
    const char *content_type    # as long as the exchange

# The page of a status (text of admin/pages.py); x.local.reason is its phrase.
cdef void service_error_page(
    exchange *x, int status, const char *detail, page *out) noexcept with gil
# The answer of a SetHandler (server-status and its kin), with x.status and
# x.local.more_fields. False: it could not be made.
cdef bint service_handle(exchange *x, const text *handler, page *out) noexcept with gil
# What a page says of a member's name that does not resolve (Apache's 500, or 502), and
# of a 101 that was not asked for, or to something else.
cdef const char *service_no_address(exchange *x) noexcept with gil
cdef const char *service_unexpected_upgrade(
    exchange *x, field *granted) noexcept with gil
# An old form of date becomes the canonical one; what is no date stays.
cdef void service_date(exchange *x, out_field *f) noexcept with gil
# Begin to look up what Require host or a CONNECT names; Core.host_answer and
# Core.address_answer end it. False: it could not be begun.
cdef bint service_ask_host(exchange *x) noexcept with gil
cdef bint service_ask_address(exchange *x, int port) noexcept with gil
cdef object verdict_question(const auth_question *q)
# Have a password checked, or a group looked up (x.facts.asks); Core.verdict_answer ends
# it. returns 1; 0: too many wait; FAILED
cdef int service_ask_verdict(exchange *x) noexcept with gil
