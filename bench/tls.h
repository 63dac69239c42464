/* Bytes through a socket, plain or by TLS: the one place where load.c and member.c
 * touch the TLS library.
 *
 * `link_recv` and `link_send` answer as recv and send do, EAGAIN included; without a
 * `SSL *` they are recv and send. Programs built without -DWITH_TLS need no library
 * and refuse what asks for it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifndef WITH_TLS

typedef void SSL;
#define link_recv(fd, ssl, data, size) recv(fd, data, size, 0)
#define link_send(fd, ssl, data, size) send(fd, data, size, MSG_NOSIGNAL)
#define link_wants_write(ssl) 1
#define link_is_open(ssl) 1
#define link_free(ssl) ((void)(ssl))

#else

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

static SSL_CTX *tls_context;

static void tls_die(const char *what)
{
    fprintf(stderr, "%s: ", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static ssize_t link_failure(SSL *ssl, int result)
{
    int number = errno;
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SYSCALL:
        errno = number;
        return number ? -1 : 0;
    default: /* an end without close_notify, or what is no TLS */
        errno = EPROTO;
        return ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING
                   ? 0 : -1;
    }
}

static ssize_t link_recv(int fd, SSL *ssl, void *data, size_t size)
{
    if (!ssl)
        return recv(fd, data, size, 0);
    ERR_clear_error();
    errno = 0;
    int n = SSL_read(ssl, data, size);
    return n > 0 ? n : link_failure(ssl, n);
}

static ssize_t link_send(int fd, SSL *ssl, const void *data, size_t size)
{
    if (!ssl)
        return send(fd, data, size, MSG_NOSIGNAL);
    ERR_clear_error();
    errno = 0;
    int n = SSL_write(ssl, data, size);
    return n > 0 ? n : link_failure(ssl, n);
}

/* After EAGAIN: whether it is room in the socket that is waited for. */
static inline int link_wants_write(SSL *ssl)
{
    return !ssl || SSL_want_write(ssl);
}

/* Whether the handshake is over. */
static inline int link_is_open(SSL *ssl)
{
    return !ssl || SSL_is_init_finished(ssl);
}

static void link_free(SSL *ssl)
{
    if (!ssl)
        return;
    /* Else the library would take the session for a bad one. */
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl);
}

static SSL *link_new(int fd, int is_server)
{
    SSL *ssl = SSL_new(tls_context);
    if (!ssl || !SSL_set_fd(ssl, fd))
        tls_die("SSL_new");
    if (is_server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    return ssl;
}

static void tls_begin(const SSL_METHOD *method)
{
    tls_context = SSL_CTX_new(method);
    if (!tls_context)
        tls_die("SSL_CTX_new");
    SSL_CTX_set_mode(tls_context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(tls_context, 1); /* one recv for many small records */
}

#endif
