# The part of libc and the kernel's interface that the core uses.

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport abort, calloc, free, getenv, malloc, realloc
from libc.string cimport memchr, memcmp, memcpy, memmove, memset, strlen, strspn
from posix.unistd cimport close, write

# Yes or no in one byte, for what is kept of each connection or request; a bint is an
# int.
cdef extern from "stdbool.h" nogil:
    ctypedef bint flag "bool"

cdef extern from "errno.h" nogil:
    int errno
    int EAGAIN, EALREADY, EINTR, EINPROGRESS, EMFILE, ENFILE, ECONNABORTED, ENOBUFS
    int ECONNREFUSED, ENOMEM
    int ENOENT, ENOTDIR, EACCES, ELOOP, ENOSYS, EPERM, ENAMETOOLONG
    int ENOSPC, ETIMEDOUT, EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL, EPROTO

cdef extern from "sys/uio.h" nogil:
    cdef struct iovec:
        void *iov_base
        size_t iov_len

cdef extern from "sys/socket.h" nogil:
    cdef struct sockaddr:
        unsigned short sa_family
    cdef struct sockaddr_storage:
        unsigned short ss_family
    ctypedef unsigned int socklen_t
    cdef struct msghdr:
        iovec *msg_iov
        size_t msg_iovlen
    int AF_INET, AF_INET6, AF_UNIX
    int SOCK_STREAM, SOCK_NONBLOCK, SOCK_CLOEXEC
    int SOL_SOCKET, SO_ERROR, SO_KEEPALIVE, SO_LINGER, SO_RCVBUF
    int MSG_NOSIGNAL, MSG_PEEK, MSG_DONTWAIT, MSG_MORE, MSG_TRUNC
    int SHUT_WR
    int socket(int domain, int type, int protocol)
    int connect(int fd, const sockaddr *address, socklen_t length)
    int bind(int fd, const sockaddr *address, socklen_t length)
    int accept4(int fd, sockaddr *address, socklen_t *length, int flags)
    ssize_t recv(int fd, void *data, size_t size, int flags)
    ssize_t send(int fd, const void *data, size_t size, int flags)
    ssize_t sendmsg(int fd, const msghdr *message, int flags)
    int shutdown(int fd, int how)
    int getsockopt(int fd, int level, int name, void *value, socklen_t *length)
    int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
    int getsockname(int fd, sockaddr *address, socklen_t *length)

cdef extern from "netinet/in.h" nogil:
    cdef struct in_addr:
        uint32_t s_addr
    cdef struct in6_addr:
        uint8_t s6_addr[16]
    cdef struct sockaddr_in:
        unsigned short sin_family
        unsigned short sin_port
        in_addr sin_addr
    cdef struct sockaddr_in6:
        unsigned short sin6_family
        unsigned short sin6_port
        in6_addr sin6_addr
        uint32_t sin6_scope_id
    int IPPROTO_TCP, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT
    unsigned short ntohs(unsigned short value)
    unsigned short htons(unsigned short value)

cdef extern from "netinet/tcp.h" nogil:
    int TCP_NODELAY, TCP_CORK, TCP_INFO

cdef extern from "sys/un.h" nogil:
    cdef struct sockaddr_un:
        unsigned short sun_family
        char sun_path[108]

cdef extern from "arpa/inet.h" nogil:
    const char *inet_ntop(int family, const void *source, char *out, socklen_t size)
    int inet_pton(int family, const char *source, void *out)
    int inet_aton(const char *source, in_addr *out)

cdef extern from "sys/stat.h" nogil:
    cdef struct struct_stat "stat":
        unsigned int st_mode
        long long st_size
    int stat(const char *path, struct_stat *found)
    int lstat(const char *path, struct_stat *found)
    int fstat(int fd, struct_stat *found)
    bint S_ISREG(unsigned int mode)
    bint S_ISDIR(unsigned int mode)
    bint S_ISLNK(unsigned int mode)

cdef extern from "sys/epoll.h" nogil:
    ctypedef union epoll_data_t:
        void *ptr
    cdef struct epoll_event:
        uint32_t events
        epoll_data_t data
    unsigned int EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR, EPOLLET
    int EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CLOEXEC
    int epoll_create1(int flags)
    int epoll_ctl(int epfd, int op, int fd, epoll_event *event)
    int epoll_wait(int epfd, epoll_event *events, int count, int timeout_ms)

