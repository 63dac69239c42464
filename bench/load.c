/* The load: many HTTP/1.1 clients in one epoll loop, and an exact count of failures.
 * Built with -DWITH_TLS it speaks HTTPS too (--tls).
 *
 *   load --connect HOST:PORT [options]          one JSON object on stdout at the end
 *
 * A closed loop: each connection has one request on its way, or thinks, or is held
 * open. Nothing is ever retried, so every request ends in exactly one of
 *
 *   ok            an expected answer, whole
 *   status        a whole answer with another status
 *   short         a whole answer of another size than --expect-bytes
 *   uncoded       a whole answer without the --expect-coding
 *   misrouted     a whole answer from a member other than the cookie's (--routes)
 *   refused       the connection was not made
 *   reset         ECONNRESET or EPIPE with the request outstanding
 *   eof           the connection ended with the request outstanding
 *   bad           bytes that are no HTTP answer
 *   timeout       no whole answer within --request-timeout
 *   handshake     TLS that came to no connection
 *
 * All but the first are failures. Not failures, but counted: closing after an answer
 * that said so (clean_closes), an end with nothing outstanding (idle_closes; by reset
 * idle_resets).
 *
 * With --messages the first request of a connection asks for a WebSocket, and each one
 * behind it is a message of that size, whose echo is its answer.
 *
 * The CPU clocks of --pids are read by this process at the very moments at which the
 * measured window opens and shuts: requests and CPU time belong to the same window.
 *
 * States of a connection, and what moves it:
 *
 *   CLOSED --open_conn--> SENDING --all sent--> READING --answer whole--> IDLE
 *      ^                     |                      |                      |
 *      '------- failure -----'----------------------'  <--- server's end --'
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
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

enum {
    EVENTS_MAX = 512,
    READ_BYTES = 262144,
    HEAD_BYTES_MAX = 16384,
    ROUTES_MAX = 64,
    PIDS_MAX = 1024,
    MEMBERS_MAX = 64,
    NAME_BYTES = 32,
    CERTIFICATES_MAX = 64,
    SEQUENCE_MAX = 100000,
    FAILURES_KEPT = 20,
    SUB_BUCKETS = 64, /* of the latency histogram, per power of two: 1.6% */
    BUCKETS = 40 * SUB_BUCKETS,
};

#define REFUSED_PAUSE_NS 5000000LL /* before connecting again */
#define SWEEP_NS 50000000LL        /* between looks for overdue requests */

enum state { CLOSED, SENDING, READING, IDLE };
enum framing { IN_HEAD, BY_LENGTH, BY_CHUNKS, UNTIL_CLOSE, BY_ECHO };
enum outcome { OK, STATUS, SHORT, UNCODED, MISROUTED, REFUSED, RESET, END, BAD, TIMEOUT,
               HANDSHAKE, OUTCOMES };
static const char *outcome_names[] = {"ok",      "status", "short", "uncoded",
                                      "misrouted", "refused", "reset", "eof",
                                      "bad",     "timeout", "handshake"};

struct conn {
    int fd;
    SSL *ssl;           /* NULL: plain */
    void *session;      /* the newest ticket; outlives the connection */
    int is_greeted;     /* the handshake was counted */
    int in_tunnel;      /* the WebSocket is open */
    enum state state;
    enum framing framing;
    int route;          /* index in routes */
    int requests;       /* answered on this connection */
    int waits_to_write;
    int status;
    int will_close;     /* the answer said so */
    int is_coded;       /* ... that it has the coding that is expected */
    int member;         /* index in members of this answer, -1 unknown */
    int timer_at;       /* place in the timer heap, -1 none */
    size_t sent;
    size_t head_size;   /* bytes kept in head */
    char *head;
    int64_t left;       /* of the body, or of the chunk */
    int64_t body_bytes; /* received */
    int chunk_state;    /* 0 size, 1 data, 2 data's CRLF, 3 trailer; see take_chunks */
    int chunk_digits, line_bytes;
    int64_t start_ns, due_ns;
};

static struct {
    struct sockaddr_in address;
    int connections, close_each, per_connection, in_flight, sources, check_route;
    int is_tls, resumes;
    const char *ciphers, *groups;
    size_t message_bytes;
    long requests;
    double seconds, warmup, hold, request_timeout;
    int64_t think_ns, expect_bytes;
    const char *method, *path, *coding;
    size_t body_bytes;
    int wants_sequence, status;
} opt = {.connections = 1, .method = "GET", .path = "/", .sources = 8, .check_route = 1,
         .request_timeout = 10, .expect_bytes = -1, .status = 200,
         .ciphers = "TLS_AES_128_GCM_SHA256", .groups = "X25519"};

static int epoll_fd, route_count, member_count, pid_count, heap_size;
static char routes[ROUTES_MAX][NAME_BYTES], members[MEMBERS_MAX][NAME_BYTES];
static long member_hits[MEMBERS_MAX];
static struct answer_to_send {
    char *data;
    size_t size;
} requests[ROUTES_MAX], message, echo;
static struct conn *conns, **heap;
static char scratch[READ_BYTES];
static uint8_t *sequence;
static long sequence_size;

static pid_t pids[PIDS_MAX];
static int64_t cpu_start[PIDS_MAX], cpu_ns[PIDS_MAX];

