# Variables of TLS by number, and which of them go into the environment.

cdef enum:
    ENV_HTTPS = 0       # always, as "on"
    ENV_ALWAYS = 1
    ENV_STD = 2         # SSLOptions StdEnvVars
    ENV_CERT_DATA = 3   # SSLOptions ExportCertData
