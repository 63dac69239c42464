/* A member for the bench: answers as cheaply as one epoll loop can.
 *
 *   member [--tls CERTIFICATE KEY] HOST:PORT:NAME ...
 *
 * One process listens on every address given, so that three members cost the load's
 * core one process. Answers by the last segment of the path, made once at start:
 *
 *   /small   200 bytes      /64k  64 KiB      /1m  1 MiB      else 404
 *   /text    64 KiB of words, which compress to a fifth, as pages do
 *   /accepted   how many connections there have been, this one among them
 *   any POST or PUT: the body is read and thrown away, the answer is "/small"'s
 *   Upgrade: websocket       101, and then every message comes back
 *   AJP 1.3 or FastCGI (the first byte tells)   "/small"'s, whatever is asked for
 *
 * Each answer carries "X-Member: NAME". HTTP/1.1 with Content-Length only; a chunked
 * request gets 501, because no proxy here has a reason to send one.
 *
 * Prints "listening NS" per address once it listens and "request NS" with the first
 * request (CLOCK_MONOTONIC): the life-cycle bench times a return to service by them.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tls.h"

enum { EVENTS_MAX = 512, HEAD_BYTES_MAX = 16384, READ_BYTES = 262144, MEMBERS_MAX = 64 };
enum { COUNT_BYTES = 20 };

struct answer {
    char *data;
    size_t size;
};

struct member {
    const char *name;
    struct answer small, big64k, big1m, text, missing, refused, upgraded, ajp, fastcgi,
        accepted;
};

/* A listener has member set and fd only; a connection uses everything. */
struct conn {
    int fd;
    int is_listener;
    SSL *ssl; /* NULL: plain */
    int in_tunnel;
    struct member *member;
    const struct answer *answer; /* being sent, or to be sent after the body */
    size_t sent;
    int64_t body_left;     /* bytes of the request body still to come */
    int close_after;
    int keeps;             /* what FastCGI said with the request that goes on */
    int waits_to_write;
    size_t head_size;      /* bytes kept in head */
    char *head;            /* an incomplete head; NULL most of the time */
};

static int epoll_fd, is_tls;
static int is_first_request = 1;
static long long accepted;
static char scratch[READ_BYTES];

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static long long now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static struct answer make_answer(const char *status, const char *name, size_t body)
{
    static const char line[] = "The quick brown fox jumps over the lazy dog. 0123456789\n";
    struct answer a;
    a.data = malloc(body + 1024);
    if (!a.data)
        die("malloc");
    int head = snprintf(a.data, 1024,
                        "HTTP/1.1 %s\r\n"
                        "Date: Sat, 21 Nov 2026 12:00:00 GMT\r\n"
                        "Server: member/1\r\n"
                        "Content-Type: text/html; charset=utf-8\r\n"
                        "Content-Length: %zu\r\n"
                        "Cache-Control: max-age=60, private\r\n"
                        "ETag: \"5f3e-5b1c-%zx\"\r\n"
                        "Vary: Accept-Encoding\r\n"
                        "X-Member: %s\r\n"
                        "\r\n",
                        status, body, body, name);
    for (size_t i = 0; i < body; i++)
        a.data[head + i] = line[i % (sizeof line - 1)];
    a.size = head + body;
    return a;
}

/* Words of a page, in the place of a body that is one line again and again. */
static void make_words(struct answer *a, size_t body)
{
    static const char *const words[] = {
        "the", "balancer", "of", "requests", "members", "<p>", "</p>", "and", "when",
        "connection", "is", "answered", "by", "href=\"/page/", "\">", "a", "to", "in",
        "configuration", "header", "response", "class=\"item\"", "<div", "</div>\n",
        "time", "server", "with", "which", "it", "for", "were", "example"};
    char *out = a->data + a->size - body, *end = a->data + a->size;
    uint32_t seed = 1;
    while (out < end) {
        seed = seed * 1664525 + 1013904223;
        char word[32];
        int size = snprintf(word, sizeof word, seed >> 28 ? "%s " : "%s%u ",
                            words[seed >> 20 & 31], seed >> 8 & 1023);
        if (size > end - out)
            size = end - out;
        memcpy(out, word, size);
        out += size;
    }
}

/* The answer of RFC 6455 1.3 to the key that load.c sends. */
static struct answer make_upgrade(const char *name)
{
    struct answer a = {.data = malloc(512)};
    if (!a.data)
        die("malloc");
    a.size = snprintf(a.data, 512,
                      "HTTP/1.1 101 Switching Protocols\r\n"
                      "Upgrade: websocket\r\n"
                      "Connection: Upgrade\r\n"
                      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                      "X-Member: %s\r\n"
                      "\r\n",
                      name);
    return a;
}

