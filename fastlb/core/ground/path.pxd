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