static int64_t start_ns, window_ns, end_ns, now, first_failure_ns, last_failure_ns;
static int in_window, is_ending;
static volatile sig_atomic_t is_stopped;
static long started, outstanding, counts[OUTCOMES], window_requests, status_counts[600];
static long connects, clean_closes, idle_closes, idle_resets, unsolicited;
static long handshakes, resumed;
static char tls_described[128];
static struct {
    char serial[64];
    long handshakes;
} certificates[CERTIFICATES_MAX];
static int certificate_count;
static int64_t window_bytes, window_elapsed;
static uint64_t histogram[BUCKETS];
static int64_t latency_max;
static struct {
    int64_t at_ns;
    int outcome, status, requests;
    int64_t received;
} failures[FAILURES_KEPT];
static long failure_count;

static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec t;
    if (clock_gettime(clock, &t) < 0)
        return -1;
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void read_cpu(int64_t *into)
{
    clockid_t clock;
    for (int i = 0; i < pid_count; i++)
        into[i] = clock_getcpuclockid(pids[i], &clock) == 0 ? clock_ns(clock) : -1;
}

/* ---- timers: a heap by due_ns; one timer per connection ---- */

static void heap_put(int at, struct conn *c)
{
    heap[at] = c;
    c->timer_at = at;
}

static void heap_fix(int at)
{
    struct conn *c = heap[at];
    while (at > 0 && heap[(at - 1) / 2]->due_ns > c->due_ns) {
        heap_put(at, heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        int child = 2 * at + 1;
        if (child + 1 < heap_size && heap[child + 1]->due_ns < heap[child]->due_ns)
            child++;
        if (child >= heap_size || heap[child]->due_ns >= c->due_ns)
            break;
        heap_put(at, heap[child]);
        at = child;
    }
    heap_put(at, c);
}

static void timer_clear(struct conn *c)
{
    int at = c->timer_at;
    if (at < 0)
        return;
    c->timer_at = -1;
    struct conn *last = heap[--heap_size];
    if (at < heap_size) {
        heap_put(at, last);
        heap_fix(at);
    }
}

static void timer_set(struct conn *c, int64_t due)
{
    timer_clear(c);
    c->due_ns = due;
    heap_put(heap_size++, c);
    heap_fix(heap_size - 1);
}

/* ---- the record ---- */

static int bucket_of(int64_t us)
{
    if (us < SUB_BUCKETS)
        return us < 0 ? 0 : us;
    int power = 63 - __builtin_clzll(us) - 5; /* us >> power lies in 32..63 */
    int b = power * SUB_BUCKETS / 2 + (int)(us >> power) + SUB_BUCKETS / 2 - 32;
    return b < BUCKETS ? b : BUCKETS - 1;
}

static double bucket_us(int b)
{
    if (b < SUB_BUCKETS)
        return b;
    int power = (b - SUB_BUCKETS) / (SUB_BUCKETS / 2) + 1;
    int rest = (b - SUB_BUCKETS) % (SUB_BUCKETS / 2) + SUB_BUCKETS / 2;
    return (double)((int64_t)rest << power);
}

static double percentile_us(double share)
{
    uint64_t total = 0, seen = 0;
    for (int i = 0; i < BUCKETS; i++)
        total += histogram[i];
    for (int i = 0; i < BUCKETS; i++) {
        seen += histogram[i];
        if (total && seen >= share * total)
            return bucket_us(i);
    }
    return 0;
}

static void settle(struct conn *c, enum outcome what)
{
    counts[what]++;
    outstanding--;
    if (what == OK) {
        int64_t took = now - c->start_ns;
        if (in_window) {
            window_requests++;
            window_bytes += c->body_bytes;
            histogram[bucket_of(took / 1000)]++;
            if (took > latency_max)
                latency_max = took;
        }
        return;
    }
    if (failure_count < FAILURES_KEPT) {
        failures[failure_count].at_ns = now;
        failures[failure_count].outcome = what;
        failures[failure_count].status = c->status;
        failures[failure_count].requests = c->requests;
        failures[failure_count].received = c->body_bytes + c->head_size;
    }
    failure_count++;
    if (!first_failure_ns)
        first_failure_ns = now;
    last_failure_ns = now;
}

/* ---- TLS ---- */

#ifdef WITH_TLS

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    struct conn *c = SSL_get_app_data(ssl);
    if (c->session)
        SSL_SESSION_free(c->session);
    c->session = session;
    return 1;
}

