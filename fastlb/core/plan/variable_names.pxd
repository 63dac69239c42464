# Server variables that a configuration names, by number: what `%{NAME}` asks for in an
# expression, in mod_rewrite and in values of header rules. variables.pyx gives their
# values.

# Rows of facts.variables.VARIABLES, in their order; behind them what is somebody
# else's, by its own name.
cdef enum:
    VAR_REQUEST_METHOD = 0
    VAR_REQUEST_SCHEME
    VAR_REQUEST_URI
    VAR_REQUEST_FILENAME
    VAR_REMOTE_HOST
    VAR_REMOTE_IDENT
    VAR_REMOTE_USER
    VAR_SERVER_ADMIN
    VAR_SERVER_NAME
    VAR_SERVER_PORT
    VAR_SERVER_PROTOCOL
    VAR_SCRIPT_FILENAME
    VAR_PATH_INFO
    VAR_QUERY_STRING
    VAR_IS_SUBREQ
    VAR_DOCUMENT_ROOT
    VAR_AUTH_TYPE
    VAR_THE_REQUEST
    VAR_CONTENT_TYPE
    VAR_HANDLER
    VAR_REQUEST_LOG_ID
    VAR_SCRIPT_USER
    VAR_SCRIPT_GROUP
    VAR_DOCUMENT_URI
    VAR_LAST_MODIFIED
    VAR_CONTEXT_PREFIX
    VAR_CONTEXT_DOCUMENT_ROOT
    VAR_REQUEST_STATUS
    VAR_REMOTE_ADDR
    VAR_REMOTE_PORT
    VAR_SERVER_ADDR
    VAR_HTTPS
    VAR_IPV6
    VAR_CONN_LOG_ID
    VAR_CONN_REMOTE_ADDR
    VAR_HTTP_USER_AGENT
    VAR_HTTP_PROXY_CONNECTION
    VAR_HTTP_REFERER
    VAR_HTTP_COOKIE
    VAR_HTTP_FORWARDED
    VAR_HTTP_HOST
    VAR_HTTP_ACCEPT
    VAR_TIME_YEAR
    VAR_TIME_MON
    VAR_TIME_DAY
    VAR_TIME_HOUR
    VAR_TIME_MIN
    VAR_TIME_SEC
    VAR_TIME_WDAY
    VAR_TIME
    VAR_SERVER_SOFTWARE
    VAR_API_VERSION
    VAR_REWRITE_API_VERSION
    VAR_REWRITE_SCRIPT_USER
    VAR_REWRITE_SCRIPT_GROUP
    VAR_HTTP2
    VAR_FIELD               # HTTP:name, of the request
    VAR_ANSWER_FIELD        # RESP:name
    VAR_ENV                 # ENV:name, or NOTE:name
    VAR_TLS                 # SSL_name, or SSL:name
    VAR_NOTHING             # a name that nobody knows

cdef struct plan_variable:
    unsigned char kind      # VAR_*
    int number              # VAR_ENV, VAR_TLS: there; VAR_ANSWER_FIELD: its variable
    text name               # VAR_FIELD, VAR_ANSWER_FIELD

# Number of a variable, by the name that stands in %{...}: "REMOTE_ADDR", "HTTP:Host",
# "ENV:x", "NOTE:x", "RESP:Server", "SSL_CIPHER", "SSL:SSL_CIPHER". Letters count in no
# case, but for names of somebody else's. language: facts.variables.Language, or None
# for values of header rules, where a name that nobody knows has no value; else that is
# a ValueError.
cdef int plan_variable_number(str spelled, object language) except -2
# How many there are; by number.
cdef int plan_variable_count
cdef plan_variable *plan_variables
