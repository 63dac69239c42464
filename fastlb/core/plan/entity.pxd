# What the answer that is a file of ours says, and which parts of it are sent
# (flow/entity.pyx). It lies in the exchange's arena.
#
# uses: ground/text

# What the name of a file says of it (plan/mime.pyx).
# Values are the plan's, or the request's where several were joined.
cdef struct mime_found:
    value type                  # as it is sent, with a charset; NULL: none
    value encoding              # "x-gzip, x-compress"
    value language              # "fr,en", as httpd joins them
    value handler               # AddHandler's

cdef struct entity_part:
    value before                # text that goes before it
    long long at                # in the file
    long long length

cdef struct entity:
    int status                  # 200, 206, 304, 412 or 416
    mime_found said             # what its name says
    value etag                  # data NULL: none
    value modified              # Last-Modified
    value content_range         # of one part that is less than all of it
    long long modified_s
    long long length            # of what is sent; 412 to HEAD: of the file
    bint no_ranges              # MaxRanges none
    bint is_listing             # a page of ours (flow/listing.pyx)
    int part_count              # more than one: multipart/byteranges
    int part_next
    entity_part *parts
    value after                 # behind the last one