/* What the client offers is all there is to agree on: the same for every server. */
static void begin_client(void)
{
    tls_begin(TLS_client_method());
    SSL_CTX_set_min_proto_version(tls_context, TLS1_3_VERSION);
    if (!SSL_CTX_set_ciphersuites(tls_context, opt.ciphers) ||
        !SSL_CTX_set1_groups_list(tls_context, opt.groups) ||
        SSL_CTX_set_alpn_protos(tls_context, (const unsigned char *)"\x08http/1.1", 9))
        tls_die("TLS settings");
    if (opt.resumes) {
        SSL_CTX_set_session_cache_mode(tls_context, SSL_SESS_CACHE_CLIENT |
                                                        SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(tls_context, keep_session);
    }
}

static void greet(struct conn *c)
{
    c->ssl = link_new(c->fd, 0);
    c->is_greeted = 0;
    SSL_set_app_data(c->ssl, c);
    SSL_set_tlsext_host_name(c->ssl, "www.example.test");
    if (c->session)
        SSL_set_session(c->ssl, c->session);
}

/* Count a handshake that has just ended; a full one by the certificate it showed. */
static void count_handshake(struct conn *c)
{
    c->is_greeted = 1;
    handshakes++;
    resumed += SSL_session_reused(c->ssl);
    if (!*tls_described)
        snprintf(tls_described, sizeof tls_described, "%s %s %s", SSL_get_version(c->ssl),
                 SSL_get_cipher_name(c->ssl),
                 OBJ_nid2sn(SSL_get_negotiated_group(c->ssl)));
    if (SSL_session_reused(c->ssl))
        return; /* the certificate it has is of the session's first handshake */
    X509 *certificate = SSL_get0_peer_certificate(c->ssl);
    const ASN1_INTEGER *number = certificate ? X509_get0_serialNumber(certificate) : NULL;
    uint64_t serial = 0;
    if (!number || !ASN1_INTEGER_get_uint64(&serial, number))
        return;
    char name[64];
    snprintf(name, sizeof name, "%llx", (unsigned long long)serial);
    int i = 0;
    while (i < certificate_count && strcmp(certificates[i].serial, name))
        i++;
    if (i == CERTIFICATES_MAX)
        return;
    if (i == certificate_count)
        strcpy(certificates[certificate_count++].serial, name);
    certificates[i].handshakes++;
}

#else

static void begin_client(void)
{
    fprintf(stderr, "load: built without TLS\n");
    exit(2);
}
static void greet(struct conn *c) { (void)c; }
static void count_handshake(struct conn *c) { (void)c; }

#endif

/* ---- connections ---- */

static void next_step(struct conn *c);

static void close_conn(struct conn *c)
{
    link_free(c->ssl);
    c->ssl = NULL;
    c->in_tunnel = 0;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->state = CLOSED;
    c->head_size = 0;
    timer_clear(c);
}

static void watch(struct conn *c, int op, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = c};
    if (epoll_ctl(epoll_fd, op, c->fd, &e) < 0)
        die("epoll_ctl");
}

static void fail(struct conn *c, enum outcome what)
{
    settle(c, what);
    close_conn(c);
    if (what == REFUSED && opt.hold <= 0)
        timer_set(c, now + REFUSED_PAUSE_NS);
    else
        next_step(c);
}

static enum outcome outcome_of_errno(struct conn *c)
{
    if (c->ssl && !link_is_open(c->ssl) && errno != ECONNREFUSED)
        return HANDSHAKE;
    if (errno == ECONNREFUSED || errno == ETIMEDOUT || errno == EADDRNOTAVAIL ||
        (errno == ECONNRESET && c->sent == 0 && c->requests == 0))
        return REFUSED;
    return RESET;
}

static void send_request(struct conn *c)
{
    struct answer_to_send *r = c->in_tunnel ? &message : &requests[c->route];
    while (c->sent < r->size) {
        ssize_t n = link_send(c->fd, c->ssl, r->data + c->sent, r->size - c->sent);
        if (n <= 0) {
            if (n < 0 && (errno == EAGAIN || errno == ENOTCONN)) {
                int waits = link_wants_write(c->ssl);
                if (waits != c->waits_to_write)
                    watch(c, EPOLL_CTL_MOD,
                          EPOLLIN | EPOLLRDHUP | (waits ? EPOLLOUT : 0));
                c->waits_to_write = waits;
                return;
            }
            fail(c, outcome_of_errno(c));
            return;
        }
        c->sent += n;
    }
    if (c->waits_to_write)
        watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLRDHUP);
    c->waits_to_write = 0;
    c->state = READING;
    if (c->ssl && !c->is_greeted)
        count_handshake(c);
}

static int open_conn(struct conn *c)
{
    static unsigned next_source;
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        die("socket");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (opt.sources > 1) { /* so that ports in TIME_WAIT do not run out */
        struct sockaddr_in from = {.sin_family = AF_INET};
        from.sin_addr.s_addr = htonl(0x7f000001 + next_source++ % opt.sources);
        setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        if (bind(c->fd, (struct sockaddr *)&from, sizeof from) < 0)
            die("bind");
    }
    connects++;
    c->requests = 0;
    c->waits_to_write = 0;
    if (connect(c->fd, (struct sockaddr *)&opt.address, sizeof opt.address) < 0 &&
        errno != EINPROGRESS)
        return -1;
    watch(c, EPOLL_CTL_ADD, EPOLLIN | EPOLLRDHUP);
    if (opt.is_tls)
        greet(c);
    return 0;
}

static void start_request(struct conn *c)
{
    started++;
    outstanding++;
    now = c->start_ns = clock_ns(CLOCK_MONOTONIC);
    c->state = SENDING;
    c->framing = IN_HEAD;
    c->sent = c->head_size = 0;
    c->status = 0;
    c->will_close = 0;
    c->is_coded = 0;
    c->member = -1;
    c->body_bytes = 0;
    if (c->fd < 0 && open_conn(c) < 0) {
        fail(c, outcome_of_errno(c));
        return;
    }
    if (c->in_tunnel) {
        c->framing = BY_ECHO;
        c->left = echo.size;
    }
    send_request(c);
}