static char *put16(char *p, unsigned number)
{
    *p++ = number >> 8;
    *p++ = number & 255;
    return p;
}

static char *put_string(char *p, const char *text)
{
    size_t size = strlen(text);
    p = put16(p, size);
    memcpy(p, text, size + 1);
    return p + size + 1;
}

/* The same answer as SEND_HEADERS, SEND_BODY_CHUNK and END_RESPONSE. */
static struct answer make_ajp(const struct answer *small, const char *name)
{
    static const char *const fields[][2] = {
        {"\xa0\x04", "Sat, 21 Nov 2026 12:00:00 GMT"},
        {"Server", "member/1"},
        {"\xa0\x01", "text/html; charset=utf-8"},
        {"\xa0\x03", "200"},
        {"Cache-Control", "max-age=60, private"},
        {"ETag", "\"5f3e-5b1c-c8\""},
        {"Vary", "Accept-Encoding"},
    };
    struct answer a = {.data = malloc(2048)};
    if (!a.data)
        die("malloc");
    char *p = a.data + 4;
    *p++ = 4;
    p = put_string(put16(p, 200), "200");
    p = put16(p, 8);
    for (int i = 0; i < 7; i++) {
        if (*fields[i][0] == '\xa0') {
            memcpy(p, fields[i][0], 2);
            p += 2;
        } else
            p = put_string(p, fields[i][0]);
        p = put_string(p, fields[i][1]);
    }
    p = put_string(put_string(p, "X-Member"), name);
    memcpy(a.data, "AB", 2);
    put16(a.data + 2, p - a.data - 4);
    memcpy(p, "AB\0\xcc\3\0\xc8", 7); /* 204 bytes: 3, 200, they, a NUL */
    memcpy(p + 7, small->data + small->size - 200, 200);
    memcpy(p + 207, "\0AB\0\2\5\1", 7);
    a.size = p + 214 - a.data;
    return a;
}

/* ... as one record of STDOUT and END_REQUEST, which is what php-fpm sends. */
static struct answer make_fastcgi(const struct answer *small, const char *name)
{
    static const char end[16] = {1, 3, 0, 1, 0, 8, 0, 0};
    struct answer a = {.data = malloc(2048)};
    if (!a.data)
        die("malloc");
    int head = snprintf(a.data + 8, 1024,
                        "Content-Type: text/html; charset=utf-8\r\n"
                        "Content-Length: 200\r\n"
                        "Cache-Control: max-age=60, private\r\n"
                        "ETag: \"5f3e-5b1c-c8\"\r\n"
                        "Vary: Accept-Encoding\r\n"
                        "X-Member: %s\r\n"
                        "\r\n",
                        name);
    unsigned said = head + 200, padding = -said & 7;
    memcpy(a.data, "\1\6\0\1", 4);
    *put16(a.data + 4, said) = padding;
    a.data[7] = 0;
    memcpy(a.data + 8 + head, small->data + small->size - 200, 200);
    memset(a.data + 8 + said, 0, padding);
    memcpy(a.data + 8 + said + padding, end, 16);
    a.size = 8 + said + padding + 16;
    return a;
}

static void watch(struct conn *c, int op, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = c};
    if (epoll_ctl(epoll_fd, op, c->fd, &e) < 0)
        die("epoll_ctl");
}

