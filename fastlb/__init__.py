"""fastlb: an Apache-style load balancer with a compiled data path."""

import os.path


def get_include() -> str:
    """The folder of fastlb_lbmethod.h, for those who compile a balancing method."""
    return os.path.join(os.path.dirname(__file__), "include")
