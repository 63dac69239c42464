# Letters of log formats, as kinds and variants of pieces (mod_log_config).

cdef enum:
    LOG_TRAILER = 1             # %^ti; %^to by its variant
    LOG_FIRST_BYTE = 2          # %^FB
    LOG_PROXY_STATUS = 3        # %{proxy-status}n
    LOG_SOURCE_PORT = 4         # %{proxy-source-port}n
    TIME_CLF = 0
    TIME_SEC = 1
    TIME_MSEC = 2
    TIME_USEC = 3
    TIME_MSEC_FRAC = 4
    TIME_USEC_FRAC = 5
    TIME_STRFTIME = 6
    TIME_END = 16               # added: the moment of logging, not of the request