static int may_start(void)
{
    return !is_ending && !(opt.requests && started >= opt.requests) &&
           !(opt.in_flight && outstanding >= opt.in_flight);
}

/* Decide what a connection with nothing outstanding does next. */
static void next_step(struct conn *c)
{
    if (opt.hold > 0) /* --hold: main() starts the requests, in two passes */
        return;
    if (opt.think_ns) /* always by the timer, so that ends are seen before sends */
        timer_set(c, now + 1 + (int64_t)(drand48() * opt.think_ns));
    else if (c->fd < 0)
        timer_set(c, now); /* not from here: a failure could recurse for ever */
    else if (may_start())
        start_request(c);
}

static void answer_is_whole(struct conn *c)
{
    enum outcome what = OK;
    int opens_tunnel = opt.message_bytes && !c->in_tunnel;
    if (c->in_tunnel)
        ; /* the bytes were compared as they came */
    else if (c->status != (opens_tunnel ? 101 : opt.status))
        what = STATUS;
    else if (opt.expect_bytes >= 0 && c->body_bytes != opt.expect_bytes)
        what = SHORT;
    else if (opt.coding && !c->is_coded)
        what = UNCODED;
    else if (route_count && opt.check_route &&
             (c->member < 0 || strcmp(members[c->member], routes[c->route])))
        what = MISROUTED;
    if (c->status > 0 && c->status < 600)
        status_counts[c->status]++;
    if (c->member >= 0) {
        member_hits[c->member]++;
        if (sequence && sequence_size < SEQUENCE_MAX)
            sequence[sequence_size++] = c->member;
    }
    settle(c, what);
    c->requests++;
    c->head_size = 0;
    if (opens_tunnel && what == OK)
        c->in_tunnel = 1;
    else if (opens_tunnel)
        c->will_close = 1;
    int unsent = c->state == SENDING; /* refused before it was all sent */
    c->state = IDLE;
    if (c->will_close && !opt.close_each)
        clean_closes++;
    if (c->will_close || opt.close_each || unsent ||
        (opt.per_connection && c->requests >= opt.per_connection))
        close_conn(c);
    next_step(c);
}

static const char *field(const char *head, const char *end, const char *name)
{
    size_t size = strlen(name);
    for (const char *p = memchr(head, '\n', end - head); p && p + size + 2 < end;
         p = memchr(p + 1, '\n', end - p - 1))
        if (strncasecmp(p + 1, name, size) == 0 && p[1 + size] == ':') {
            p += size + 2;
            while (*p == ' ' || *p == '\t')
                p++;
            return p;
        }
    return NULL;
}

static int member_index(const char *name)
{
    size_t size = strcspn(name, "\r\n ;,");
    if (size >= NAME_BYTES)
        size = NAME_BYTES - 1;
    for (int i = 0; i < member_count; i++)
        if (strlen(members[i]) == size && memcmp(members[i], name, size) == 0)
            return i;
    if (member_count == MEMBERS_MAX)
        return -1;
    memcpy(members[member_count], name, size);
    return member_count++;
}

/* head..end is one whole head. Returns 1 for a final answer, 0 for 1xx, -1 bad. */
static int read_head(struct conn *c, const char *head, const char *end)
{
    const char *value;
    if (end - head < 13 || memcmp(head, "HTTP/1.", 7) || !isdigit(head[9]))
        return -1;
    c->status = atoi(head + 9);
    if (c->status == 101 && opt.message_bytes) {
        c->framing = BY_LENGTH;
        c->left = 0;
        return 1;
    }
    if (c->status / 100 == 1)
        return 0;
    c->will_close = head[7] == '0';
    if ((value = field(head, end, "Connection"))) {
        if (strncasecmp(value, "close", 5) == 0)
            c->will_close = 1;
        else if (strncasecmp(value, "keep-alive", 10) == 0)
            c->will_close = 0;
    }
    if (opt.coding && (value = field(head, end, "Content-Encoding"))) {
        size_t size = strlen(opt.coding);
        c->is_coded = strncasecmp(value, opt.coding, size) == 0 && value[size] == '\r';
    }
    if ((value = field(head, end, "X-Member")))
        c->member = member_index(value);
    if (c->status == 204 || c->status == 304 || strcmp(opt.method, "HEAD") == 0) {
        c->framing = BY_LENGTH;
        c->left = 0;
    } else if ((value = field(head, end, "Transfer-Encoding"))) {
        c->framing = BY_CHUNKS;
        c->chunk_state = c->chunk_digits = 0;
        c->left = 0;
    } else if ((value = field(head, end, "Content-Length"))) {
        c->framing = BY_LENGTH;
        c->left = strtoll(value, NULL, 10);
    } else {
        c->framing = UNTIL_CLOSE;
        c->will_close = 1;
    }
    return 1;
}

