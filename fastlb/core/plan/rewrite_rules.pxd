# mod_rewrite's rules over the path of a request, as C lists (facts/rewrite.py).
#
# The rules of a server run before a mapping is looked for, those of sections after
# access was decided; what comes of them is seen to in rewritten.pyx. A text to be
# expanded is a list of parts, taken apart by the check; whatever is made of a request
# lies in its arena and is as long as REWRITE_BYTES_MAX lets it be.
#
# Which rules are tried at all: those whose literal prefix the path has. A list with
# more than REWRITE_LIST_PLAIN rules has an index of them, by hash and length, so that
# a rule that is not met costs nothing.
#
# uses: ground/text

cdef struct rewrite_part

cdef struct rewrite_text:
    int count
    rewrite_part *parts

# In the order of facts.rewrite.PartKind.
cdef enum:
    PART_LITERAL = 0
    PART_ESCAPED = 1            # a question mark in it is nobody's
    PART_RULE_GROUP = 2
    PART_COND_GROUP = 3
    PART_VARIABLE = 4
    PART_MAP = 5

cdef struct rewrite_part:
    unsigned char kind          # PART_*
    unsigned char number        # of the group
    int variable                # number (variable_names.pxd); -1: nobody knows it
    int looks_ahead             # LOOKS_*: LA-U and LA-F, where that will be another
    text name                   # ... as written
    text literal                # of ENV: what the process was given
    int map                     # its number; -1: there is none of its name
    rewrite_text key
    rewrite_text fallback

# Which request a variable is asked of.
cdef enum:
    LOOKS_NOWHERE = 0           # this one
    LOOKS_AT_URL = 1            # LA-U
    LOOKS_AT_FILE = 2           # LA-F

# In the order of facts.rewrite.CondTest.
cdef enum:
    TEST_REGEX = 0
    TEST_FILE = 1
    TEST_SIZE = 2
    TEST_LINK = 3
    TEST_DIRECTORY = 4
    TEST_EXECUTABLE = 5
    TEST_URL = 6
    TEST_LOOKED_UP_FILE = 7
    TEST_STRING_LESS = 8
    TEST_STRING_LESS_EQUAL = 9
    TEST_STRING_EQUAL = 10
    TEST_STRING_GREATER = 11
    TEST_STRING_GREATER_EQUAL = 12
    TEST_NUMBER_LESS = 13
    TEST_NUMBER_LESS_EQUAL = 14
    TEST_NUMBER_EQUAL = 15
    TEST_NUMBER_GREATER = 16
    TEST_NUMBER_GREATER_EQUAL = 17
    TEST_EXPRESSION = 18

cdef struct rewrite_cond:
    unsigned char test          # TEST_*
    bint negated
    bint ignore_case
    bint or_next
    bint no_vary
    int regex                   # -1
    int expr                    # -1
    rewrite_text subject
    text pattern                # what is compared with
    text shown
    long long number            # the same as a number

cdef struct rewrite_rule:
    int regex
    bint negated
    text prefix                 # literal beginning of all that matches; length 0: none
    bint prefix_any_case
    text pattern
    text output
    bint substitutes            # False: "-", or a status
    rewrite_text substitution
    int cond_count
    rewrite_cond *conds
    bint follows_chain          # the rule before it has C
    bint proxy
    bint passthrough
    bint redirect
    bint sets_status
    int status
    bint last
    bint end
    bint chain
    bint next_round
    int rounds_max
    int skip
    bint no_subrequest
    bint no_escape
    bint query_append
    bint query_discard
    bint query_last
    bint query_none
    bint discard_path_info
    bint escape_groups
    bint escape_no_plus
    bint escape_controls
    bint has_escapes
    text escapes
    text no_escapes
    bint unsafe_3f
    bint unsafe_prefix_stat
    bint keep_slashes
    int env_count
    rewrite_text *envs
    int cookie_count
    rewrite_text *cookies
    bint has_type
    rewrite_text mime_type
    bint has_handler
    rewrite_text handler
    int lead_count
    int *leads                  # P: indexes into rewrite_server.targets

