# For whom a request is.

# Validity of Host and of an absolute-form target.
#
# strict        HttpProtocolOptions Strict
# host          out: the host name without port and without a last dot, of the target's
#               authority if it has one, else of the Host field; an IPv6 literal keeps
#               its brackets; length 0 when there is none (HTTP/1.0)
# path          out: path with query of the target ("/" when absolute-form has none);
#               "*" for OPTIONS *; length 0 for CONNECT
# returns       0 or -400
cdef int head_check_host(
    head *h, const char *data, bint strict, span *host, span *path) noexcept nogil
