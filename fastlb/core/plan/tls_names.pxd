# Variables of TLS by number, and which of them go into the environment.

cdef enum:
    ENV_HTTPS = 0       # always, as "on"
    ENV_ALWAYS = 1
    ENV_STD = 2         # SSLOptions StdEnvVars
    ENV_CERT_DATA = 3   # SSLOptions ExportCertData

# Number of a variable.
cdef int plan_tls_name(object name) except -2
# Forget all; all rules are read.
cdef object tls_names_begin()
cdef object tls_names_end()
