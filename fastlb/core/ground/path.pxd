# Paths as bytes: what they may hold, dot segments and slashes, prefixes and globs.
# Nothing here knows a request.

cdef enum:
    PATH_PLAIN = 1      # stays as it is in a canonical path
    PATH_SIMPLE = 2     # ... and has one meaning only, wherever it stands

# What members may do to a path that httpd leaves alone.
cdef enum:
    WAY_PARAMETERS = 1          # take ";..." off segments, before they decode
    WAY_PARAMETERS_LATE = 2     # ... with WAY_PARAMETERS: after it
    WAY_BACKSLASH = 4           # take a backslash for a slash
    WAY_ESCAPED = 8             # undo "%2f" that httpd keeps
    WAY_RUNS = 16               # take a run of slashes for one
    WAYS = 32

# Fill path_class, the bits PATH_* of each byte, when a worker starts.
cdef void path_begin() noexcept nogil
# Undo dot segments (RFC 3986 5.2.4) and, if asked to, runs of slashes, in place.
# returns the new length, or -400: above the root
cdef int path_normalise(
    char *p, unsigned int length, bint merge, bint *reduced) noexcept nogil
# The path as members take it that go these WAY_*s, into out, which has room for one
# byte more. returns the length, or -400: the way leads above the root
cdef int path_read(
    const value *path, int ways, char *out, bint *climbs) noexcept nogil
# The WAY_* that a byte of a path opens; 0: none.
cdef unsigned char path_way(unsigned char c) noexcept nogil
# Does an encoded path climb, in any spelling that a member undoes?
cdef bint path_climbs(const char *path, unsigned int length) noexcept nogil
# Bytes of the path that the pattern takes, at a segment boundary; -1: none.
cdef int prefix_match(
    const text *pattern, const char *path, unsigned int length) noexcept nogil
# fnmatch with * ? and [...]; with slash_stops * and ? do not meet a "/".
cdef bint glob_match(
    const char *pattern, unsigned int pattern_length,
    const char *subject, unsigned int length, bint slash_stops,
    bint ignore_case) noexcept nogil
