# What a section says of pages (facts/html.py).

cdef enum:
    HTML_ENABLED = 1
    HTML_EXTENDED = 2
    HTML_INTERPOLATES = 4
    HTML_STRIPS = 8             # comments
    HTML_LOWER_CASE = 16
    HTML_SLASHES = 32

# Sections of one kind are joined among themselves first, as httpd walks over them.
cdef enum:
    HTML_ALONE = 0              # a host, <Proxy>
    HTML_OF_DIRECTORIES = 1
    HTML_OF_FILES = 2
    HTML_OF_LOCATIONS = 3
    HTML_OF_IFS = 4

cdef struct plan_html:
    unsigned char group         # HTML_ALONE...
    unsigned char switches      # HTML_*: what is on
    bint resets                 # what outer sections switch on does not hold
    int map_count
    html_map *maps
    bint says_links
    int link_count
    html_link *links
    html_events *events         # NULL: not said here
    text doctype                # NULL: not said here