/* Bytes of data used; *whole is set behind the last chunk; -1 bad. */
static ssize_t take_chunks(struct conn *c, const char *data, size_t size, int *whole)
{
    size_t i = 0;
    while (i < size) {
        char ch = data[i];
        if (c->chunk_state == 1) {
            int64_t n = c->left < (int64_t)(size - i) ? c->left : (int64_t)(size - i);
            c->left -= n;
            c->body_bytes += n;
            i += n;
            if (c->left == 0)
                c->chunk_state = 2;
            continue;
        }
        i++;
        if (c->chunk_state == 2) {
            if (ch == '\n')
                c->chunk_state = c->chunk_digits = 0;
        } else if (c->chunk_state == 3) { /* trailer: an empty line ends it */
            if (ch == '\n') {
                if (c->line_bytes == 0) {
                    *whole = 1;
                    return i;
                }
                c->line_bytes = 0;
            } else if (ch != '\r')
                c->line_bytes++;
        } else if (ch == '\n') {
            if (!c->chunk_digits)
                return -1;
            c->chunk_state = c->left ? 1 : 3;
            c->line_bytes = 0;
        } else if (isxdigit(ch) && c->chunk_digits >= 0) {
            c->left = c->left * 16 + (isdigit(ch) ? ch - '0' : (ch | 32) - 'a' + 10);
            if (++c->chunk_digits > 15)
                return -1;
        }
    }
    return i;
}

/* An answer's bytes, head and what follows it. */
static void take(struct conn *c, const char *data, size_t size)
{
    while (c->framing == IN_HEAD) {
        const char *from = data, *end;
        size_t had = c->head_size;
        if (had) {
            size_t room = HEAD_BYTES_MAX - had, n = size < room ? size : room;
            memcpy(c->head + had, data, n);
            from = c->head;
            end = memmem(from, had + n, "\r\n\r\n", 4);
        } else
            end = memmem(data, size, "\r\n\r\n", 4);
        if (!end) {
            if (had + size > HEAD_BYTES_MAX) {
                fail(c, BAD);
                return;
            }
            if (!c->head && !(c->head = malloc(HEAD_BYTES_MAX)))
                die("malloc");
            if (!had)
                memcpy(c->head, data, size);
            c->head_size = had + size;
            return;
        }
        int is_final = read_head(c, from, end + 4);
        if (is_final < 0) {
            fail(c, BAD);
            return;
        }
        size_t used = end + 4 - from - had;
        data += used;
        size -= used;
        c->head_size = 0;
        if (!is_final && size == 0)
            return;
    }
    int whole = 0;
    if (c->framing == BY_LENGTH || c->framing == BY_ECHO) {
        if ((int64_t)size > c->left ||
            (c->framing == BY_ECHO &&
             memcmp(data, echo.data + (echo.size - c->left), size))) {
            fail(c, BAD);
            return;
        }
        c->left -= size;
        c->body_bytes += size;
        whole = c->left == 0;
    } else if (c->framing == BY_CHUNKS) {
        ssize_t used = take_chunks(c, data, size, &whole);
        if (used < 0 || (whole && used < (ssize_t)size)) {
            fail(c, BAD);
            return;
        }
    } else
        c->body_bytes += size;
    if (whole)
        answer_is_whole(c);
}

static void idle_end(struct conn *c, ssize_t n)
{
    if (n > 0)
        unsolicited++;
    else if (n == 0)
        idle_closes++;
    else
        idle_resets++;
    int64_t due = c->due_ns;
    int had_timer = c->timer_at >= 0;
    close_conn(c);
    if (had_timer)
        timer_set(c, due);
}

/* Whether there may be more to read. */
static int on_readable(struct conn *c)
{
    /* MSG_TRUNC throws a body away without copying it. */
    int in_body = c->state == READING && c->framing == BY_LENGTH && c->left > 0;
    ssize_t n = in_body && !c->ssl ? recv(c->fd, NULL, c->left, MSG_TRUNC)
                                   : link_recv(c->fd, c->ssl, scratch, READ_BYTES);
    if (n < 0 && errno == EAGAIN)
        return 0;
    if (c->state == IDLE) {
        idle_end(c, n);
        return 0;
    }
    in_body = in_body && n <= c->left;
    if (n < 0) {
        fail(c, outcome_of_errno(c));
    } else if (n == 0) {
        if (c->framing == UNTIL_CLOSE)
            answer_is_whole(c);
        else
            fail(c, END);
    } else if (in_body) {
        c->left -= n;
        c->body_bytes += n;
        if (c->left == 0)
            answer_is_whole(c);
    } else
        take(c, scratch, n);
    return n > 0;
}

static void on_event(struct conn *c, uint32_t events)
{
    if (c->fd < 0)
        return;
    if (c->state == SENDING && (events & EPOLLOUT || !link_is_open(c->ssl))) {
        send_request(c);
        if (c->fd < 0 || c->state != SENDING)
            return;
    }
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        while (on_readable(c) && c->ssl) /* the library holds what epoll cannot see */
            ;
}

/* ---- the run ---- */

static void fire_timers(void)
{
    while (heap_size && heap[0]->due_ns <= now) {
        struct conn *c = heap[0];
        timer_clear(c);
        if (may_start())
            start_request(c);
        else if (!is_ending && !(opt.requests && started >= opt.requests))
            timer_set(c, now + 1000000); /* held back by --in-flight */
    }
}

