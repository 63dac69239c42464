# Is a request let in? The phases are httpd's: Order, Allow and Deny; Require, as far as
# it can be decided without a user; who the user is; Require anew. What Satisfy says
# binds the first of them to the others.

# What the error log says of a request that is not.
cdef enum:
    BECAUSE_OF_NOTHING = 0
    BECAUSE_OF_SECTIONS = 1     # more than SECTIONS_MATCHED_MAX
    BECAUSE_NOT_ASKED = 2       # the handshake did not ask for a certificate
    BECAUSE_PLAIN = 3           # SSLRequireSSL
    BECAUSE_DENIED = 4
    BECAUSE_MISREAD = 5         # denied as a member may read the path
    BECAUSE_CLIMBS = 6          # the target that the mapping makes
    BECAUSE_OLD = 7             # Order, Allow, Deny
    BECAUSE_PASSWORD = 8        # it is wrong
    BECAUSE_NO_USER = 9         # the file does not know the name
    BECAUSE_SCHEME = 10         # another scheme than the one that is asked for
    BECAUSE_NO_NAME = 11        # AuthName is missing
    BECAUSE_NO_FILE = 12        # AuthUserFile is missing
    BECAUSE_FILE_CLOSED = 13    # it cannot be read
    BECAUSE_NOT_HIM = 14        # Require does not name this user
    BECAUSE_NO_TYPE = 15        # a user is required, and nobody asks who it is
    BECAUSE_NO_REQUIRE = 16     # AuthType without any Require
    BECAUSE_TOO_MANY = 17       # passwords are being checked
    BECAUSE_UNKNOWN_TYPE = 18   # nobody serves this AuthType
    BECAUSE_OF_A_RULE = 19      # of mod_rewrite: decision.rewrite_because
    BECAUSE_METHOD = 20         # AllowMethods
    BECAUSE_ELSEWHERE = 21      # AuthRequest
    BECAUSE_NO_ANSWER = 22      # ... was answered with neither yes nor no
    BECAUSE_OF_HANDLER = 23     # SetHandler: nobody knows such a member
    BECAUSES = 23

# returns 0, or the status of the refusal; r.host_wanted or r.asks is set when that
# depends on what is not known yet. r.user and r.challenge are set.
cdef int request_admission(request_facts *r, int *because) noexcept nogil
