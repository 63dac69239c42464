# Substitute: what is looked for in each line, and what takes its place.

cdef struct substitution:
    bint is_plain               # n: no pattern
    bint ignore_case            # i, of a plain one
    text wanted
    int regex                   # -1: plain
    text replacement

# A line is at work from its end to the last rule, over turns if need be. What a rule
# looks through is the line, or `made` by the rules before it; what it makes of that is
# in `other`, and becomes `made`.
cdef struct substitute_state:
    line_buffer line            # of which the end has not come, or that is at work
    line_buffer made            # of the last line, and not given yet
    line_buffer other
    unsigned int given          # of `made`
    unsigned int most           # bytes of a line; SubstituteMaxLineLength
    bint at_work
    bint is_made                # the rule looks through `made`
    int rule                    # whose turn it is
    text_search search          # ... in what it looks through
    int count
    const substitution *rules[SUBSTITUTIONS_MAX]
