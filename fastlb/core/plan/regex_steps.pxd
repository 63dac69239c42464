# What PCRE2, or a step, gave as the reason of an undecided match, in words.
cdef str regex_reason(int why)
