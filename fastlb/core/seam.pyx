"""The seam to Python (seam.pxd)."""

cdef object services = None     # `_core.pyi` has their protocol
cdef bint seam_is_shut = False


cdef str string_of(const char *data, unsigned int length):
    return data[:length].decode("latin-1")


cdef str said_of(const char *data, unsigned int length):
    """For a line of the error log, which escapes bytes as they are."""
    return data[:length].decode("utf-8", "surrogateescape")


cdef bint seam_say(
        str level, str module, int vhost, str client, int error, str message,
        object about=None) noexcept:
    """about: what facts.error_format.About holds. False: the log does not want it."""
    try:
        return services.log(level, module, vhost, client, error, message, about)
    except Exception:
        return False
