/* What logline.pyx asks of the files it writes to. */
#ifndef FASTLB_TEAR_H
#define FASTLB_TEAR_H
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* What one write to a pipe may hold so that it goes in whole or not at all. */
#define PIPE_WHOLE 4096

static int file_is_pipe(int fd) {
    struct stat about;
    return fstat(fd, &about) == 0 && S_ISFIFO(about.st_mode);
}

/* The server's own output may be a socket, shared with others: it waits, and a log
 * must not. */
static int file_is_socket(int fd) {
    struct stat about;
    return fstat(fd, &about) == 0 && S_ISSOCK(about.st_mode);
}

static ssize_t file_write(int fd, int is_socket, const void *data, size_t bytes) {
    if (is_socket)
        return send(fd, data, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    return write(fd, data, bytes);
}

/* Take the last so many bytes of a file away; of anything else they are lost. */
static void file_take_back(int fd, size_t bytes) {
    struct stat about;
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) &&
        (size_t)about.st_size >= bytes &&
        ftruncate(fd, about.st_size - (off_t)bytes) != 0)
        return;
}
#endif
