/* Scanning of bytes, sixteen at a time where the processor can: what Cython cannot say.
 *
 * Every function reads [p, end) and nothing else: bytes behind end may belong to an
 * unreadable page. x86-64 always has SSE2; elsewhere the plain loops do all the work.
 * AVX2 was tried, compiled in: a browser's head was found complete in 21 ns and not 35,
 * and parsed no faster, since most values are short. Too little for a second path.
 */
#ifndef FASTLB_SCAN_H
#define FASTLB_SCAN_H

#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#define SCAN_SET(c) _mm_set1_epi8((char)(c))
#define SCAN_LOAD(p) _mm_loadu_si128((const __m128i *)(const void *)(p))
#define SCAN_AT_MOST(v, c) _mm_cmpeq_epi8(_mm_min_epu8((v), SCAN_SET(c)), (v))
#endif

/* The first byte that is this one, or end: memchr, without a call for what is short. */
static inline const char *scan_byte(const char *p, const char *end, char byte)
{
#ifdef __SSE2__
    for (; end - p >= 16; p += 16) {
        unsigned hit = (unsigned)_mm_movemask_epi8(
            _mm_cmpeq_epi8(SCAN_LOAD(p), SCAN_SET(byte)));
        if (hit)
            return p + __builtin_ctz(hit);
    }
#endif
    while (p < end && *p != byte)
        p++;
    return p;
}

/* The first control byte other than HTAB (RFC 9110 5.5): a valid value ends at CR. */
static inline const char *scan_value(const char *p, const char *end)
{
#ifdef __SSE2__
    for (; end - p >= 16; p += 16) {
        __m128i v = SCAN_LOAD(p);
        __m128i low = _mm_andnot_si128(_mm_cmpeq_epi8(v, SCAN_SET('\t')),
                                       SCAN_AT_MOST(v, 0x1f));
        unsigned hit = (unsigned)_mm_movemask_epi8(
            _mm_or_si128(low, _mm_cmpeq_epi8(v, SCAN_SET(0x7f))));
        if (hit)
            return p + __builtin_ctz(hit);
    }
#endif
    for (; p < end; p++) {
        unsigned char c = (unsigned char)*p;
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            break;
    }
    return p;
}

/* The first byte that cannot stand in a request target: a control, SP, "#" or DEL. */
static inline const char *scan_target(const char *p, const char *end)
{
#ifdef __SSE2__
    for (; end - p >= 16; p += 16) {
        __m128i v = SCAN_LOAD(p);
        __m128i odd = _mm_or_si128(_mm_cmpeq_epi8(v, SCAN_SET('#')),
                                   _mm_cmpeq_epi8(v, SCAN_SET(0x7f)));
        unsigned hit = (unsigned)_mm_movemask_epi8(
            _mm_or_si128(odd, SCAN_AT_MOST(v, 0x20)));
        if (hit)
            return p + __builtin_ctz(hit);
    }
#endif
    for (; p < end; p++) {
        unsigned char c = (unsigned char)*p;
        if (c <= 0x20 || c == '#' || c == 0x7f)
            break;
    }
    return p;
}

/* The first byte that a target may not be sent with: a control, SP, "#", DEL, or one that
 * is not ASCII (RFC 3986 2). */
static inline const char *scan_visible(const char *p, const char *end)
{
#ifdef __SSE2__
    for (; end - p >= 16; p += 16) {
        __m128i v = SCAN_LOAD(p);
        __m128i odd = _mm_or_si128(_mm_cmpeq_epi8(v, SCAN_SET('#')),
                                   _mm_cmpeq_epi8(v, SCAN_SET(0x7f)));
        /* as signed numbers, bytes from 0x80 on are below the blank too */
        unsigned hit = (unsigned)_mm_movemask_epi8(
            _mm_or_si128(odd, _mm_cmplt_epi8(v, SCAN_SET(0x21))));
        if (hit)
            return p + __builtin_ctz(hit);
    }
#endif
    for (; p < end; p++) {
        unsigned char c = (unsigned char)*p;
        if (c <= 0x20 || c == '#' || c >= 0x7f)
            break;
    }
    return p;
}

/* The byte behind the first empty line: LF, then LF or CR LF. NULL: none yet. */
static inline const char *scan_empty_line(const char *p, const char *end)
{
#ifdef __SSE2__
    const __m128i lf = SCAN_SET('\n');
    for (; end - p >= 18; p += 16) {
        unsigned hit = (unsigned)_mm_movemask_epi8(_mm_and_si128(
            _mm_cmpeq_epi8(SCAN_LOAD(p), lf),
            _mm_or_si128(_mm_cmpeq_epi8(SCAN_LOAD(p + 1), lf),
                         _mm_cmpeq_epi8(SCAN_LOAD(p + 2), lf))));
        for (; hit; hit &= hit - 1) {
            const char *q = p + __builtin_ctz(hit);
            if (q[1] == '\n')
                return q + 2;
            if (q[1] == '\r')
                return q + 3;
        }
    }
#endif
    for (; p < end; p++) {
        if (*p != '\n')
            continue;
        if (end - p >= 2 && p[1] == '\n')
            return p + 2;
        if (end - p >= 3 && p[1] == '\r' && p[2] == '\n')
            return p + 3;
    }
    return NULL;
}

#endif
