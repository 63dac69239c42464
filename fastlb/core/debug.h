/* ASSERT states what must be; it exists only in builds with FASTLB_DEBUG. */
#ifndef FASTLB_DEBUG_H
#define FASTLB_DEBUG_H
#ifdef FASTLB_DEBUG
#include <stdio.h>
#include <stdlib.h>
#define ASSERT(condition)                                                        \
    do {                                                                         \
        if (!(condition)) {                                                      \
            fprintf(stderr, "%s:%d: ASSERT(%s)\n", __FILE__, __LINE__,           \
                    #condition);                                                 \
            abort();                                                             \
        }                                                                        \
    } while (0)
#else
#define ASSERT(condition) ((void)0)
#endif
#endif