cdef extern from "time.h" nogil:
    ctypedef long time_t
    cdef struct timespec:
        time_t tv_sec
        long tv_nsec
    cdef struct tm:
        int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday
        long tm_gmtoff
    int CLOCK_MONOTONIC, CLOCK_MONOTONIC_COARSE, CLOCK_REALTIME
    int CLOCK_THREAD_CPUTIME_ID
    int clock_gettime(int clock, timespec *out)
    tm *gmtime_r(const time_t *when, tm *out)
    tm *localtime_r(const time_t *when, tm *out)
    size_t strftime(char *out, size_t size, const char *format, const tm *when)

cdef extern from "sys/stat.h" nogil:
    cdef struct file_status "stat":
        unsigned long st_dev
        unsigned int st_mode
        unsigned int st_uid
        unsigned long st_ino
        long long st_size
        timespec st_mtim
        timespec st_ctim
    int file_status_of "stat"(const char *path, file_status *out)

cdef extern from *:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <fcntl.h>
    #include <unistd.h>
    #include <sys/ioctl.h>
    #include <linux/sockios.h>
    /* Cython's stock declaration of splice is absent; flags are 0 where missing. */
    """
    int O_NONBLOCK, O_CLOEXEC, O_RDONLY, O_PATH, O_NOFOLLOW, O_DIRECTORY, O_NOCTTY
    int AT_FDCWD, AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW
    int openat(int fd, const char *path, int flags) nogil
    ssize_t readlinkat(int fd, const char *path, char *out, size_t size) nogil
    ssize_t pread(int fd, void *data, size_t size, long long at) nogil
    int lstat_file "fstatat"(
        int fd, const char *path, file_status *out, int flags) nogil
    int fstat_file "fstat"(int fd, file_status *out) nogil
    int open_file "open"(const char *path, int flags) nogil
    ssize_t read_file "read"(int fd, void *data, size_t size) nogil
    int F_SETPIPE_SZ
    unsigned long FIONREAD, SIOCOUTQ
    unsigned int SPLICE_F_MOVE, SPLICE_F_NONBLOCK, SPLICE_F_MORE
    int pipe2(int *fds, int flags) nogil
    int fcntl(int fd, int command, ...) nogil
    int ioctl(int fd, unsigned long request, int *value) nogil
    ssize_t splice(int fd_in, void *off_in, int fd_out, void *off_out,
                   size_t length, unsigned int flags) nogil
    int getpid() nogil

cdef extern from "sys/sendfile.h" nogil:
    ssize_t sendfile(int out, int file, long *at, size_t count)     # off_t *

cdef extern from *:
    """
    #include <errno.h>
    #include <stdint.h>
    #include <string.h>
    #include <sys/syscall.h>
    /* openat2 is older than most C libraries know (Linux 5.6). */
    #ifndef RESOLVE_NO_MAGICLINKS
    #define RESOLVE_NO_MAGICLINKS 0x02
    #define RESOLVE_NO_SYMLINKS 0x04
    #endif
    static int fastlb_openat2(int fd, const char *path, int flags, int resolve) {
    #ifdef SYS_openat2
        struct { uint64_t flags, mode, resolve; } how;
        memset(&how, 0, sizeof(how));
        how.flags = (uint64_t)(unsigned int)flags;
        how.resolve = (uint64_t)(unsigned int)resolve;
        return (int)syscall(SYS_openat2, fd, path, &how, sizeof(how));
    #else
        (void)fd; (void)path; (void)flags; (void)resolve;
        errno = ENOSYS;
        return -1;
    #endif
    }
    static ssize_t fastlb_getdents64(int fd, void *out, size_t size) {
        return (ssize_t)syscall(SYS_getdents64, fd, out, size);
    }
    """
    int RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS
    # Names of a directory as the kernel gives them; libc's readdir takes memory.
    ssize_t getdents64 "fastlb_getdents64"(int fd, void *out, size_t size) nogil
    int openat2 "fastlb_openat2"(
        int fd, const char *path, int flags, int resolve) nogil

cdef extern from *:
    """
    #define fastlb_likely(x) __builtin_expect(!!(x), 1)
    #define fastlb_unlikely(x) __builtin_expect(!!(x), 0)
    """
    bint likely "fastlb_likely"(bint condition) nogil
    bint unlikely "fastlb_unlikely"(bint condition) nogil
