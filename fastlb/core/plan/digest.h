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
    size_t begin = block * 64, i;
    size_t blocks = (length + 8) / 64 + 1;
    uint64_t bits = (uint64_t)length * 8;
    if (block >= blocks)
        return 0;
    for (i = 0; i < 64; i++)
        out[i] = begin + i < length ? text[begin + i] : begin + i == length ? 0x80 : 0;
    if (block == blocks - 1)
        for (i = 0; i < 8; i++)
            out[56 + i] = (unsigned char)(bits >> 8 * (big_endian ? 7 - i : i));
    return 1;
}

static void digest_md5(const unsigned char *text, size_t length, unsigned char out[16])
{
    static const int turns[4][4] = {
        {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    static uint32_t sines[DIGEST_STEPS];
    uint32_t state[4] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u};
    unsigned char bytes[DIGEST_BLOCK];
    size_t block;
    int i;
    if (sines[0] == 0)
        for (i = 63; i >= 0; i--)
            sines[i] = (uint32_t)(long long)floor(fabs(sin(i + 1.0)) * 4294967296.0);
    for (block = 0; digest_block(text, length, block, 0, bytes); block++) {
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
        for (i = 0; i < 64; i++) {
            int round = i / 16, at = i;
            uint32_t mixed, word, next;
            if (round == 0) {
                mixed = (b & c) | (~b & d);
            } else if (round == 1) {
                mixed = (d & b) | (~d & c);
                at = 5 * i + 1;
            } else if (round == 2) {
                mixed = b ^ c ^ d;
                at = 3 * i + 5;
            } else {
                mixed = c ^ (b | ~d);
                at = 7 * i;
            }
            at = at % 16 * 4;
            word = bytes[at] | (uint32_t)bytes[at + 1] << 8
                | (uint32_t)bytes[at + 2] << 16 | (uint32_t)bytes[at + 3] << 24;
            next = b + rotated(a + mixed + word + sines[i], turns[round][i % 4]);
            a = d;
            d = c;
            c = b;
            b = next;
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
    }
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
