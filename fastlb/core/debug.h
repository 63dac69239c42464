/* ASSERT states what must be; it exists only in builds with FASTLB_DEBUG=1.
   DEBUG_BUILD is 1 there and 0 elsewhere, around checks that take more than a line.
   The condition is not evaluated in other builds: it must change nothing. */
#ifndef FASTLB_DEBUG_H
#define FASTLB_DEBUG_H
#ifdef FASTLB_DEBUG
#include <stdio.h>
#include <stdlib.h>
#define DEBUG_BUILD 1
#define ASSERT(condition)                                                        \
    do {                                                                         \
        if (!(condition)) {                                                      \
            fprintf(stderr, "%s:%d: ASSERT(%s)\n", __FILE__, __LINE__,           \
                    #condition);                                                 \
            abort();                                                             \
        }                                                                        \
    } while (0)
#else
#define DEBUG_BUILD 0
#define ASSERT(condition) ((void)0)
#endif
#endif