static void sweep_overdue(void)
{
    int64_t limit = opt.request_timeout * 1e9;
    for (int i = 0; i < opt.connections; i++) {
        struct conn *c = &conns[i];
        if ((c->state == SENDING || c->state == READING) && now - c->start_ns > limit)
            fail(c, TIMEOUT);
    }
}

/* One turn: events, then timers; waits for at most the time given. */
static void turn(int64_t wait_ns)
{
    static int64_t next_sweep;
    struct epoll_event events[EVENTS_MAX];
    if (heap_size && heap[0]->due_ns - now < wait_ns)
        wait_ns = heap[0]->due_ns - now;
    if (wait_ns > SWEEP_NS)
        wait_ns = SWEEP_NS;
    if (wait_ns < 0)
        wait_ns = 0;
    struct timespec wait = {.tv_nsec = wait_ns};
    int count = epoll_pwait2(epoll_fd, events, EVENTS_MAX, &wait, NULL);
    now = clock_ns(CLOCK_MONOTONIC);
    for (int i = 0; i < count; i++)
        on_event(events[i].data.ptr, events[i].events);
    fire_timers();
    if (now >= next_sweep) {
        sweep_overdue();
        next_sweep = now + SWEEP_NS;
    }
}

static void open_window(void)
{
    in_window = 1;
    window_ns = clock_ns(CLOCK_MONOTONIC);
    read_cpu(cpu_start);
}

static void shut_window(void)
{
    if (!in_window)
        return;
    int64_t cpu_end[PIDS_MAX];
    read_cpu(cpu_end);
    window_elapsed = clock_ns(CLOCK_MONOTONIC) - window_ns;
    for (int i = 0; i < pid_count; i++)
        cpu_ns[i] = cpu_end[i] < 0 || cpu_start[i] < 0 ? -1 : cpu_end[i] - cpu_start[i];
    in_window = 0;
}

static void finish_outstanding(void)
{
    is_ending = 1;
    while (outstanding > 0)
        turn(SWEEP_NS);
}

static void run_load(void)
{
    for (int i = 0; i < opt.connections; i++) {
        if (opt.think_ns)
            timer_set(&conns[i], now + (int64_t)(drand48() * opt.think_ns));
        else
            timer_set(&conns[i], now);
    }
    int64_t opens = start_ns + (int64_t)(opt.warmup * 1e9);
    end_ns = INT64_MAX;
    while (!is_stopped && now < end_ns &&
           !(opt.requests && started >= opt.requests && outstanding == 0)) {
        if (!in_window && now >= opens) {
            open_window();
            if (opt.seconds > 0)
                end_ns = window_ns + (int64_t)(opt.seconds * 1e9);
        }
        turn((in_window ? end_ns : opens) - now);
    }
    shut_window();
    finish_outstanding();
}

/* Every connection asks once; all are held open; every connection asks again. */
static void run_hold(void)
{
    for (int pass = 0; pass < 2 && !is_stopped; pass++) {
        if (pass == 1) {
            int64_t until = now + (int64_t)(opt.hold * 1e9);
            printf("held\n"); /* whoever started us may measure now */
            fflush(stdout);
            while (now < until && !is_stopped)
                turn(until - now);
        }
        for (int i = 0; i < opt.connections; i++) {
            while (outstanding >= (opt.in_flight ? opt.in_flight : 64))
                turn(SWEEP_NS);
            if (pass == 0 || conns[i].fd >= 0)
                start_request(&conns[i]);
        }
        while (outstanding > 0)
            turn(SWEEP_NS);
    }
    is_ending = 1;
}

