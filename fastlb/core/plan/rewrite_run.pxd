# What one run over a list of rules keeps, and what becomes of it.
#
# uses: ground/text, plan/rewrite_rules, plan/facts

# What has become of the list.
cdef enum:
    REWRITE_NOTHING = 0
    REWRITE_NORMAL = 1
    REWRITE_NOESCAPE = 2
    REWRITE_STATUS = 3          # r.status answers
    REWRITE_STATUS_SET = 4      # ... because of an error
    REWRITE_WAITS = 5           # for what request_waits says

# What the error log says of a status that nobody wrote.
cdef enum:
    REWRITE_UNSAFE_MARK = 1     # AH10508
    REWRITE_TOO_LONG = 2
    REWRITE_TOO_MANY_ROUNDS = 3     # AH02596
    REWRITE_RAW_QUERY = 4       # AH10410
    REWRITE_RAW_QUERY_IN_DIR = 5    # AH10411
    REWRITE_UNKNOWN_TARGET = 6  # [P] to whom the rule did not name at start
    REWRITE_RAW_TARGET = 7      # AH10408, AH10415
    REWRITE_TOO_MANY_REDIRECTS = 8  # AH00124
    REWRITE_TOO_MANY_LOOKS = 9  # AH00125
    REWRITE_NO_LINKS = 11       # AH00670
    REWRITE_MAP_IS_SILENT = 10  # the program of a map has given no answer

# Scratch of the worker's stack.
cdef struct rewriting:
    request_facts *r
    int trace
    bint is_dir
    value directory             # of the section
    value base
    int options
    value filename              # what the rules have made so far
    value args                  # data NULL: no query
    value path_info
    value uri                   # what patterns are compared with
    value rule_subject          # data NULL: no groups
    value cond_subject
    int status
    int because                 # REWRITE_*: why a status was set; 0
    const rewrite_rule *failed  # ... by whom
    bint map_is_silent          # ... whose program was asked
    bint passes_through         # PT
    bint reduced                # the URL was one of ours
    unsigned int made_bytes     # expanded so far
    const rewrite_rule *last    # that substituted
    rewrite_list merged         # of sections
    int[2 * REGEX_PAIRS_MAX] rule_groups
    int[2 * REGEX_PAIRS_MAX] cond_groups