static void listen_on(char *address)
{
    struct sockaddr_in sa = {.sin_family = AF_INET};
    char *port = strchr(address, ':');
    char *name = port ? strchr(port + 1, ':') : NULL;
    if (!name) {
        fprintf(stderr, "member: %s is not HOST:PORT:NAME\n", address);
        exit(2);
    }
    *port++ = *name++ = 0;
    sa.sin_port = htons(atoi(port));
    if (inet_pton(AF_INET, address, &sa.sin_addr) != 1)
        die("inet_pton");
    struct member *m = calloc(1, sizeof *m);
    struct conn *c = calloc(1, sizeof *c);
    if (!m || !c)
        die("calloc");
    m->name = name;
    m->small = make_answer("200 OK", name, 200);
    m->big64k = make_answer("200 OK", name, 65536);
    m->text = make_answer("200 OK", name, 65536);
    make_words(&m->text, 65536);
    m->big1m = make_answer("200 OK", name, 1048576);
    m->accepted = make_answer("200 OK", name, COUNT_BYTES);
    m->missing = make_answer("404 Not Found", name, 20);
    m->refused = make_answer("501 Not Implemented", name, 20);
    m->upgraded = make_upgrade(name);
    m->ajp = make_ajp(&m->small, name);
    m->fastcgi = make_fastcgi(&m->small, name);
    c->is_listener = 1;
    c->member = m;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;
    setsockopt(c->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* inherited */
    if (bind(c->fd, (struct sockaddr *)&sa, sizeof sa) < 0)
        die("bind");
    if (listen(c->fd, 8192) < 0)
        die("listen");
    watch(c, EPOLL_CTL_ADD, EPOLLIN);
    printf("listening %lld\n", now_ns());
    fflush(stdout);
}

#ifdef WITH_TLS

static void begin_server(const char *certificate, const char *key)
{
    tls_begin(TLS_server_method());
    SSL_CTX_set_min_proto_version(tls_context, TLS1_3_VERSION);
    /* So that every proxy comes to the same, whatever it offers. */
    if (!SSL_CTX_set_ciphersuites(tls_context, "TLS_AES_128_GCM_SHA256") ||
        !SSL_CTX_set1_groups_list(tls_context, "X25519"))
        tls_die("TLS settings");
    if (SSL_CTX_use_certificate_chain_file(tls_context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls_context, key, SSL_FILETYPE_PEM) != 1)
        tls_die(certificate);
}

static SSL *greet(int fd)
{
    return is_tls ? link_new(fd, 1) : NULL;
}

#else

static void begin_server(const char *certificate, const char *key)
{
    fprintf(stderr, "member: built without TLS: %s, %s\n", certificate, key);
    exit(2);
}
static SSL *greet(int fd)
{
    (void)fd;
    return NULL;
}

#endif

static void drop(struct conn *c)
{
    link_free(c->ssl);
    close(c->fd);
    free(c->head);
    free(c);
}

static void accept_all(struct conn *listener)
{
    for (;;) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        struct conn *c = calloc(1, sizeof *c);
        if (!c)
            die("calloc");
        accepted++;
        c->fd = fd;
        c->member = listener->member;
        c->ssl = greet(fd);
        watch(c, EPOLL_CTL_ADD, EPOLLIN);
    }
}

static const struct answer *count_of(struct member *m)
{
    char digits[COUNT_BYTES + 1];
    snprintf(digits, sizeof digits, "%*lld", COUNT_BYTES, accepted);
    memcpy(m->accepted.data + m->accepted.size - COUNT_BYTES, digits, COUNT_BYTES);
    return &m->accepted;
}

/* Returns 0 while the connection lives, -1 when it was dropped. */
static int send_answer(struct conn *c)
{
    while (c->sent < c->answer->size) {
        ssize_t n = link_send(c->fd, c->ssl, c->answer->data + c->sent,
                              c->answer->size - c->sent);
        if (n <= 0) {
            if (n < 0 && errno == EAGAIN) {
                if (!c->waits_to_write)
                    watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
                c->waits_to_write = 1;
                return 0;
            }
            drop(c);
            return -1;
        }
        c->sent += n;
    }
    c->answer = NULL;
    c->sent = 0;
    if (c->close_after) {
        drop(c);
        return -1;
    }
    if (c->waits_to_write) {
        watch(c, EPOLL_CTL_MOD, EPOLLIN);
        c->waits_to_write = 0;
    }
    return 0;
}

static const char *field(const char *head, const char *end, const char *name)
{
    size_t size = strlen(name);
    for (const char *p = memchr(head, '\n', end - head); p && p + size + 2 < end;
         p = memchr(p + 1, '\n', end - p - 1))
        if (strncasecmp(p + 1, name, size) == 0 && p[1 + size] == ':') {
            p += size + 2;
            while (*p == ' ')
                p++;
            return p;
        }
    return NULL;
}

static int path_ends(const char *path, const char *end, const char *with)
{
    size_t size = strlen(with);
    return (size_t)(end - path) >= size && memcmp(end - size, with, size) == 0;
}

