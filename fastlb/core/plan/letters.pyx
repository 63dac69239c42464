"""Letters of log formats (letters.pxd)."""

from fastlb.facts import json_log

# (variant, kind) of a piece; the kind is its letter, or one of the above.
cdef tuple format_letter(str kind, str arg):
    cdef str low = arg
    if kind == "json":
        return json_log.JSON_KEYS.index(arg), LOG_JSON
    if kind in ("^ti", "^to"):
        return (1 if kind == "^to" else 0), LOG_TRAILER
    if kind == "^FB":
        return 0, LOG_FIRST_BYTE
    if kind == "t":
        sub = 0
        if low.startswith("end:"):
            sub = TIME_END
            low = low[4:]
        elif low.startswith("begin:"):
            low = low[6:]
        known = ["", "sec", "msec", "usec", "msec_frac", "usec_frac"]
        sub += known.index(low) if low in known else TIME_STRFTIME
        return sub, ord("t")
    if kind == "T":
        return {"": 0, "s": 0, "ms": 1, "us": 2}.get(arg, 0), ord("T")
    if kind == "p":
        return {"local": 1, "remote": 2}.get(arg, 0), ord("p")
    if kind == "n" and low.lower() == "proxy-status":
        return 0, LOG_PROXY_STATUS
    if kind == "n" and low.lower() == "proxy-source-port":
        return 0, LOG_SOURCE_PORT
    if kind == "P":
        return (1 if low.lower() == "hextid" else 0), ord("P")
    if kind == "L":
        return (1 if low.lower() == "c" else 0), ord("L")
    if kind in ("a", "h"):
        return (1 if arg == "c" else 0), ord(kind)
    return 0, ord(kind)