static void build_requests(void)
{
    int count = route_count ? route_count : 1;
    for (int i = 0; i < count; i++) {
        char *data = malloc(4096 + opt.body_bytes), body_fields[128] = "", cookie[128] = "";
        if (!data)
            die("malloc");
        if (opt.body_bytes)
            snprintf(body_fields, sizeof body_fields,
                     "Content-Type: application/octet-stream\r\n"
                     "Content-Length: %zu\r\n", opt.body_bytes);
        if (route_count)
            snprintf(cookie, sizeof cookie, "; LB=%.31s; SESSION=8f14e45fceea167a.%.31s",
                     routes[i], routes[i]);
        int size = snprintf(
            data, 4096,
            "%s %s HTTP/1.1\r\n"
            "Host: www.example.test\r\n"
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 "
            "Firefox/128.0\r\n"
            "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,"
            "image/avif,image/webp,*/*;q=0.8\r\n"
            "Accept-Language: en-US,en;q=0.5\r\n"
            "Accept-Encoding: gzip, deflate, br\r\n"
            "Referer: http://www.example.test/start\r\n"
            "Cookie: theme=dark; lang=en%s\r\n"
            "%s%s\r\n",
            opt.method, opt.path, cookie, body_fields,
            opt.message_bytes ? "Upgrade: websocket\r\n"
                                "Connection: Upgrade\r\n"
                                "Sec-WebSocket-Version: 13\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            : opt.close_each ? "Connection: close\r\n" : "");
        memset(data + size, 'x', opt.body_bytes);
        requests[i].data = data;
        requests[i].size = size + opt.body_bytes;
    }
}

/* One binary frame (RFC 6455 5.2); a client's is masked, a server's is not. */
static void build_frame(struct answer_to_send *frame, size_t size, const char *mask)
{
    size_t at = size < 126 ? 2 : 4;
    char *data = frame->data = malloc(size + 8);
    if (!data)
        die("malloc");
    data[0] = (char)0x82;
    data[1] = size < 126 ? size : 126;
    if (at == 4) {
        data[2] = size >> 8;
        data[3] = size & 255;
    }
    if (mask) {
        data[1] |= (char)0x80;
        memcpy(data + at, mask, 4);
        at += 4;
    }
    for (size_t i = 0; i < size; i++)
        data[at + i] = ('a' + i % 26) ^ (mask ? mask[i % 4] : 0);
    frame->size = at + size;
}

static void build_messages(void)
{
    build_frame(&message, opt.message_bytes, "\x37\xfa\x21\x3d");
    build_frame(&echo, opt.message_bytes, NULL);
}

static void print_report(void)
{
    long failed = started - counts[OK];
    printf("{\"elapsed_s\": %.6f, \"started\": %ld, \"failed\": %ld",
           window_elapsed / 1e9, started, failed);
    for (int i = 0; i < OUTCOMES; i++)
        printf(", \"%s\": %ld", outcome_names[i], counts[i]);
    printf(", \"window_requests\": %ld, \"window_bytes\": %lld", window_requests,
           (long long)window_bytes);
    printf(", \"p50_us\": %.0f, \"p99_us\": %.0f, \"p999_us\": %.0f, \"max_us\": %.0f",
           percentile_us(.5), percentile_us(.99), percentile_us(.999), latency_max / 1e3);
    printf(", \"connects\": %ld, \"clean_closes\": %ld, \"idle_closes\": %ld, "
           "\"idle_resets\": %ld, \"unsolicited\": %ld",
           connects, clean_closes, idle_closes, idle_resets, unsolicited);
    printf(", \"first_failure_ns\": %lld, \"last_failure_ns\": %lld",
           (long long)first_failure_ns, (long long)last_failure_ns);
    printf(", \"cpu_ns\": {");
    for (int i = 0; i < pid_count; i++)
        printf("%s\"%d\": %lld", i ? ", " : "", pids[i], (long long)cpu_ns[i]);
    printf("}, \"members\": {");
    for (int i = 0; i < member_count; i++)
        printf("%s\"%s\": %ld", i ? ", " : "", members[i], member_hits[i]);
    printf("}, \"statuses\": {");
    for (int i = 0, first = 1; i < 600; i++)
        if (status_counts[i]) {
            printf("%s\"%d\": %ld", first ? "" : ", ", i, status_counts[i]);
            first = 0;
        }
    printf("}, \"handshakes\": %ld, \"resumed\": %ld, \"tls\": \"%s\", "
           "\"certificates\": {", handshakes, resumed, tls_described);
    for (int i = 0; i < certificate_count; i++)
        printf("%s\"%s\": %ld", i ? ", " : "", certificates[i].serial,
               certificates[i].handshakes);
    printf("}, \"failures\": [");
    for (long i = 0; i < failure_count && i < FAILURES_KEPT; i++)
        printf("%s{\"at_ns\": %lld, \"kind\": \"%s\", \"status\": %d, "
               "\"requests_before\": %d, \"received\": %lld}",
               i ? ", " : "", (long long)failures[i].at_ns,
               outcome_names[failures[i].outcome], failures[i].status,
               failures[i].requests, (long long)failures[i].received);
    printf("], \"sequence\": [");
    for (long i = 0; i < sequence_size; i++)
        printf("%s\"%s\"", i ? ", " : "", members[sequence[i]]);
    printf("]}\n");
}

static void on_signal(int number)
{
    (void)number;
    is_stopped = 1;
}

static void split(char *list, void (*each)(const char *))
{
    for (char *word = strtok(list, ","); word; word = strtok(NULL, ","))
        each(word);
}

static void add_route(const char *name)
{
    if (route_count < ROUTES_MAX)
        snprintf(routes[route_count++], NAME_BYTES, "%s", name);
}

static void add_pid(const char *pid)
{
    if (pid_count < PIDS_MAX)
        pids[pid_count++] = atoi(pid);
}

static void usage(void)
{
    fprintf(stderr,
            "usage: load --connect HOST:PORT [--connections N] [--seconds S | --requests N]\n"
            "  [--warmup S] [--method M] [--path P] [--body-bytes N] [--close]\n"
            "  [--per-connection N]     close after N answers\n"
            "  [--think-ms MAX]         pause 0..MAX before each request\n"
            "  [--routes a,b]           a cookie per connection that asks for a, b, ...\n"
            "  [--no-route-check]       ... and any member may answer\n"
            "  [--expect-bytes N] [--expect-status N] [--expect-coding NAME]\n"
            "  [--request-timeout S]\n"
            "  [--hold S]               ask, hold every connection S, ask again\n"
            "  [--in-flight N]          most requests outstanding at once\n"
            "  [--sources N]            client addresses 127.0.0.1 .. N\n"
            "  [--pids a,b]             CPU clocks to read at both ends of the window\n"
            "  [--sequence]             report which member answered, in order\n"
            "  [--messages N]           a WebSocket each, and messages of N bytes\n"
            "  [--tls]                  TLS 1.3, a full handshake each connection\n"
            "  [--resume]               ... or one resumed from the last\n"
            "  [--ciphers LIST] [--groups LIST]\n"
            "without --seconds and --requests it runs until SIGTERM\n");
    exit(2);
}

static void read_address(char *text)
{
    char *port = strchr(text, ':');
    if (!port)
        usage();
    *port++ = 0;
    opt.address.sin_family = AF_INET;
    opt.address.sin_port = htons(atoi(port));
    if (inet_pton(AF_INET, text, &opt.address.sin_addr) != 1)
        usage();
}

static void read_options(int argc, char **argv)
{
    enum { CONNECT = 1, CONNECTIONS, SECONDS, REQUESTS, WARMUP, METHOD, PATH, BODY, CLOSE,
           PER_CONNECTION, THINK, ROUTES, NO_CHECK, EXPECT, EXPECT_STATUS, REQ_TIMEOUT,
           HOLD, IN_FLIGHT, SOURCES, PIDS, SEQUENCE, MESSAGES, BY_TLS, RESUME, CIPHERS,
           GROUPS, CODING };
    static const struct option table[] = {
        {"connect", 1, 0, CONNECT}, {"connections", 1, 0, CONNECTIONS},
        {"seconds", 1, 0, SECONDS}, {"requests", 1, 0, REQUESTS},
        {"warmup", 1, 0, WARMUP}, {"method", 1, 0, METHOD}, {"path", 1, 0, PATH},
        {"body-bytes", 1, 0, BODY}, {"close", 0, 0, CLOSE},
        {"per-connection", 1, 0, PER_CONNECTION}, {"think-ms", 1, 0, THINK},
        {"routes", 1, 0, ROUTES}, {"no-route-check", 0, 0, NO_CHECK},
        {"expect-bytes", 1, 0, EXPECT}, {"expect-status", 1, 0, EXPECT_STATUS},
        {"expect-coding", 1, 0, CODING},
        {"request-timeout", 1, 0, REQ_TIMEOUT}, {"hold", 1, 0, HOLD},
        {"in-flight", 1, 0, IN_FLIGHT}, {"sources", 1, 0, SOURCES},
        {"pids", 1, 0, PIDS}, {"sequence", 0, 0, SEQUENCE},
        {"messages", 1, 0, MESSAGES}, {"tls", 0, 0, BY_TLS}, {"resume", 0, 0, RESUME},
        {"ciphers", 1, 0, CIPHERS}, {"groups", 1, 0, GROUPS}, {0, 0, 0, 0}};
    for (int o; (o = getopt_long(argc, argv, "", table, NULL)) != -1;)
        switch (o) {
        case CONNECT: read_address(optarg); break;
        case CONNECTIONS: opt.connections = atoi(optarg); break;
        case SECONDS: opt.seconds = atof(optarg); break;
        case REQUESTS: opt.requests = atol(optarg); break;
        case WARMUP: opt.warmup = atof(optarg); break;
        case METHOD: opt.method = optarg; break;
        case PATH: opt.path = optarg; break;
        case BODY: opt.body_bytes = atol(optarg); break;
        case CLOSE: opt.close_each = 1; break;
        case PER_CONNECTION: opt.per_connection = atoi(optarg); break;
        case THINK: opt.think_ns = atof(optarg) * 1e6; break;
        case ROUTES: split(optarg, add_route); break;
        case NO_CHECK: opt.check_route = 0; break;
        case EXPECT: opt.expect_bytes = atoll(optarg); break;
        case EXPECT_STATUS: opt.status = atoi(optarg); break;
        case CODING: opt.coding = optarg; break;
        case REQ_TIMEOUT: opt.request_timeout = atof(optarg); break;
        case HOLD: opt.hold = atof(optarg); break;
        case IN_FLIGHT: opt.in_flight = atoi(optarg); break;
        case SOURCES: opt.sources = atoi(optarg); break;
        case PIDS: split(optarg, add_pid); break;
        case SEQUENCE: sequence = malloc(SEQUENCE_MAX); break;
        case MESSAGES: opt.message_bytes = atol(optarg); break;
        case BY_TLS: opt.is_tls = 1; break;
        case RESUME: opt.resumes = 1; break;
        case CIPHERS: opt.ciphers = optarg; break;
        case GROUPS: opt.groups = optarg; break;
        default: usage();
        }
    if (!opt.address.sin_port || optind < argc || opt.connections < 1)
        usage();
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    srand48(1);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    conns = calloc(opt.connections, sizeof *conns);
    heap = calloc(opt.connections, sizeof *heap);
    if (!conns || !heap)
        die("calloc");
    build_requests();
    if (opt.message_bytes > 65535)
        usage();
    if (opt.message_bytes)
        build_messages();
    if (opt.is_tls)
        begin_client();
    for (int i = 0; i < opt.connections; i++) {
        conns[i].fd = conns[i].timer_at = -1;
        conns[i].route = route_count ? i % route_count : 0;
    }
    start_ns = now = clock_ns(CLOCK_MONOTONIC);
    if (opt.hold > 0)
        run_hold();
    else
        run_load();
    print_report();
    return 0;
}
