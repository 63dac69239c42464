# A cookie of the balancer's own, which names the member of a session (stickycookie=).
#
#   value   time | member | signature       16, 16 and 32 digits
#
# time is when it was made, in seconds since 1970; member is the hash of its route, and
# signature that of the two, both under a secret (SipHash). So whoever reads a value
# learns no name and no address, and whoever makes one up is not believed.
#
# The secret is made of the file of stickykey= or of the table's own, which a reload
# keeps, and of the cookie's name; of nothing else, so that balancers with one cookie,
# one file and the same routes know each other's.

cdef enum:
    OWN_COOKIE_BYTES = 64

cdef struct own_cookie:
    text name
    text attributes             # of a Set-Cookie, with "; " before each
    flag secure                 # Secure goes to every client
    flag secure_on_tls          # ... to those that speak TLS
    long long max_age_s         # 0: as long as the client keeps it
    uint64_t[2] secret
    int count
    uint64_t *members           # their hashes, in the balancer's order

# What a client has of it.
cdef struct cookie_said:
    uint64_t member             # 0: nothing that is ours
    int position                # the first member of that name
    flag is_old                 # more than half of Max-Age is gone

# A session, as the exchange knows it.
cdef struct own_session:
    cookie_said said
    uint64_t member             # who has been elected
    flag is_due                 # the answer sets the cookie

# The hash of a route; never 0.
cdef uint64_t own_cookie_member(
    const own_cookie *c, const char *route, unsigned int length) noexcept nogil
# Write a value, OWN_COOKIE_BYTES.
cdef void own_cookie_letters(
    const own_cookie *c, uint64_t time_s, uint64_t member, char *out) noexcept nogil
# The first value in a Cookie field that is ours, names a member and is not over.
# tries  of OWN_COOKIES_TRIED_MAX; falls with each value that is looked at
cdef bint own_cookie_find(
    const own_cookie *c, value cookies, long long now_s, int *tries,
    cookie_said *out) noexcept nogil
# A Cookie field without ours. data NULL: ours is not in it, or there is no memory
# (starved); length 0: nothing else is.
cdef value own_cookie_left_out(
    const own_cookie *c, arena *a, value cookies) noexcept nogil
