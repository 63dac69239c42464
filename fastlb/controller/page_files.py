"""What the page of balancer-manager is made of beside its tables: style and scripts.

They stand in the page itself, which asks for nothing else, and Content-Security-Policy
names each by its hash: nothing that anybody gets into a page runs. They are read while
the master imports this, as the controller's user need not see the files.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Final

from fastlb.admin.html_page import STYLE as OF_ALL_PAGES

_FOLDER: Final = Path(__file__).parent / "page"


def _text(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


STYLE: Final = OF_ALL_PAGES + _text("manager.css") + _text("uPlot.min.css")
SCRIPTS: Final = (_text("uPlot.iife.min.js"), _text("manager.js"))
POLICY: Final = (
    f"default-src 'none'; style-src {_hash(STYLE)};"
    f" script-src {' '.join(map(_hash, SCRIPTS))}; connect-src 'self';"
    " img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
