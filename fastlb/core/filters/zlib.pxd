# zlib, as far as it is used (RFC 1950 to 1952).

cdef extern from "zlib.h" nogil:
    ctypedef struct z_stream:
        unsigned char *next_in
        unsigned int avail_in
        unsigned long total_in
        unsigned char *next_out
        unsigned int avail_out
        unsigned long total_out
        const char *msg
    int Z_OK, Z_STREAM_END, Z_BUF_ERROR
    int Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH
    int Z_DEFLATED, Z_DEFAULT_STRATEGY
    int deflateInit2(z_stream *z, int level, int method, int window, int memory,
                     int strategy)
    int deflateReset(z_stream *z)
    int deflateParams(z_stream *z, int level, int strategy)
    int deflate(z_stream *z, int flush)
    int deflateEnd(z_stream *z)
    int inflateInit2(z_stream *z, int window)
    int inflate(z_stream *z, int flush)
    int inflateEnd(z_stream *z)
