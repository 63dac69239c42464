/* MD5 and SHA-1 of short texts: for the functions md5() and sha1() of expressions, where
 * they are names for cookies and caches, and for AuthType Digest, which knows MD5 alone
 * (RFC 7616).
 *
 * One block at a time; `length` bytes of text are followed by a one bit, zeros, and the
 * length in bits (RFC 1321 3.1, RFC 3174 4), which md5_end and digest_block lay out.
 */
#ifndef FASTLB_DIGEST_H
#define FASTLB_DIGEST_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DIGEST_BLOCK 64     /* bytes */
#define MD5_WORDS 16
#define SHA1_WORDS 80
#define SHA1_STATE 5

static inline uint32_t rotated(uint32_t word, int bits)
{
    return word << bits | word >> (32 - bits);
}

/* Block number `block` of a padded text of SHA-1; returns 0 behind the last. */
static int digest_block(const unsigned char *text, size_t length, size_t block,
                        unsigned char out[DIGEST_BLOCK])
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
            out[56 + i] = (unsigned char)(bits >> 8 * (7 - i));
    return 1;
}

/* First blocks and what they come to. Of a login by Digest two of four blocks are those
 * of the login before it: who it is with its nonce, and the target. */
#define MD5_KNOWN_BITS 8

struct md5_known {
    unsigned char block[DIGEST_BLOCK];
    uint32_t state[4];
    int is_there;
};

/* The MD5 of what is added piece by piece: nothing is put together for it. */
struct md5_run {
    uint32_t state[4];
    unsigned char block[DIGEST_BLOCK];  /* what is left of length is in it */
    size_t length;
    struct md5_known *known;    /* 1 << MD5_KNOWN_BITS, or NULL: none is remembered */
};

/* RFC 1321 3.4. Of the four words of the state the newest, x, is ready last: all that
 * can be added without it is added before. */
#define MD5_F(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define MD5_G(x, y, z) (((y) & ~(z)) + ((x) & (z)))
#define MD5_H(x, y, z) ((x) ^ ((y) ^ (z)))
#define MD5_I(x, y, z) ((y) ^ ((x) | ~(z)))
#define MD5_STEP(mixed, a, b, c, d, at, turn, sine) \
    a += words[at] + sine; \
    a += mixed(b, c, d); \
    a = b + rotated(a, turn);
#define MD5_FOUR(mixed, i0, i1, i2, i3, t0, t1, t2, t3, s0, s1, s2, s3) \
    MD5_STEP(mixed, a, b, c, d, i0, t0, s0) \
    MD5_STEP(mixed, d, a, b, c, i1, t1, s1) \
    MD5_STEP(mixed, c, d, a, b, i2, t2, s2) \
    MD5_STEP(mixed, b, c, d, a, i3, t3, s3)

