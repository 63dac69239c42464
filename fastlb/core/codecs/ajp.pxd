# AJP 1.3 as bytes: packets of a servlet container, and to one. It knows no exchange.
#
#   to it     0x12 0x34  length  content       type 2 FORWARD_REQUEST, 10 CPING; a piece
#                                              of a body has no type, but its length
#   from it   "AB"       length  content       type 4 SEND_HEADERS, 3 SEND_BODY_CHUNK,
#                                              5 END_RESPONSE, 6 GET_BODY_CHUNK, 9 CPONG
#
# Numbers are two bytes, the higher one first. A string is its length, its bytes and a
# NUL; the length 0xFFFF says that there is none.

cdef enum:
    AJP_FORWARD_REQUEST = 2
    AJP_SEND_BODY_CHUNK = 3
    AJP_SEND_HEADERS = 4
    AJP_END_RESPONSE = 5
    AJP_GET_BODY_CHUNK = 6
    AJP_CPONG = 9
    AJP_CPING = 10
    AJP_PACKET_HEAD = 4         # bytes before the content
    AJP_PIECE_HEAD = 6          # ... of a piece of a body
    AJP_PACKET_BYTES = 8192     # of a packet with its head, where nobody says more
    AJP_PACKET_BYTES_MAX = 65536
    AJP_NO_STRING = 0xFFFF
    AJP_METHOD_STORED = 0xFF    # it has no number, and follows as an attribute

# Attributes of a request.
cdef enum:
    AJP_REMOTE_USER = 3
    AJP_AUTH_TYPE = 4
    AJP_QUERY_STRING = 5
    AJP_JVM_ROUTE = 6
    AJP_SSL_CERT = 7
    AJP_SSL_CIPHER = 8
    AJP_SSL_SESSION = 9
    AJP_ATTRIBUTE = 10
    AJP_SSL_KEY_SIZE = 11
    AJP_SECRET = 12
    AJP_STORED_METHOD = 13
    AJP_ARE_DONE = 0xFF

# How far a decoder is within a packet.
cdef struct ajp_decoder:
    unsigned char state         # AJP_AT_*
    unsigned char type
    unsigned int left           # of the packet's content
    unsigned int data_left      # of a piece of the body
    unsigned int packet_max
    flag ended                  # END_RESPONSE has come
    flag reusable               # ... and says that the connection may be used again
    flag flush                  # a piece of no bytes: what was sent is to be seen
    flag asked                  # GET_BODY_CHUNK
    unsigned int asked_bytes
