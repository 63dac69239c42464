# What the name of a file says of it (mod_mime).

# What was found. Values are the plan's, or the request's where several were joined.
cdef struct mime_found:
    value type                  # as it is sent, with a charset; NULL: none
    value encoding              # "x-gzip, x-compress"
    value language              # "fr,en", as httpd joins them
    value handler               # AddHandler's
