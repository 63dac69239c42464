"""Keys of a line of the access log that is JSON (`LogFormat json`), in their order.

The core numbers them (JSON_* in core/plan/letters.pxd); docs/logs.md says what each is.
"""

from __future__ import annotations

from typing import Final

JSON_KEYS: Final = (
    *("time", "client", "user", "vhost", "host", "method", "path", "query"),
    *("protocol", "status", "bytes_in", "bytes_out", "duration_us", "first_byte_us"),
    *("balancer", "member", "route", "retries", "request_id", "traceparent"),
    *("parent_id", "tls", "user_agent", "referer", "aborted", "refused_line"),
)
