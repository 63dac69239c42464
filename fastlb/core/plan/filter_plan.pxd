# Filters over bodies of answers, as sections choose them (facts/filters.py).

# facts.filters.AlterETag
cdef enum:
    ETAG_ADD_SUFFIX = 0
    ETAG_NO_CHANGE = 1
    ETAG_REMOVE = 2

cdef enum:
    CHAIN_RESET = -1            # what is before it is forgotten

cdef struct filter_provider:
    unsigned char filter        # FILTER_*
    int expr                    # -1: types decide
    int type_count
    text *types

# FilterDeclare, or a name of AddOutputFilterByType.
cdef struct smart_filter:
    int name                    # equal names, equal numbers
    unsigned char rank          # as filter_rank
    int provider_count
    filter_provider *providers  # in the order in which they are asked

# AddOutputFilter of one ending of files; no filters: it is taken away.
cdef struct ending_filters:
    text ending                 # in lower case, without its dot
    int count
    unsigned char *filters      # FILTER_*

# What a section says of them.
cdef struct plan_filters:
    bint says_set               # SetOutputFilter
    int set_count
    unsigned char *set          # FILTER_*
    int ending_count
    ending_filters *endings
    int smart_count
    smart_filter *smarts
    int chain_count
    int *chain                  # names, or CHAIN_RESET
    int substitution_count
    substitution *substitutions
    long long line_bytes        # SubstituteMaxLineLength; -1: not set
    signed char inherit_before  # SubstituteInheritBefore; -1: not set
    plan_html *html             # NULL: nothing of pages

cdef struct filter_variables:
    int no_gzip
    int gzip_only               # gzip-only-text/html
    int force_gzip
    int on_errors               # filter-errordocs
    int no_brotli
    int rate_limit
    int rate_burst              # rate-initial-burst
    int force_html              # PROXY_HTML_FORCE
