# Text with holes, taken apart when the plan is made: $0-$9 of an expression's groups,
# ${NAME} of the request's variables. The pieces are those of a plan_format.

cdef enum:
    PIECE_GROUP = 5     # sub: its number; other kinds: plan.pxd, logline.pyx
    NO_GROUPS = 10      # of plan_template

# How bytes that come out of a request stand in what is composed.
cdef enum:
    PATH_AS_IS = 0
    PATH_CANONICAL = 1          # encoded as a path (proxying.md 1.4)
    PATH_KEEPS_SLASH = 2        # so, but %2F stays one (AllowEncodedSlashes NoDecode)

# groups: ten pairs of offsets into subject; NULL when the template has no groups.
cdef void put_template(
    exchange *x, writer *w, const plan_format *template, const int *groups,
    value subject, int how) noexcept nogil
cdef void put_path(
    writer *w, const char *path, unsigned int length, int how) noexcept nogil
