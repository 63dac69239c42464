"""What a configuration needs where the tests run as root: root must name a User."""

from __future__ import annotations

import os

IS_ROOT = os.geteuid() == 0
# One line either way, so that lines below it have the same number for everybody.
AS_ROOT = "User nobody\n" if IS_ROOT else "# workers stay who started them\n"
