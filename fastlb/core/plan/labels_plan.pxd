# What is said of answers (facts/labels.py), as a part of the plan: types and their kin
# by the names of files (mime.pyx), and for how long they may be kept (expires.pyx).
#

# What an extension may say; the order is that of facts.labels.MimeField.
cdef enum:
    MIME_TYPE = 0
    MIME_CHARSET = 1
    MIME_ENCODING = 2
    MIME_LANGUAGE = 3
    MIME_HANDLER = 4
    MIME_FIELDS = 5

# A table of extensions as facts/mime_table.py draws it. It lies in the model, which all
# workers share.
cdef struct mime_table:
    const unsigned char *data   # NULL: none

cdef struct plan_mime:
    mime_table table
    text default_language       # length 0: not said
    signed char use_path_info   # ModMimeUsePathInfo; -1: not said

cdef struct plan_expiry:
    bint is_said
    bint of_file                # behind its last change, else behind the request
    long long seconds

cdef struct type_expiry:
    text type                   # in lower case; it may end in "/*"
    plan_expiry expiry

cdef struct plan_expires:
    signed char active          # -1: not said
    plan_expiry default
    int count
    type_expiry *by_type
    bint has_wildcards

# FileETag: what a tag is made of.
cdef enum:
    ETAG_NONE = 1
    ETAG_MTIME = 2
    ETAG_INODE = 4
    ETAG_SIZE = 8

# MaxRanges and its kin.
cdef enum:
    RANGES_BOUND = 0
    OVERLAPS_BOUND = 1
    REVERSALS_BOUND = 2
    RANGE_BOUNDS = 3
    BOUND_UNSAID = -2

# Of one place; what it does not say is unset.
cdef struct plan_labels:
    bint says_charset
    text charset                # AddDefaultCharset; length 0: Off
    bint says_type
    text forced_type            # ForceType; length 0: none
    plan_mime *mime             # NULL: nothing is said
    plan_expires *expires
    bint says_etag
    unsigned int etag_bits      # 0: those of an outer place, with
    unsigned int etag_add
    unsigned int etag_remove
    int range_bounds[RANGE_BOUNDS]      # -1: unlimited

# What any place of a host says, of members' answers: bits beside one for each MIME_*.
cdef enum:
    LABEL_CHARSET = 32
    LABEL_FORCED = 64
    LABEL_EXPIRES = 128

# TypesConfig's.
cdef mime_table mime_types
