# Methods of other packages (fastlb_lbmethod.h says what one is).
#
# A row of methods.pyx has `outside` set, and outside_choose for all of them. What a
# method looks at is a copy, and what it names is checked: it may be wrong, and
# elections go on. It runs in our process: it can do all that we can.

from fastlb.lbmethod cimport (
    FASTLB_LBMETHOD_ABI, FASTLB_LBMETHOD_CAPSULE, FASTLB_NEEDS_KEY, FASTLB_NEEDS_TIMES,
    fastlb_candidate, fastlb_election, fastlb_lbmethod)
