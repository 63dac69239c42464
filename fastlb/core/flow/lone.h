/* What lone.pyx needs of the system. */
#ifndef FASTLB_LONE_H
#define FASTLB_LONE_H
#include "arenas.h"
#include <link.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The variables of the interpreter's library, where it is one: the pages of its data
   segment become those of the file again. */
static int library_drop(struct dl_phdr_info *library, size_t size, void *inside) {
    const size_t page = sysconf(_SC_PAGESIZE);
    int i;
    for (i = 0; i < library->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &library->dlpi_phdr[i];
        char *begin = (char *)library->dlpi_addr + part->p_vaddr, *end;
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_W) ||
            (char *)inside < begin || (char *)inside >= begin + part->p_memsz)
            continue;
        if (library->dlpi_name[0] == '\0')
            return 1; /* the program itself: the C library's variables are there too */
        end = (char *)(((size_t)begin + part->p_memsz) & ~(page - 1));
        begin = (char *)(((size_t)begin + page - 1) & ~(page - 1));
        if (begin < end)
            madvise(begin, end - begin, MADV_DONTNEED);
        return 1;
    }
    return 0;
}

/* After this nothing of the interpreter may be touched. */
static void interpreter_drop(void) {
    arenas_drop();
    dl_iterate_phdr(library_drop, &PyType_Type);
    malloc_trim(0);
}

static volatile sig_atomic_t lone_ends, lone_closes;

static void lone_end(int number) { lone_ends = 1; }
static void lone_close(int number) { lone_closes = 1; }

/* From here on signals are noted while lone_wait waits, and held back otherwise. */
static void lone_signals(void) {
    struct sigaction action;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    memset(&action, 0, sizeof action);
    sigfillset(&action.sa_mask);
    action.sa_handler = lone_end;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = lone_close;
    sigaction(SIGUSR2, &action, NULL);
    action.sa_handler = SIG_IGN; /* it drains already */
    sigaction(SIGUSR1, &action, NULL);
}

static void lone_wait(int fd, int milliseconds) {
    struct pollfd one = {fd, POLLIN, 0};
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    sigset_t none;
    sigemptyset(&none);
    ppoll(&one, 1, &time, &none);
}
#endif
