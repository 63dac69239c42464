/* MD5 and SHA-1 of short texts: for the functions md5() and sha1() of expressions, where
 * they are names for cookies and caches, and for AuthType Digest, which knows MD5 alone
 * (RFC 7616).
 *
 * One block at a time; `length` bytes of text are followed by a one bit, zeros, and the
 * length in bits (RFC 1321 3.1, RFC 3174 4), which digest_block lays out.
 */
#ifndef FASTLB_DIGEST_H
#define FASTLB_DIGEST_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DIGEST_BLOCK 64     /* bytes */
#define DIGEST_STEPS 64     /* of MD5 */
#define MD5_WORDS 16
#define SHA1_WORDS 80
#define SHA1_STATE 5

static inline uint32_t rotated(uint32_t word, int bits)
{
    return word << bits | word >> (32 - bits);
}

/* Block number `block` of the padded text; returns 0 behind the last. */
static int digest_block(const unsigned char *text, size_t length, size_t block,
                        int big_endian, unsigned char out[DIGEST_BLOCK])
{
    size_t begin = block * 64, held = 0, i;
    size_t blocks = (length + 8) / 64 + 1;
    uint64_t bits = (uint64_t)length * 8;
    if (block >= blocks)
        return 0;
    if (begin < length) {
        held = length - begin < 64 ? length - begin : 64;
        memcpy(out, text + begin, held);
    }
    memset(out + held, 0, 64 - held);
    if (begin <= length && held < 64)
        out[held] = 0x80;
    if (block == blocks - 1)
        for (i = 0; i < 8; i++)
            out[56 + i] = (unsigned char)(bits >> 8 * (big_endian ? 7 - i : i));
    return 1;
}

/* RFC 1321 3.4: four rounds of sixteen steps, four of them at a time, so that the
 * compiler knows each turn and moves no word. */
#define MD5_STEP(mixed, a, b, at, turn) \
    a = b + rotated(a + (mixed) + words[(at) & 15] + *sine++, turn)
#define MD5_ROUND(mixed, first, step, t0, t1, t2, t3) \
    for (i = 0; i < 4; i++) { \
        int at = first + 4 * i * step; \
        MD5_STEP(mixed(b, c, d), a, b, at, t0); \
        MD5_STEP(mixed(a, b, c), d, a, at + step, t1); \
        MD5_STEP(mixed(d, a, b), c, d, at + 2 * step, t2); \
        MD5_STEP(mixed(c, d, a), b, c, at + 3 * step, t3); \
    }
#define MD5_F(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define MD5_G(x, y, z) ((y) ^ ((z) & ((x) ^ (y))))
#define MD5_H(x, y, z) ((x) ^ (y) ^ (z))
#define MD5_I(x, y, z) ((y) ^ ((x) | ~(z)))

static void md5_mix(uint32_t state[4], const unsigned char bytes[DIGEST_BLOCK],
                    const uint32_t sines[DIGEST_STEPS])
{
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    const uint32_t *sine = sines;
    uint32_t words[MD5_WORDS];
    int i;
    for (i = 0; i < 16; i++)
        words[i] = bytes[4 * i] | (uint32_t)bytes[4 * i + 1] << 8
            | (uint32_t)bytes[4 * i + 2] << 16 | (uint32_t)bytes[4 * i + 3] << 24;
    MD5_ROUND(MD5_F, 0, 1, 7, 12, 17, 22)
    MD5_ROUND(MD5_G, 1, 5, 5, 9, 14, 20)
    MD5_ROUND(MD5_H, 5, 3, 4, 11, 16, 23)
    MD5_ROUND(MD5_I, 0, 7, 6, 10, 15, 21)
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

static void digest_md5(const unsigned char *text, size_t length, unsigned char out[16])
{
    static uint32_t sines[DIGEST_STEPS];
    uint32_t state[4] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u};
    unsigned char bytes[DIGEST_BLOCK];
    size_t block;
    int i;
    if (sines[0] == 0)
        for (i = 63; i >= 0; i--)
            sines[i] = (uint32_t)(long long)floor(fabs(sin(i + 1.0)) * 4294967296.0);
    for (block = 0; digest_block(text, length, block, 0, bytes); block++)
        md5_mix(state, bytes, sines);
    for (i = 0; i < 16; i++)
        out[i] = (unsigned char)(state[i / 4] >> 8 * (i % 4));
}

static void digest_sha1(const unsigned char *text, size_t length, unsigned char out[20])
{
    uint32_t state[SHA1_STATE] = {
        0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};
    unsigned char bytes[DIGEST_BLOCK];
    uint32_t words[SHA1_WORDS];
    size_t block;
    int i;
    for (block = 0; digest_block(text, length, block, 1, bytes); block++) {
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
        for (i = 0; i < 80; i++)
            words[i] = i < 16
                ? (uint32_t)bytes[4 * i] << 24 | (uint32_t)bytes[4 * i + 1] << 16
                    | (uint32_t)bytes[4 * i + 2] << 8 | bytes[4 * i + 3]
                : rotated(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
        for (i = 0; i < 80; i++) {
            uint32_t mixed, constant, next;
            if (i < 20) {
                mixed = (b & c) | (~b & d);
                constant = 0x5a827999u;
            } else if (i < 40) {
                mixed = b ^ c ^ d;
                constant = 0x6ed9eba1u;
            } else if (i < 60) {
                mixed = (b & c) | (b & d) | (c & d);
                constant = 0x8f1bbcdcu;
            } else {
                mixed = b ^ c ^ d;
                constant = 0xca62c1d6u;
            }
            next = rotated(a, 5) + mixed + e + constant + words[i];
            e = d;
            d = c;
            c = rotated(b, 30);
            b = a;
            a = next;
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
    }
    for (i = 0; i < 20; i++)
        out[i] = (unsigned char)(state[i / 4] >> 8 * (3 - i % 4));
}

#endif