static void read_head(struct conn *c, const char *head, const char *end)
{
    struct member *m = c->member;
    const char *path = memchr(head, ' ', end - head);
    const char *path_end = path ? memchr(path + 1, ' ', end - path - 1) : NULL;
    const char *value;
    if (is_first_request) {
        is_first_request = 0;
        printf("request %lld\n", now_ns());
        fflush(stdout);
    }
    c->body_left = 0;
    if (!path_end || field(head, end, "Transfer-Encoding")) {
        c->answer = &m->refused;
        c->close_after = 1;
        return;
    }
    if ((value = field(head, end, "Upgrade")) &&
        strncasecmp(value, "websocket", 9) == 0) {
        c->answer = &m->upgraded;
        c->in_tunnel = 1;
        return;
    }
    const char *query = memchr(path, '?', path_end - path);
    const char *stop = query ? query : path_end;
    if ((value = field(head, end, "Content-Length")))
        c->body_left = strtoll(value, NULL, 10);
    if ((value = field(head, end, "Connection")) && strncasecmp(value, "close", 5) == 0)
        c->close_after = 1;
    if (memcmp(path_end + 1, "HTTP/1.0", 8) == 0)
        c->close_after = 1;
    if (*head == 'P' || path_ends(path, stop, "/small"))
        c->answer = &m->small;
    else if (path_ends(path, stop, "/64k"))
        c->answer = &m->big64k;
    else if (path_ends(path, stop, "/text"))
        c->answer = &m->text;
    else if (path_ends(path, stop, "/1m"))
        c->answer = &m->big1m;
    else if (path_ends(path, stop, "/accepted"))
        c->answer = count_of(m);
    else
        c->answer = &m->missing;
}

/* Take one request's head from data; returns the bytes used, 0 if it goes on. */
static size_t take_head(struct conn *c, const char *data, size_t size)
{
    if (c->head_size) { /* the head began in an earlier read */
        size_t room = HEAD_BYTES_MAX - c->head_size, old = c->head_size;
        size_t take = size < room ? size : room;
        memcpy(c->head + old, data, take);
        char *end = memmem(c->head, old + take, "\r\n\r\n", 4);
        if (!end) {
            c->head_size += take;
            return 0;
        }
        read_head(c, c->head, end + 4);
        c->head_size = 0;
        return end + 4 - c->head - old;
    }
    const char *end = memmem(data, size, "\r\n\r\n", 4);
    if (end) {
        read_head(c, data, end + 4);
        return end + 4 - data;
    }
    if (!c->head && !(c->head = malloc(HEAD_BYTES_MAX)))
        die("malloc");
    c->head_size = size < HEAD_BYTES_MAX ? size : HEAD_BYTES_MAX;
    memcpy(c->head, data, c->head_size);
    return 0;
}

/* Send back every whole frame (RFC 6455 5.2) of data, unmasked; bytes used, -1 bad.
 * The frames lie in data, which is changed, and go out with one send. */
static ssize_t echo_frames(struct conn *c, unsigned char *data, size_t size)
{
    size_t at = 0, out = 0;
    while (size - at >= 6) {
        unsigned char *frame = data + at;
        size_t body = frame[1] & 127, head = 6;
        if (!(frame[1] & 128) || body == 127 || (frame[0] & 15) == 8)
            return -1; /* not masked, too long, or the end */
        if (body == 126) {
            if (size - at < 8)
                break;
            body = frame[2] << 8 | frame[3];
            head = 8;
        }
        if (size - at < head + body)
            break;
        unsigned char mask[4];
        memcpy(mask, frame + head - 4, 4);
        for (size_t i = 0; i < body; i++)
            frame[head + i] ^= mask[i % 4];
        frame[1] &= 127;
        memmove(data + out, frame, head - 4);
        memmove(data + out + head - 4, frame + head, body);
        out += head - 4 + body;
        at += head + body;
    }
    /* A client here has one message on its way: the socket has room. */
    if (out && link_send(c->fd, c->ssl, data, out) != (ssize_t)out)
        return -1;
    return at;
}

/* The tunnel's bytes; -1 when the connection was dropped. */
static int take_frames(struct conn *c, char *data, size_t size)
{
    static unsigned char joined[HEAD_BYTES_MAX + READ_BYTES];
    unsigned char *from = (unsigned char *)data;
    if (c->head_size) {
        memcpy(joined, c->head, c->head_size);
        memcpy(joined + c->head_size, data, size);
        from = joined;
        size += c->head_size;
    }
    ssize_t used = echo_frames(c, from, size);
    if (used < 0 || size - used > HEAD_BYTES_MAX) {
        drop(c);
        return -1;
    }
    c->head_size = size - used;
    if (c->head_size && !c->head && !(c->head = malloc(HEAD_BYTES_MAX)))
        die("malloc");
    if (c->head_size)
        memcpy(c->head, from + used, c->head_size);
    return 0;
}