static void md5_mix(uint32_t state[4], const unsigned char bytes[DIGEST_BLOCK])
{
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t words[MD5_WORDS];
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(words, bytes, sizeof(words));
#else
    int i;
    for (i = 0; i < MD5_WORDS; i++)
        words[i] = bytes[4 * i] | (uint32_t)bytes[4 * i + 1] << 8
            | (uint32_t)bytes[4 * i + 2] << 16 | (uint32_t)bytes[4 * i + 3] << 24;
#endif
    /* the words of four steps, their turns, and |sin(n)| * 2^32 of each */
    MD5_FOUR(MD5_F, 0, 1, 2, 3, 7, 12, 17, 22,
             0xd76aa478u, 0xe8c7b756u, 0x242070dbu, 0xc1bdceeeu)
    MD5_FOUR(MD5_F, 4, 5, 6, 7, 7, 12, 17, 22,
             0xf57c0fafu, 0x4787c62au, 0xa8304613u, 0xfd469501u)
    MD5_FOUR(MD5_F, 8, 9, 10, 11, 7, 12, 17, 22,
             0x698098d8u, 0x8b44f7afu, 0xffff5bb1u, 0x895cd7beu)
    MD5_FOUR(MD5_F, 12, 13, 14, 15, 7, 12, 17, 22,
             0x6b901122u, 0xfd987193u, 0xa679438eu, 0x49b40821u)
    MD5_FOUR(MD5_G, 1, 6, 11, 0, 5, 9, 14, 20,
             0xf61e2562u, 0xc040b340u, 0x265e5a51u, 0xe9b6c7aau)
    MD5_FOUR(MD5_G, 5, 10, 15, 4, 5, 9, 14, 20,
             0xd62f105du, 0x02441453u, 0xd8a1e681u, 0xe7d3fbc8u)
    MD5_FOUR(MD5_G, 9, 14, 3, 8, 5, 9, 14, 20,
             0x21e1cde6u, 0xc33707d6u, 0xf4d50d87u, 0x455a14edu)
    MD5_FOUR(MD5_G, 13, 2, 7, 12, 5, 9, 14, 20,
             0xa9e3e905u, 0xfcefa3f8u, 0x676f02d9u, 0x8d2a4c8au)
    MD5_FOUR(MD5_H, 5, 8, 11, 14, 4, 11, 16, 23,
             0xfffa3942u, 0x8771f681u, 0x6d9d6122u, 0xfde5380cu)
    MD5_FOUR(MD5_H, 1, 4, 7, 10, 4, 11, 16, 23,
             0xa4beea44u, 0x4bdecfa9u, 0xf6bb4b60u, 0xbebfbc70u)
    MD5_FOUR(MD5_H, 13, 0, 3, 6, 4, 11, 16, 23,
             0x289b7ec6u, 0xeaa127fau, 0xd4ef3085u, 0x04881d05u)
    MD5_FOUR(MD5_H, 9, 12, 15, 2, 4, 11, 16, 23,
             0xd9d4d039u, 0xe6db99e5u, 0x1fa27cf8u, 0xc4ac5665u)
    MD5_FOUR(MD5_I, 0, 7, 14, 5, 6, 10, 15, 21,
             0xf4292244u, 0x432aff97u, 0xab9423a7u, 0xfc93a039u)
    MD5_FOUR(MD5_I, 12, 3, 10, 1, 6, 10, 15, 21,
             0x655b59c3u, 0x8f0ccc92u, 0xffeff47du, 0x85845dd1u)
    MD5_FOUR(MD5_I, 8, 15, 6, 13, 6, 10, 15, 21,
             0x6fa87e4fu, 0xfe2ce6e0u, 0xa3014314u, 0x4e0811a1u)
    MD5_FOUR(MD5_I, 4, 11, 2, 9, 6, 10, 15, 21,
             0xf7537e82u, 0xbd3af235u, 0x2ad7d2bbu, 0xeb86d391u)
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

/* One place for each: what was there before is forgotten. */
static void md5_mix_first(struct md5_known *known, uint32_t state[4],
                          const unsigned char bytes[DIGEST_BLOCK])
{
    uint64_t sum = 0, word;
    int i;
    for (i = 0; i < DIGEST_BLOCK; i += 8) {
        memcpy(&word, bytes + i, 8);
        sum = (sum ^ word) * 0x9e3779b97f4a7c15u;   /* 2^64 by the golden ratio */
    }
    known += sum >> (64 - MD5_KNOWN_BITS);
    if (!known->is_there || memcmp(known->block, bytes, DIGEST_BLOCK) != 0) {
        md5_mix(state, bytes);
        memcpy(known->block, bytes, sizeof(known->block));
        memcpy(known->state, state, sizeof(known->state));
        known->is_there = 1;
    }
    memcpy(state, known->state, sizeof(known->state));
}

/* The block is full; `first`: none was before it. */
static inline void md5_mix_block(struct md5_run *run, int first)
{
    if (first && run->known)
        md5_mix_first(run->known, run->state, run->block);
    else
        md5_mix(run->state, run->block);
}

/* known: all zeros before their first use */
static void md5_begin(struct md5_run *run, struct md5_known *known)
{
    run->known = known;
    run->state[0] = 0x67452301u;
    run->state[1] = 0xefcdab89u;
    run->state[2] = 0x98badcfeu;
    run->state[3] = 0x10325476u;
    run->length = 0;
}

static inline void md5_add(struct md5_run *run, const void *data, size_t length)
{
    const unsigned char *text = data;
    size_t held = run->length % DIGEST_BLOCK, part;
    run->length += length;
    while (length) {
        part = DIGEST_BLOCK - held < length ? DIGEST_BLOCK - held : length;
        memcpy(run->block + held, text, part);
        text += part;
        length -= part;
        held += part;
        if (held == DIGEST_BLOCK) {
            md5_mix_block(run, run->length - length == DIGEST_BLOCK);
            held = 0;
        }
    }
}

/* A letter: what stands between the parts of a login. */
static inline void md5_add_letter(struct md5_run *run, unsigned char letter)
{
    run->block[run->length++ % DIGEST_BLOCK] = letter;
    if (run->length % DIGEST_BLOCK == 0)
        md5_mix_block(run, run->length == DIGEST_BLOCK);
}

static void md5_end(struct md5_run *run, unsigned char out[16])
{
    size_t held = run->length % DIGEST_BLOCK;
    uint64_t bits = (uint64_t)run->length * 8;
    int first = run->length < DIGEST_BLOCK;
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    int i;
#endif
    run->block[held++] = 0x80;
    if (held > DIGEST_BLOCK - 8) {
        memset(run->block + held, 0, DIGEST_BLOCK - held);
        md5_mix_block(run, first);
        held = 0;
        first = 0;
    }
    memset(run->block + held, 0, DIGEST_BLOCK - 8 - held);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(run->block + DIGEST_BLOCK - 8, &bits, sizeof(bits));
    md5_mix_block(run, first);
    memcpy(out, run->state, sizeof(run->state));
#else
    for (i = 0; i < 8; i++)
        run->block[DIGEST_BLOCK - 8 + i] = (unsigned char)(bits >> 8 * i);
    md5_mix_block(run, first);
    for (i = 0; i < 16; i++)
        out[i] = (unsigned char)(run->state[i / 4] >> 8 * (i % 4));
#endif
}

static void digest_md5(const unsigned char *text, size_t length, unsigned char out[16])
{
    struct md5_run run;
    md5_begin(&run, NULL);
    md5_add(&run, text, length);
    md5_end(&run, out);
}

static void digest_sha1(const unsigned char *text, size_t length, unsigned char out[20])
{
    uint32_t state[SHA1_STATE] = {
        0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};
    unsigned char bytes[DIGEST_BLOCK];
    uint32_t words[SHA1_WORDS];
    size_t block;
    int i;
    for (block = 0; digest_block(text, length, block, bytes); block++) {
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
