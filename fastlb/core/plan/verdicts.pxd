# What is known of passwords and groups, in this worker.
#
# Only Python can check a password (worker/passwords.py), beside the data path, and it
# takes its time. So a request that depends on one asks a question, waits, and is
# decided anew with the verdict. Verdicts that let in are kept here, and of groups, for
# which only known users are looked up, those that do not, by a keyed hash over the
# question and the state of the file: the key is made when the worker starts, nobody can
# aim at a place, and no password is kept (of Digest the hash that the file holds). What
# a file says holds until the file is another: it is looked at once in 100 us (a turn),
# where httpd reads it every time.

cdef enum:
    ASKS_NOTHING = 0
    ASKS_PASSWORD = 1           # is that the password of the user in this file?
    ASKS_GROUP = 2              # is the user in one of these groups of this file?
    ASKS_REQUEST = 3            # AuthRequest: does that server let it in? never kept
    ASKS_MAP = 4                # what does a program say for a key? (rewrite_map.pyx)
    ASKS_HASH = 5               # what the file holds of the user in a realm (Digest)
    ASKS_TOLD = 6               # as GROUP; and what is told of the user?

# VERDICT_UNKNOWN is said when the question was asked.
cdef enum:
    VERDICT_UNKNOWN = 0
    VERDICT_GRANTED = 1
    VERDICT_DENIED = 2
    VERDICT_NOBODY = 3          # the file has no such user
    VERDICT_FAULT = 4           # the file cannot be read
    VERDICT_BUSY = 5            # too many are being checked
    VERDICT_LARGE = 6           # the file is larger than AUTH_FILE_BYTES_MAX

cdef enum:
    FOUND_BYTES = 32            # that are kept with a verdict: of ASKS_HASH all

cdef struct verdict_key:
    uint64_t one
    uint64_t other

cdef struct auth_question:
    int kind                    # ASKS_*
    int file                    # REQUEST: index into auth_requests
    value user
    # PASSWORD; HASH: the realm; GROUP: each with a NUL, of dbm the realm before them
    value secret
    int names_number            # behind it, if -1; else the groups, in plan_names
    unsigned int password_bytes     # GROUP: of the secret, where he asks himself
    verdict_key key

cdef struct auth_verdict:
    verdict_key key
    int verdict
    value found                 # beside it, in the request's arena

# A file of passwords or groups: what it was when it was last looked at. Of a directory
# (AuthLDAPURL) no path: what it has said holds for its time.
cdef struct auth_file:
    text path                   # with a NUL behind it; data NULL: of a directory
    long long looked_us
    uint64_t state              # changes whenever the file does
    file_status was
    bint is_there
    # ... of a directory: what a user is called from then on (AuthLDAPRemoteUser*)
    int called_by               # number of the attribute that says it; -1: none
    bint user_is_dn
    bint as_user                # AuthLDAP*AsUser: it may be asked in the user's name
    value server                # its hosts, and how they are spoken to
    int told_count              # what it tells of whom a rule lets in:
    int *granted                # AUTHORIZE_*, and
    int *told                   # AUTHENTICATE_*, where another has checked the password

# The variable of what a directory's user has called himself, where he may be called
# otherwise from then on, or asks himself; -1: nowhere. And that of the server to which
# he has given his password.
cdef int directory_login
cdef int directory_server

# The path of a file, a DbmFile (facts/dbm.py), or how a directory is asked
# (facts/ldap.py), for Python.
cdef object auth_file_source(int number)
# found: FOUND_BYTES, or nothing.
cdef void verdict_keep(
    const verdict_key *key, int verdict, value found) noexcept nogil
