"""Fields behind a chunked body (trailers.pxd)."""
# uses: ground/chartable, http/fields

# Beside those that fields.pxd numbers; "-" at the end: whatever begins so. X_User is
# X-User to those who make variables of names (CGI, WSGI), so "_" is "-" in a name; and
# Proxy is HTTP_PROXY, by which libraries find their own proxy (CVE-2016-5385). What
# proxies tell of who asks no client tells behind their backs.
cdef const char *NOT_BEHIND_A_BODY = (
    b"accept-ranges access-control- age alt-svc authentication-info authorization "
    b"cache-control cf- clear-site-data client-ip content-disposition content-encoding "
    b"content-language content-range content-security-policy "
    b"content-security-policy-report-only early-data fastly-client-ip forwarded "
    b"forwarded-for front-end-https "
    b"http2-settings if- link origin permissions-policy pragma proxy proxy- range "
    b"refresh remote- sec- set-cookie2 ssl- strict-transport-security true-client-ip "
    b"vary warning wl-proxy- x-accel- x-auth- x-authenticated- x-client- "
    b"x-cluster-client-ip x-content-type-options x-forwarded x-forwarded- "
    b"x-frame-options x-host x-http-method x-http-method-override x-method-override "
    b"x-original- x-real-ip x-remote- x-rewrite-url x-scheme x-sendfile x-ssl- "
    b"x-url-scheme x-lighttpd-send-file x-webauth- ")


cdef bint next_trailer(const char **p, const char *end, trailer *out) noexcept nogil:
    cdef const char *at = p[0]
    cdef const char *stop
    if at >= end:
        return False
    out.name = at
    stop = <const char *>memchr(at, c":", end - at)
    if stop == NULL:
        return False
    out.name_length = <unsigned int>(stop - at)
    at = stop + 1
    stop = <const char *>memchr(at, c"\r", end - at)
    if stop == NULL or end - stop < 2:
        return False
    p[0] = stop + 2
    while at < stop and (at[0] == c" " or at[0] == c"\t"):
        at += 1
    while stop > at and ((stop - 1)[0] == c" " or (stop - 1)[0] == c"\t"):
        stop -= 1
    out.content = at
    out.content_length = <unsigned int>(stop - at)
    return True


cdef bint trailer_may_travel(const char *name, unsigned int length) noexcept nogil:
    cdef const char *one = NOT_BEHIND_A_BODY
    cdef const char *end
    cdef char[TRAILER_NAME_BYTES_MAX] spelled
    cdef unsigned int i, size
    cdef int id
    if length == 0 or length > TRAILER_NAME_BYTES_MAX:
        return False
    for i in range(length):
        spelled[i] = c"-" if name[i] == c"_" else name[i]
    id = field_number(&spelled[0], length)
    if id != FIELD_OTHER and id != FIELD_LAST_MODIFIED:
        return False
    while one[0] != 0:
        end = <const char *>memchr(one, c" ", strlen(one))
        size = <unsigned int>(end - one)
        if (size == length or (size < length and (end - 1)[0] == c"-")) \
                and bytes_equal_nocase(&spelled[0], one, size):
            return False
        one = end + 1
    return True