/* Packets of AJP: what is asked for is small and comes in one piece, or is not for us.
 * -1 when the connection was dropped. */
static int take_packets(struct conn *c, const unsigned char *data, size_t size)
{
    while (size >= 5) {
        size_t whole = (data[2] << 8 | data[3]) + 4;
        if (data[0] != 0x12 || data[1] != 0x34 || whole > size || c->answer)
            break;
        if (data[4] == 2) {
            c->answer = &c->member->ajp;
            if (send_answer(c) < 0)
                return -1;
        } else if (data[4] == 10 && send(c->fd, "AB\0\1\x09", 5, 0) != 5)
            break;
        data += whole;
        size -= whole;
    }
    if (size == 0)
        return 0;
    drop(c);
    return -1;
}

/* Records of FastCGI: the empty one of STDIN is answered. They come whole, or are not for
 * us. -1 when the connection was dropped. */
static int take_records(struct conn *c, const unsigned char *data, size_t size)
{
    while (size >= 8) {
        size_t content = data[4] << 8 | data[5], whole = 8 + content + data[6];
        if (data[0] != 1 || whole > size || c->answer)
            break;
        if (data[1] == 1 && content == 8)
            c->keeps = data[10] & 1;
        if (data[1] == 5 && content == 0) {
            c->answer = &c->member->fastcgi;
            c->close_after = !c->keeps;
            if (send_answer(c) < 0)
                return -1;
        }
        data += whole;
        size -= whole;
    }
    if (size == 0)
        return 0;
    drop(c);
    return -1;
}

/* Whether the connection lives and has given bytes. */
static int on_readable(struct conn *c)
{
    if (c->answer && c->body_left == 0)
        return 0; /* still sending: the next request waits in the kernel */
    /* MSG_TRUNC throws a body away without copying it. */
    size_t room = READ_BYTES;
    if (c->body_left > 0 && c->body_left < READ_BYTES)
        room = c->body_left;
    ssize_t n = c->body_left > 0 && !c->ssl ? recv(c->fd, scratch, room, MSG_TRUNC)
                                            : link_recv(c->fd, c->ssl, scratch, room);
    if (n <= 0) {
        if (n == 0 || errno != EAGAIN)
            drop(c);
        return 0;
    }
    if (c->in_tunnel)
        return take_frames(c, scratch, n) == 0;
    if (*scratch == 0x12 && !c->head_size && c->body_left <= 0)
        return take_packets(c, (unsigned char *)scratch, n) == 0;
    if (*scratch == 1 && !c->head_size && c->body_left <= 0)
        return take_records(c, (unsigned char *)scratch, n) == 0;
    const char *data = scratch;
    size_t left = n;
    if (c->body_left > 0) {
        c->body_left -= n;
        left = 0;
        if (c->body_left == 0 && send_answer(c) < 0)
            return 0;
    }
    while (left) {
        size_t used = take_head(c, data, left);
        if (used == 0) {
            if (c->head_size < HEAD_BYTES_MAX)
                return 1;
            drop(c);
            return 0;
        }
        data += used;
        left -= used;
        int64_t body = c->body_left < (int64_t)left ? c->body_left : (int64_t)left;
        c->body_left -= body;
        data += body;
        left -= body;
        if (c->body_left == 0 && send_answer(c) < 0)
            return 0;
        if (c->in_tunnel && left)
            return take_frames(c, (char *)data, left) == 0;
        if (c->answer && left) { /* pipelined behind a full socket: not for us */
            drop(c);
            return 0;
        }
    }
    return 1;
}

int main(int argc, char **argv)
{
    is_tls = argc > 1 && strcmp(argv[1], "--tls") == 0;
    int first = is_tls ? 4 : 1;
    if (argc <= first) {
        fprintf(stderr, "usage: member [--tls CERTIFICATE KEY] HOST:PORT:NAME ...\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    if (is_tls)
        begin_server(argv[2], argv[3]);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (int i = first; i < argc; i++)
        listen_on(argv[i]);
    for (;;) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(epoll_fd, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            struct conn *c = events[i].data.ptr;
            if (c->is_listener)
                accept_all(c);
            else if (events[i].events & EPOLLOUT && c->answer && c->body_left == 0)
                send_answer(c);
            else
                /* The library may hold what epoll cannot see. */
                while (on_readable(c) && is_tls)
                    ;
        }
    }
}
