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

# A value in a line of JSON; its variant is a row of facts.json_log.JSON_KEYS, in their
# order.
cdef enum:
    LOG_JSON = 6
    JSON_TIME = 0
    JSON_CLIENT
    JSON_USER
    JSON_VHOST
    JSON_HOST
    JSON_METHOD
    JSON_PATH
    JSON_QUERY
    JSON_PROTOCOL
    JSON_STATUS
    JSON_BYTES_IN
    JSON_BYTES_OUT
    JSON_DURATION_US
    JSON_FIRST_BYTE_US
    JSON_BALANCER
    JSON_MEMBER
    JSON_ROUTE
    JSON_RETRIES
    JSON_REQUEST_ID
    JSON_TRACEPARENT
    JSON_PARENT_ID
    JSON_TLS
    JSON_USER_AGENT
    JSON_REFERER
    JSON_ABORTED
    JSON_REFUSED_LINE
