# proxy-html: links in a page become other links, and nothing else of it changes
# (html.pyx, html_maps.pyx).
#
#     text <a class="x" href="http://inner/p?a&amp;b">  text
#                             ^.....................^    a value: taken out, mapped,
#                                                        put back; the rest passes
#
# A page is read as the HTML standard tells its tokens apart (13.2.5), byte by byte; no
# tree is made. What is kept is the name of the element, that of the attribute, and a
# value of interest whose end has not come.
#
# uses: ground/text, filters/lines, filters/replace

# Text with variables of the request (V, v).
cdef struct html_part:
    text literal                # or what stands where the variable is not set
    int env                     # -1: none

cdef struct html_parts:
    int count                   # 0: there are none
    html_part *items

# Where one ProxyHTMLURLMap is heeded, and how.
cdef enum:
    HTML_OF_LINKS = 1
    HTML_OF_EVENTS = 2
    HTML_OF_TEXTS = 4           # scripts, styles, comments
    HTML_AT_START = 8           # ^
    HTML_AT_END = 16            # $
    HTML_LAST = 32              # L
    HTML_NOT_LAST = 64          # l

cdef struct html_map:
    unsigned char flags         # HTML_*
    int regex                   # -1: plain
    int expr                    # -1: no condition
    text wanted
    text replacement
    html_parts wanted_parts     # with ProxyHTMLInterp
    html_parts replacement_parts

# ProxyHTMLLinks of one element.
cdef struct html_link:
    text element
    int count
    text *attributes

# ProxyHTMLEvents.
cdef struct html_events:
    int count
    text *names

# One map for one answer: its variables are filled in.
cdef struct html_rule:
    const html_map *map
    value wanted
    value replacement
    bint given_up               # its pattern took too long in this page

# How links lie in a value.
cdef enum:
    HTML_ALL = 0                # all of it is one, or an event, or a text
    HTML_LIST = 1               # srcset
    HTML_REFRESH = 2            # <meta content>: all of it, or what is behind url=

cdef enum:
    HTML_UNREAD = 0
    HTML_READ_AS_IS = 1         # it has no references
    HTML_READ = 2               # it is in `subject`, up to read_to

# One link at work, from the first map to the last, over turns if need be. What a map
# makes of it is in `other`, and becomes `made`.
cdef struct html_mapping:
    int rule                    # whose turn it is
    flag is_made                # rules before have made something else of it
    unsigned char reading       # HTML_UNREAD, ...
    unsigned int read_to        # of what the rule looks through
    text_search search

# A value at work. It stays where it is, or the same bytes come again in `held`.
cdef struct html_work:
    flag is_begun
    unsigned char form          # HTML_ALL, ...
    flag skips_patterns         # they have had their time
    flag in_link                # from begin to end
    unsigned char looked        # how often for one, but in a list
    flag is_joined              # one of its links is another
    flag is_mapped              # all links are through
    flag is_changed             # ... and one is another: `made` is the value
    unsigned int begin
    unsigned int end
    unsigned int behind         # where the next one is looked for
    unsigned int joined_to      # of the value, in `joined`
    unsigned int fixed_to       # of `made`, by ProxyHTMLFixups
    html_mapping one

cdef enum:
    HTML_PASS = 0               # what comes goes on
    HTML_HOLD = 1               # it is kept until its end has come
    HTML_DROP = 2               # it is taken out

cdef struct html_state:
    # as they were chosen
    int count
    html_rule rules[HTML_MAPS_MAX]
    int link_count
    const html_link *links
    const html_events *events   # NULL: none
    text doctype                # NULL: the page's own
    flag is_xml
    flag extended
    flag strips                 # comments
    flag lower_case
    flag slashes
    flag maps_texts
    # where in the page it is
    unsigned char at            # HTML_AT_*, or HTML_IN_*
    unsigned char how           # HTML_PASS, HOLD, DROP: a token whose end is looked for
    unsigned char quote         # around a value; 0: none
    unsigned char kind          # HTML_OF_*: what the value is
    unsigned char marks         # of "<!-": seen in an earlier piece, and not given yet
    unsigned char steps         # of what ends a token
    flag fresh                  # a comment that has only dashes yet
    flag is_end                 # </name
    flag slash                  # the last byte of the tag
    unsigned char drawings      # <svg> and <math> that are open
    flag wants_doctype          # it has not been put yet
    flag ended
    unsigned char name_length   # HTML_NAME_BYTES_MAX + 1: too long
    unsigned char attribute_length
    char name[HTML_NAME_BYTES_MAX]
    char attribute[HTML_NAME_BYTES_MAX]
    const html_link *link       # of the element; NULL: it has none
    html_work work
    # memory
    text said                   # of the plan: to be given before what is made
    line_buffer held            # what is kept until its end has come
    line_buffer made            # to be given
    line_buffer other           # what the rule before has made
    line_buffer subject         # a value whose references have been read
    line_buffer joined          # a list of links
    unsigned int *places        # of `subject`: where each byte stands in the value
    unsigned int places_room
    unsigned int given          # of `made`
    # for the log
    unsigned int left           # values that were too long, or became so
    long long patterns_us       # of the thread's time
