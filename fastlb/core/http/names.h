/* Field names: where one ends, and whether it is a known one. */
#ifndef FASTLB_NAMES_H
#define FASTLB_NAMES_H

#include "scan.h"

/* The first colon, or end. */
static inline const char *scan_colon(const char *p, const char *end)
{
    return scan_byte(p, end, ':');
}

/* Is this the name? Compared word by word against a constant, so that the compiler
 * folds the constant's side; the caller's switch on the length makes both equal long.
 *
 * `name` is in lower case and holds only letters and "-". A letter has bit 0x40 and may
 * differ in bit 0x20 only; "-" has no 0x40 and must be equal (CR | 0x20 would be "-").
 */
#define NAME_WORD_DIFFERS(type, p, name, at) __extension__({ \
    type theirs_, ours_; \
    memcpy(&theirs_, (p) + (at), sizeof theirs_); \
    memcpy(&ours_, (name) + (at), sizeof ours_); \
    (theirs_ | ((ours_ & (type)0x4040404040404040ULL) >> 1)) ^ ours_; })

static inline __attribute__((always_inline)) int name_is(
    const char *p, const char *name, unsigned length)
{
    if (length >= 16)
        return !(NAME_WORD_DIFFERS(uint64_t, p, name, 0)
                 | NAME_WORD_DIFFERS(uint64_t, p, name, 8)
                 | NAME_WORD_DIFFERS(uint64_t, p, name, length - 8));
    if (length >= 8)
        return !(NAME_WORD_DIFFERS(uint64_t, p, name, 0)
                 | NAME_WORD_DIFFERS(uint64_t, p, name, length - 8));
    if (length >= 4)
        return !(NAME_WORD_DIFFERS(uint32_t, p, name, 0)
                 | NAME_WORD_DIFFERS(uint32_t, p, name, length - 4));
    return !(NAME_WORD_DIFFERS(uint16_t, p, name, 0)
             | NAME_WORD_DIFFERS(uint16_t, p, name, length - 2));
}

#endif
