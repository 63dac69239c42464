# What the model says about access, as C structs; a part of the plan.

# Access rules as a flat tree in prefix order.
cdef enum:
    ACCESS_ALL_OF = 0
    ACCESS_ANY_OF = 1
    ACCESS_NONE_OF = 2
    ACCESS_GRANTED = 3
    ACCESS_DENIED = 4
    ACCESS_IP = 5
    ACCESS_LOCAL = 6
    ACCESS_HOST = 7
    ACCESS_FORWARD_DNS = 8
    ACCESS_ENV = 9
    ACCESS_METHOD = 10
    ACCESS_USER = 11
    ACCESS_VALID_USER = 12
    ACCESS_GROUP = 13
    ACCESS_DBM_GROUP = 14
    ACCESS_EXPR = 15
    ACCESS_LDAP = 16             # ldap-user, and those behind it
    ACCESS_LDAP_SEARCH = 21

# <Limit> or <LimitExcept>: the methods for which something is said.
cdef struct method_limit:
    bint others                 # all but these
    int name_count
    text *names

# What stands within several of them is said for methods that all of them name.
cdef struct method_limits:
    int count
    method_limit *limits

cdef struct access_op:
    unsigned char op
    bint negated
    bint limited                # it, or what it holds, is said for some methods only
    method_limits limits
    int size                    # nodes of this subtree, itself included
    int network_count
    network *networks
    int name_count
    text *names                 # methods, users; of DBM_GROUP the groups
    int *envs
    int names_number            # GROUP, LDAP: of plan_names; HOST: of plan_hosts
    # GROUP, DBM_GROUP, LDAP: that of an alias; -1: the section's
    int source
    # EXPR: its number; USER, GROUP, DBM_GROUP, LDAP: of the words
    int expr
    bint names_user             # EXPR: it asks for REMOTE_USER

# Order and Satisfy of Apache 2.2, for some methods or for all.
cdef enum:
    ORDER_DENY_ALLOW = 0
    ORDER_ALLOW_DENY = 1
    ORDER_MUTUAL_FAILURE = 2

cdef enum:
    SATISFY_UNSAID = 0
    SATISFY_ALL = 1
    SATISFY_ANY = 2

cdef struct old_word:
    method_limits limits
    int word                    # ORDER_*, SATISFY_*

# mod_access_compat of one section, as far as it says anything.
cdef struct old_access:
    int order_count
    old_word *orders            # the last one that is said for a method holds
    int satisfy_count
    old_word *satisfies
    int allow_count
    access_op *allows           # single conditions; negated: the opposite
    int deny_count
    access_op *denies

# What a section says of passwords. A file is a number (verdicts.pxd).
cdef enum:
    AUTH_UNSAID = -1
    AUTH_NONE = 0
    AUTH_BASIC = 1
    AUTH_DIGEST = 2
    AUTH_OTHER = 3              # an expression has said something else

cdef enum:
    PROVIDER_FILE = 0
    PROVIDER_ANON = 1
    PROVIDER_LDAP = 2
    PROVIDER_DBM = 3
    PROVIDERS_MAX = 16          # of one line

# AuthBasicProvider anon.
cdef struct plan_guests:
    bint anybody
    bint may_be_nobody          # without a name
    bint must_give              # a password
    bint verify                 # that it looks like an address of mail
    int name_count
    text *names

# One who knows users. What an alias does not say is said by the section: -1, NULL.
cdef struct plan_provider:
    unsigned char kind          # PROVIDER_*
    bint is_alias
    int user_file               # FILE, DBM
    int directory
    int attribute_count         # of the directory
    int *attributes
    plan_guests *guests

# In the order in which they are asked.
cdef struct plan_providers:
    int count                   # 0: not said, so it is the file
    plan_provider[PROVIDERS_MAX] list

# AuthDigest*.
cdef struct plan_digest:
    long long lifetime_ms       # of a nonce; 0: it serves once; less: for ever
    bint counts                 # AuthDigestNcCheck
    text domain                 # of the challenge, with its name; may be empty
    plan_providers *providers   # NULL: not said

# Where nobody says it.
cdef plan_digest digest_usual

cdef enum:
    ELSEWHERE_UNSAID = -1
    ELSEWHERE_OFF = -2

cdef struct plan_auth:
    signed char kind            # AUTH_*
    int kind_expr               # of the text that says it; -1: none
    text name                   # of the realm, quotes escaped; data NULL: not said
    int name_expr               # of the realm; -1: none
    int user_file               # -1: not said
    int group_file
    int dbm_user_file
    int dbm_group_file
    int directory               # AuthLDAPURL and its like
    int attribute_count         # ... what it tells of a user, as variables
    int *attributes
    signed char authoritative   # AuthBasicAuthoritative; -1: not said
    signed char forbids         # AuthzSendForbiddenOnFailure
    plan_providers *providers   # NULL: not said
    plan_guests *guests         # NULL: not said
    plan_digest *digest         # NULL: not said

# Groups and realms, and names of Require host, by number; and all are forgotten.
cdef list plan_names
cdef list plan_hosts
# What AuthRequest names, by number.
cdef list auth_requests
