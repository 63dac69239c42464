/* The floor: a relay that moves bytes and knows no HTTP.
 *
 *   relay HOST:PORT MEMBER_HOST:PORT ...
 *
 * Each client connection gets a connection to the next member for as long as it
 * lives; what comes in on one side goes out on the other. One epoll set, accept4,
 * recv, send: what any proxy on sockets must pay, so that the distance to it is the
 * price of everything else.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS_MAX = 512, READ_BYTES = 65536, MEMBERS_MAX = 64 };

/* One direction's reader; other is where its bytes go. */
struct side {
    int fd;
    int is_closed;
    struct side *other;
    struct side *next_dead;
    char *held;       /* read here, not yet taken by the other side */
    size_t held_size, held_sent;
    uint32_t events;  /* as registered */
};

static int epoll_fd, listen_fd, member_count, next_member;
static struct sockaddr_in members[MEMBERS_MAX];
static struct side *dead;
static char scratch[READ_BYTES];

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static struct sockaddr_in parse_address(char *text)
{
    struct sockaddr_in sa = {.sin_family = AF_INET};
    char *port = strchr(text, ':');
    if (!port) {
        fprintf(stderr, "relay: %s is not HOST:PORT\n", text);
        exit(2);
    }
    *port++ = 0;
    sa.sin_port = htons(atoi(port));
    if (inet_pton(AF_INET, text, &sa.sin_addr) != 1)
        die("inet_pton");
    return sa;
}

static void watch(struct side *s, int op, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = s};
    s->events = events;
    if (epoll_ctl(epoll_fd, op, s->fd, &e) < 0)
        die("epoll_ctl");
}

/* An event behind this one in the batch may still point here: freed at its end. */
static void close_pair(struct side *s)
{
    if (s->is_closed)
        return;
    s->is_closed = s->other->is_closed = 1;
    close(s->fd);
    close(s->other->fd);
    s->next_dead = dead;
    s->other->next_dead = s;
    dead = s->other;
}

static void free_dead(void)
{
    while (dead) {
        struct side *next = dead->next_dead;
        free(dead->held);
        free(dead);
        dead = next;
    }
}

static void accept_all(void)
{
    for (;;) {
        int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        struct side *down = calloc(1, sizeof *down), *up = calloc(1, sizeof *up);
        int one = 1;
        if (!down || !up)
            die("calloc");
        down->fd = fd;
        down->other = up;
        up->other = down;
        up->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        setsockopt(up->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct sockaddr_in *to = &members[next_member++ % member_count];
        if (connect(up->fd, (struct sockaddr *)to, sizeof *to) < 0 &&
            errno != EINPROGRESS) {
            close_pair(down);
            continue;
        }
        watch(down, EPOLL_CTL_ADD, EPOLLIN);
        watch(up, EPOLL_CTL_ADD, EPOLLIN);
    }
}

/* Send what s holds to its other side; while some is left, s is not read. */
static void send_held(struct side *s)
{
    while (s->held_sent < s->held_size) {
        ssize_t n = send(s->other->fd, s->held + s->held_sent,
                         s->held_size - s->held_sent, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno != EAGAIN)
                close_pair(s);
            return;
        }
        s->held_sent += n;
    }
    s->held_size = s->held_sent = 0;
    watch(s->other, EPOLL_CTL_MOD, s->other->events & ~EPOLLOUT);
    watch(s, EPOLL_CTL_MOD, s->events | EPOLLIN);
}

static void on_readable(struct side *s)
{
    if (s->held_size) { /* not watched for reading: this is a reset */
        close_pair(s);
        return;
    }
    ssize_t n = recv(s->fd, scratch, READ_BYTES, 0);
    if (n <= 0) {
        if (n == 0 || errno != EAGAIN)
            close_pair(s);
        return;
    }
    ssize_t sent = send(s->other->fd, scratch, n, MSG_NOSIGNAL);
    if (sent == n)
        return;
    if (sent < 0) {
        if (errno != EAGAIN && errno != ENOTCONN) {
            close_pair(s);
            return;
        }
        sent = 0;
    }
    if (!s->held && !(s->held = malloc(READ_BYTES)))
        die("malloc");
    s->held_size = n - sent;
    s->held_sent = 0;
    memcpy(s->held, scratch + sent, n - sent);
    watch(s, EPOLL_CTL_MOD, s->events & ~EPOLLIN);
    watch(s->other, EPOLL_CTL_MOD, s->other->events | EPOLLOUT);
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc - 2 > MEMBERS_MAX) {
        fprintf(stderr, "usage: relay HOST:PORT MEMBER_HOST:PORT ...\n");
        return 2;
    }
    struct sockaddr_in here = parse_address(argv[1]);
    for (int i = 2; i < argc; i++)
        members[member_count++] = parse_address(argv[i]);
    signal(SIGPIPE, SIG_IGN);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;
    setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(listen_fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (bind(listen_fd, (struct sockaddr *)&here, sizeof here) < 0)
        die("bind");
    if (listen(listen_fd, 8192) < 0)
        die("listen");
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &e) < 0)
        die("epoll_ctl");
    for (;;) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(epoll_fd, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            struct side *s = events[i].data.ptr;
            if (!s)
                accept_all();
            else if (s->is_closed)
                continue;
            else {
                if (events[i].events & EPOLLOUT)
                    send_held(s->other);
                if (!s->is_closed && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                    on_readable(s);
            }
        }
        free_dead();
    }
}
