/* What a balancing method from outside is (docs/balancing.md, "A method of your own").
 *
 * A method looks at the members that may serve, and names one of them. It gets copies
 * of what is known of them: nothing that it writes there reaches anybody. It is called
 * within the path of a request, so it must not wait, ask the clock, call the system or
 * touch Python; time and randomness are handed to it.
 *
 * A version of this interface never changes. What is added later stands behind what is
 * there, and `size` says how much of it there is. */

#ifndef FASTLB_LBMETHOD_H
#define FASTLB_LBMETHOD_H

#include <stdint.h>

#define FASTLB_LBMETHOD_ABI 1
#define FASTLB_LBMETHOD_CAPSULE "fastlb.lbmethod"

/* What a method needs beside the members: times to an answer; the key of the request
 * (hashkey=). */
#define FASTLB_NEEDS_TIMES 1
#define FASTLB_NEEDS_KEY 2

/* A member that may serve. */
typedef struct fastlb_candidate {
    uint64_t name;          /* hash of balancer and URL: the same on every server */
    int64_t load_factor;    /* x 100, at least 1; as slowstart= and agents leave it */
    int64_t busy;           /* requests under way, of all workers */
    uint64_t elected;       /* requests ever */
    uint64_t sent;          /* bytes to it, and from it */
    uint64_t received;
    int64_t response_ns;    /* time to an answer, lately; 0: not known, or not asked for */
    int64_t answered_us;    /* when that was, by the clock of now_us */
} fastlb_candidate;

typedef struct fastlb_election {
    uint32_t size;          /* of this struct */
    uint32_t count;         /* of candidates, at least 1 */
    const fastlb_candidate *candidates;     /* as configured, hot spares behind */
    int64_t now_us;         /* a clock that only goes forward */
    uint64_t random;        /* every bit drawn anew for this election */
    uint64_t key;           /* of the request; 0: it has none */
} fastlb_election;

/* Who serves, 0 to count - 1. Of any other number bychoice elects. */
typedef int32_t (*fastlb_choose)(const fastlb_election *election);
/* By what a candidate is compared, for fastlb explain. */
typedef int64_t (*fastlb_score)(const fastlb_election *election, uint32_t candidate);

typedef struct fastlb_lbmethod {
    uint32_t abi;           /* FASTLB_LBMETHOD_ABI */
    uint32_t size;          /* sizeof(fastlb_lbmethod) */
    uint32_t needs;         /* FASTLB_NEEDS_* */
    uint32_t reserved;      /* 0 */
    fastlb_choose choose;
    fastlb_score score;     /* may be NULL */
    const char *rule;       /* who is elected, in words: "the one with the fewest" */
} fastlb_lbmethod;

#endif
