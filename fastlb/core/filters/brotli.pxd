# libbrotlienc, opened where the configuration asks for it: a worker without it pays
# nothing (RFC 7932).

cdef extern from "dlfcn.h" nogil:
    int RTLD_NOW, RTLD_LOCAL
    void *dlopen(const char *file, int flags)
    void *dlsym(void *library, const char *name)

# Parameters and operations of the library, by number; its interface is stable.
cdef enum:
    BROTLI_QUALITY = 1
    BROTLI_WINDOW = 2
    BROTLI_BLOCK = 3
    BROTLI_PROCESS = 0
    BROTLI_FLUSH = 1
    BROTLI_FINISH = 2

cdef struct brotli_library:
    void *(*create)(void *take, void *give, void *owner) noexcept nogil
    void (*destroy)(void *coder) noexcept nogil
    int (*set)(void *coder, int parameter, uint32_t number) noexcept nogil
    int (*code)(
        void *coder, int operation, size_t *length, const uint8_t **data, size_t *room,
        uint8_t **out, size_t *total) noexcept nogil
    int (*is_finished)(void *coder) noexcept nogil
    int (*has_more)(void *coder) noexcept nogil