# Rules by their prefixes (rewrite_index.pyx).
cdef struct rewrite_bucket:
    const char *prefix          # NULL: a free place
    int count
    int *rules

cdef struct rewrite_length:
    unsigned int length
    unsigned int mask           # places, less one
    rewrite_bucket *buckets

cdef struct rewrite_index:
    int any_count
    int *any                    # rules that any path may meet
    int length_count
    rewrite_length *lengths     # ascending

cdef struct rewrite_list:
    int count
    rewrite_rule **rules
    rewrite_index *index        # NULL: the list is walked

# Options (RewriteOptions), bits.
cdef enum:
    OPTION_INHERIT = 1
    OPTION_INHERIT_BEFORE = 2
    OPTION_INHERIT_DOWN = 4
    OPTION_INHERIT_DOWN_BEFORE = 8
    OPTION_IGNORE_INHERIT = 16
    OPTION_NO_SLASH = 32
    OPTION_ANY_URI = 64
    OPTION_MERGE_BASE = 128
    OPTION_IGNORE_CONTEXT = 256
    OPTION_LEGACY_PREFIX = 512
    OPTION_UNSAFE_PREFIX_STAT = 1024

# What one section says.
cdef struct rewrite_dir:
    signed char engine          # -1: not said
    int options                 # -1: not said
    text base                   # length 0: not said
    text directory
    rewrite_list list

# In the order of facts.rewrite_maps.MapKind.
cdef enum:
    MAP_TEXT = 0
    MAP_RANDOM = 1
    MAP_FUNCTION = 2
    MAP_SDBM = 3
    MAP_PROGRAM = 4

# Functions of int:, in the order of FUNCTIONS there.
cdef enum:
    MAP_TO_LOWER = 0
    MAP_TO_UPPER = 1
    MAP_ESCAPE = 2
    MAP_UNESCAPE = 3

cdef struct rewrite_pair:
    value key                   # data NULL: a free place
    value value

# Why a file of a map was not read, beside what errno says.
cdef enum:
    MAP_IS_LARGE = -1
    MAP_IS_NO_FILE = -2         # but a pipe, a directory
    MAP_IS_TORN = -3            # no SDBM file

cdef struct map_block:
    rewrite_pair *pairs         # NULL: none
    unsigned int mask           # places, less one
    unsigned int length
    char *data                  # the file: what keys and values point into
    int problem                 # 0, errno or MAP_IS_*

# One for all maps of the same file.
cdef struct map_file:
    text path                   # ends with a NUL
    bint is_sdbm
    long long looked_us         # when it was looked at; 0: never
    long long changed_ns        # its time and size mixed; 0: it is not there
    map_block held
    map_block fresh             # a thread's own, as long as it reads
    bint is_being_read

cdef struct rewrite_map:
    unsigned char kind          # MAP_*
    text name
    int function
    int file                    # index into map_files; -1
    int program                 # ... of maps_by_program (facts/rewrite_maps.py); -1

# Where rules with [P] lead, each to its own.
cdef struct rewrite_target:
    text scheme                 # in lower case
    text host                   # or the balancer's name; without brackets
    int port                    # 0: a balancer
    int usual_port              # where no port need be said; -1: it is not that one
    text socket                 # of unix:, where rules say it

# A <Directory> or <Files>, by the file that a request would name.
cdef struct rewrite_directory:
    int regex                   # -1
    bint is_glob
    text pattern                # without its last slash; length 0: any
    bint asks_for_name          # <Files>: the last part of the file's path
    int name_regex              # -1
    bint name_is_glob
    text name
    rewrite_dir said

cdef struct rewrite_server:
    bint engine
    int options
    rewrite_list list
    bint has_dirs               # a section has rules
    int directory_count
    rewrite_directory *directories
    text document_root
    int map_count
    rewrite_map *maps
    int target_count
    rewrite_target *targets     # their mappings: plan_vhost.rewrite_mappings
    int trace                   # LogLevel rewrite:traceN; 0: none
