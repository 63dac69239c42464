# Text with holes, taken apart when the plan is made: $0-$9 of an expression's groups,
# ${NAME} of the request's variables. The pieces are those of a plan_format.

# One part of a header value or of a log line (facts.rules.Piece).
cdef struct plan_piece:
    unsigned char kind          # PIECE_LITERAL, or the letter
    unsigned char sub           # variant, by letter: see letters.pyx
    bint negated
    text literal                # literal text, or the argument in braces
    int env                     # number of the variable for "e"
    int status_count
    const unsigned short *statuses

cdef enum:
    PIECE_LITERAL = 0

cdef struct plan_format:
    int count
    plan_piece *pieces

cdef enum:
    PIECE_GROUP = 5     # sub: its number; other kinds: above, and letters.pxd
    NO_GROUPS = 10      # of plan_template

# How bytes that come out of a request stand in what is composed.
cdef enum:
    PATH_AS_IS = 0
    PATH_CANONICAL = 1          # encoded as a path
    PATH_KEEPS_SLASH = 2        # so, but %2F stays one (AllowEncodedSlashes NoDecode)
